"""payouts in files for the bank, and those it sends back"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0029"
down_revision = "0028"

Moment = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "bank_files",
        _number("id"),
        *_words("key", "message_id"),
        _number("by_id"),
        sa.Column("exported_at", Moment, nullable=False),
        *_words("payer_iban"),
        _number("count"),
        sa.Column("total", sa.BigInteger(), nullable=False),
        *_words("sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_bank_files_count")),
        sa.CheckConstraint("total > 0", name=op.f("ck_bank_files_total")),
        sa.CheckConstraint("sha256 = encode(sha256(content), 'hex')", name=op.f("ck_bank_files_sha256")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_bank_files_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_files")),
        sa.UniqueConstraint("key", name=op.f("uq_bank_files_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_bank_files_message_id")),
    )
    op.create_table(
        "bank_file_lines",
        sa.Column("payout_id", sa.Integer(), autoincrement=False, nullable=False),
        _number("file_id"),
        *_words("end_to_end_id", "name", "iban"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_bank_file_lines_amount")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_bank_file_lines_payout_id")),
        sa.ForeignKeyConstraint(["file_id"], ["bank_files.id"], name=op.f("fk_bank_file_lines_file_id")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_bank_file_lines")),
        sa.UniqueConstraint("end_to_end_id", name=op.f("uq_bank_file_lines_end_to_end_id")),
    )
    op.create_index(op.f("ix_bank_file_lines_file_id"), "bank_file_lines", ["file_id"])
    _states(
        ("in review", "approved", "exported", "paid", "rejected", "cancelled", "returned"),
        "CASE state WHEN 'paid' THEN bank_reference IS NOT NULL WHEN 'returned' THEN true ELSE bank_reference IS NULL END",
        ("approved", "rejected", "paid", "returned"),
        ("in review", "approved", "exported"),
    )


def downgrade():
    """CommandError where the bank has sent one back, or has one: nothing of before says so."""
    _refuse_what_the_older_code_cannot_read()
    _states(
        ("in review", "approved", "paid", "rejected", "cancelled"),
        "(state = 'paid') = (bank_reference IS NOT NULL)",
        ("approved", "rejected", "paid"),
        ("in review", "approved"),
    )
    op.drop_table("bank_file_lines")
    op.drop_table("bank_files")


def _refuse_what_the_older_code_cannot_read():
    known = "state NOT IN ('exported', 'returned')"
    if op.get_bind().scalar(sa.text(f"SELECT EXISTS (SELECT FROM payouts WHERE NOT {known}) OR EXISTS (SELECT FROM payout_decisions WHERE verdict = 'returned')")):
        raise CommandError("There are payouts that the bank has or sent back, which the older version does not know. Nothing was taken back.")


def _states(states, reference, verdicts, opened):
    op.drop_index("ix_payouts_open", "payouts")
    for table, name, condition in (
        ("payouts", "ck_payouts_state", f"state IN {states}"),
        ("payouts", "ck_payouts_bank_reference", reference),
        ("payout_decisions", "ck_payout_decisions_verdict", f"verdict IN {verdicts}"),
    ):
        op.drop_constraint(op.f(name), table)
        op.create_check_constraint(op.f(name), table, condition)
    op.create_index("ix_payouts_open", "payouts", ["id"], postgresql_where=f"state IN {opened}")


def _number(name):
    return sa.Column(name, sa.Integer(), nullable=False)


def _words(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]
