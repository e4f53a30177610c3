"""the orders in which admins read the open cases"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

IN_REVIEW = sa.text("state = 'in review'")


def upgrade():
    op.create_index("ix_withdrawals_review_amount", "withdrawals", [sa.text("amount DESC"), "id"], postgresql_where=IN_REVIEW)
    op.create_index("ix_withdrawals_review_risk", "withdrawals", [sa.text("risk DESC"), "id"], postgresql_where=IN_REVIEW)


def downgrade():
    op.drop_index("ix_withdrawals_review_risk", "withdrawals")
    op.drop_index("ix_withdrawals_review_amount", "withdrawals")
