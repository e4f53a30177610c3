"""the orders in which admins read what is decided, and who had an address before"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade():
    decided = [sa.text("coalesce(decided_at, requested_at) DESC"), sa.text("id DESC")]
    op.create_index("ix_withdrawals_decided", "withdrawals", decided, postgresql_where=sa.text("state NOT IN ('checking', 'in review')"))
    over = [sa.text("ended_at DESC"), sa.text("id DESC")]
    op.create_index("ix_payouts_closed", "payouts", over, postgresql_where=sa.text("state NOT IN ('in review', 'approved', 'exported')"))
    op.create_index("ix_linked_wallets_address", "linked_wallets", [sa.text("lower(address)")])


def downgrade():
    op.drop_index("ix_linked_wallets_address", "linked_wallets")
    op.drop_index("ix_payouts_closed", "payouts")
    op.drop_index("ix_withdrawals_decided", "withdrawals")
