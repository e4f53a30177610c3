"""a contract may have several bids for its creation, and lose its nonce"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    op.create_table(
        "creations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("tx_hash", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_creations_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creations")),
        sa.UniqueConstraint("tx_hash", name=op.f("uq_creations_tx_hash")),
    )
    op.create_index(op.f("ix_creations_contract_id"), "creations", ["contract_id"])
    op.execute(
        "INSERT INTO creations (contract_id, nonce, raw, tx_hash, signed_at) "
        "SELECT c.id, c.nonce, c.raw, c.tx_hash, d.deployed_at FROM contracts c JOIN deployments d ON d.id = c.deployment_id ORDER BY c.id"
    )
    for column in ("raw", "tx_hash"):
        op.drop_column("contracts", column)


def downgrade():
    for column in (sa.Column("raw", sa.LargeBinary()), sa.Column("tx_hash", sa.String())):
        op.add_column("contracts", column)
    op.execute(
        "UPDATE contracts c SET raw = b.raw, tx_hash = b.tx_hash FROM creations b "
        "WHERE b.id = (SELECT max(id) FROM creations WHERE contract_id = c.id AND nonce = c.nonce)"
    )
    for column in ("raw", "tx_hash"):
        op.alter_column("contracts", column, nullable=False)
    op.drop_table("creations")
