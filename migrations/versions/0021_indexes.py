"""indexes for what receipts ask of held payments, and members of their deposits"""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade():
    op.create_index("ix_payments_held", "payments", ["order_id"], postgresql_where="state = 'held'")
    op.create_index("ix_deposits_holder_id_id", "deposits", ["holder_id", "id"])


def downgrade():
    op.drop_index("ix_deposits_holder_id_id", "deposits")
    op.drop_index("ix_payments_held", "payments")
