"""an index for what an order's receipt asks of payments that paid nothing, sent back or not"""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade():
    op.drop_index("ix_payments_held", "payments")
    op.create_index("ix_payments_unapplied", "payments", ["order_id"], postgresql_where="state <> 'applied'")


def downgrade():
    op.drop_index("ix_payments_unapplied", "payments")
    op.create_index("ix_payments_held", "payments", ["order_id"], postgresql_where="state = 'held'")
