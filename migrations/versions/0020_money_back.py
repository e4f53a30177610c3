"""disputes told before their payment; refunds made by hand; certificates revoked"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0020"
down_revision = "0019"


def upgrade():
    op.add_column("disputes", sa.Column("payment_reference", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE disputes SET payment_reference = payments.reference FROM payments WHERE payments.id = disputes.payment_id")
    op.alter_column("disputes", "payment_reference", server_default=None)
    op.create_index("ix_disputes_early", "disputes", ["payment_reference"], postgresql_where="payment_id IS NULL")
    op.create_table(
        "refunds_by_hand",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_by_hand_amount")),
        sa.CheckConstraint("state IN ('told', 'borne', 'settled', 'failed')", name=op.f("ck_refunds_by_hand_state")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_by_hand_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds_by_hand")),
        sa.UniqueConstraint("payment_id", "reference", name=op.f("uq_refunds_by_hand_payment_id_reference")),
    )
    _revocations()


def _revocations():
    op.add_column("certificates", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("certificates", sa.Column("revocation_id", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_certificates_revocation_id"), "certificates", "operations", ["revocation_id"], ["id"])
    op.create_index(op.f("ix_certificates_revocation_id"), "certificates", ["revocation_id"])
    op.create_index("ix_certificates_revoked", "certificates", ["id"], postgresql_where="revoked_at IS NOT NULL AND revocation_id IS NULL")
    op.drop_index("ix_certificates_waiting", "certificates")
    op.create_index("ix_certificates_waiting", "certificates", ["id"], postgresql_where="operation_id IS NULL AND revoked_at IS NULL")
    op.drop_constraint("uq_certificates_holder_id_course_id", "certificates")
    valid = "revoked_at IS NULL"
    op.create_index("uq_certificates_holder_id_course_id", "certificates", ["holder_id", "course_id"], unique=True, postgresql_where=valid)
    _number_operations("'root', 'certificates', 'revocation'")


def _number_operations(kinds):
    """Each number is given out once in the token; of these kinds in other contracts."""
    op.drop_index("uq_operations_token_op", "operations")
    op.create_index("uq_operations_token_op", "operations", ["deployment_id", "op"], unique=True, postgresql_where=f"kind NOT IN ({kinds})")


def downgrade():
    _refuse_what_the_older_code_cannot_read()
    _number_operations("'root', 'certificates'")
    op.drop_index("uq_certificates_holder_id_course_id", "certificates")
    op.create_unique_constraint("uq_certificates_holder_id_course_id", "certificates", ["holder_id", "course_id"])
    op.drop_index("ix_certificates_waiting", "certificates")
    op.create_index("ix_certificates_waiting", "certificates", ["id"], postgresql_where="operation_id IS NULL")
    op.drop_index("ix_certificates_revoked", "certificates")
    op.drop_column("certificates", "revocation_id")
    op.drop_column("certificates", "revoked_at")
    op.drop_table("refunds_by_hand")
    op.drop_index("ix_disputes_early", "disputes")
    op.drop_column("disputes", "payment_reference")


def _refuse_what_the_older_code_cannot_read():
    """CommandError: to the older version a revoked certificate would be a valid one."""
    found = sa.text("SELECT EXISTS (SELECT FROM certificates WHERE revoked_at IS NOT NULL) OR EXISTS (SELECT FROM operations WHERE kind = 'revocation')")
    if op.get_bind().scalar(found):
        raise CommandError("There are certificates that were revoked, which the older version would take for valid. Nothing was taken back.")
