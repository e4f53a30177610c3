"""invoices and credit notes, numbered without a gap"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"


def upgrade():
    op.add_column("orders", sa.Column("vat_bp", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("orders", "vat_bp", server_default=None)
    op.execute("UPDATE orders SET vat_bp = round(vat * 10000.0 / (price - discount)) WHERE vat > 0")
    op.create_table(
        "paper_series",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_paper_series")),
    )
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('invoice', 'credit note')", name=op.f("ck_invoices_kind")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_invoices_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
        sa.UniqueConstraint("order_id", "kind", name=op.f("uq_invoices_order_id_kind")),
    )


def downgrade():
    op.drop_table("invoices")
    op.drop_table("paper_series")
    op.drop_column("orders", "vat_bp")
