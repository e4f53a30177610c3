"""withdrawals an admin holds, with a reason for the member and a note for the admins"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade():
    op.add_column("withdrawals", sa.Column("held_at", sa.DateTime(timezone=True)))
    op.add_column("withdrawals", sa.Column("hold_reason", sa.String()))
    op.add_column("withdrawals", sa.Column("hold_note", sa.String()))
    op.create_check_constraint("hold", "withdrawals", "(held_at IS NULL) = (hold_reason IS NULL)")


def downgrade():
    for column in ("held_at", "hold_reason", "hold_note"):
        op.drop_column("withdrawals", column)
