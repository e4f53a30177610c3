"""files, applications to teach, where euros are paid to, and payouts"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

Moment = sa.DateTime(timezone=True)


def upgrade():
    _files()
    _applications()
    _application_parts()
    _payout_details()
    _payouts()
    _payout_decisions()


def downgrade():
    for name in ("payout_decisions", "payouts", "payout_details", "application_decisions", "application_documents", "applications", "files"):
        op.drop_table(name)


def _files():
    op.create_table(
        "files",
        _number("id"),
        _number("owner_id"),
        *_words("place", "name", "media_type"),
        _number("size"),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", Moment, nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_files_size")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_files_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
        sa.UniqueConstraint("place", name=op.f("uq_files_place")),
    )
    op.create_index(op.f("ix_files_owner_id"), "files", ["owner_id"])


def _applications():
    op.create_table(
        "applications",
        _number("id"),
        _number("user_id"),
        *_words("subject", "experience", "link", "state"),
        _number("edition"),
        *_words("reason"),
        sa.Column("sent_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.CheckConstraint("state IN ('waiting', 'returned', 'approved', 'taken back')", name=op.f("ck_applications_state")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_applications_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
    )
    op.create_index("uq_applications_open", "applications", ["user_id"], unique=True, postgresql_where="state IN ('waiting', 'returned')")
    op.create_index("ix_applications_waiting", "applications", ["sent_at"], postgresql_where="state = 'waiting'")
    op.create_index("ix_applications_user_id_id", "applications", ["user_id", "id"])


def _application_parts():
    op.create_table(
        "application_documents",
        _number("file_id"),
        _number("application_id"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_application_documents_file_id")),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_application_documents_application_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_application_documents")),
    )
    op.create_index(op.f("ix_application_documents_application_id"), "application_documents", ["application_id"])
    op.create_table(
        "application_decisions",
        _number("id"),
        _number("application_id"),
        _number("by_id"),
        _number("edition"),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        *_words("reason"),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_application_decisions_application_id")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_application_decisions_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_decisions")),
    )
    op.create_index(op.f("ix_application_decisions_application_id"), "application_decisions", ["application_id"])


def _payout_details():
    op.create_table(
        "payout_details",
        _number("id"),
        _number("user_id"),
        *_words("legal_name", "street", "postal_code", "city", "country", "tax_id", "iban"),
        sa.Column("entered_at", Moment, nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_payout_details_country")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_payout_details_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_details")),
    )
    op.create_index("ix_payout_details_user_id_id", "payout_details", ["user_id", "id"])


def _payouts():
    op.create_table(
        "payouts",
        _number("id"),
        *_words("key"),
        _number("user_id"),
        _number("details_id"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        _number("admins"),
        *_words("state", "reason"),
        sa.Column("bank_reference", sa.String()),
        sa.Column("requested_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payouts_amount")),
        sa.CheckConstraint("admins > 0", name=op.f("ck_payouts_admins")),
        sa.CheckConstraint("state IN ('in review', 'approved', 'paid', 'rejected', 'cancelled')", name=op.f("ck_payouts_state")),
        sa.CheckConstraint("(state = 'paid') = (bank_reference IS NOT NULL)", name=op.f("ck_payouts_bank_reference")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_payouts_user_id")),
        sa.ForeignKeyConstraint(["details_id"], ["payout_details.id"], name=op.f("fk_payouts_details_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("key", name=op.f("uq_payouts_key")),
    )
    op.create_index(op.f("ix_payouts_details_id"), "payouts", ["details_id"])
    op.create_index("ix_payouts_open", "payouts", ["id"], postgresql_where="state IN ('in review', 'approved')")
    op.create_index("ix_payouts_user_id_id", "payouts", ["user_id", "id"])


def _payout_decisions():
    op.create_table(
        "payout_decisions",
        _number("id"),
        _number("payout_id"),
        _number("by_id"),
        *_words("verdict"),
        sa.Column("at", Moment, nullable=False),
        sa.CheckConstraint("verdict IN ('approved', 'rejected', 'paid')", name=op.f("ck_payout_decisions_verdict")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_payout_decisions_payout_id")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_payout_decisions_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_decisions")),
        sa.UniqueConstraint("payout_id", "by_id", "verdict", name=op.f("uq_payout_decisions_payout_id_by_id_verdict")),
    )


def _number(name):
    return sa.Column(name, sa.Integer(), nullable=False)


def _words(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]
