"""a deployment has several contracts"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade():
    op.create_table(
        "contracts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("tx_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployments.id"], name=op.f("fk_contracts_deployment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("deployment_id", "name", name=op.f("uq_contracts_deployment_id_name")),
    )
    op.execute(
        "INSERT INTO contracts (deployment_id, name, address, nonce, raw, tx_hash) "
        "SELECT id, 'TeoCoin', token_address, nonce, raw, tx_hash FROM deployments"
    )
    for column in ("token_address", "nonce", "raw", "tx_hash"):
        op.drop_column("deployments", column)


def downgrade():
    for column in (sa.Column("token_address", sa.String()), sa.Column("nonce", sa.BigInteger()), sa.Column("raw", sa.LargeBinary()), sa.Column("tx_hash", sa.String())):
        op.add_column("deployments", column)
    op.execute(
        "UPDATE deployments d SET token_address = c.address, nonce = c.nonce, raw = c.raw, tx_hash = c.tx_hash "
        "FROM contracts c WHERE c.deployment_id = d.id AND c.name = 'TeoCoin'"
    )
    op.drop_table("contracts")
