"""what the code believes of amounts, ends and owners, said to the database; operations of a kind are found by when they were mined, notices by when they were read"""

from alembic import op

revision = "0041"
down_revision = "0040"

CHECKS = (
    ("users", "new_email", "new_email = lower(new_email)"),
    ("applications", "ended", "(ended_at IS NULL) = (state IN ('waiting', 'returned'))"),
    ("incidents", "closed", "closed_by_id IS NULL OR closed_at IS NOT NULL"),
    ("orders", "paid", "state <> 'paid' OR paid_at IS NOT NULL"),
    ("orders", "frozen", "level_bp >= 0 AND vat_bp >= 0 AND reward_bp >= 0 AND reserved >= 0 AND splits >= 0 AND bonus >= 0"),
    ("payments", "applied", "state <> 'applied' OR order_id IS NOT NULL"),
    ("refunds", "tries", "tries >= 0"),
    ("disputes", "amounts", "amount >= 0 AND fee >= 0"),
    ("rulebook_drafts", "ended", "(ended_at IS NULL) = (state IN ('draft', 'proposed'))"),
    ("backtests", "days_done", "days_done BETWEEN 0 AND days"),
    ("enrolments", "amounts", "paid >= 0 AND done >= 0"),
    ("peer_reviews", "reward", "reward >= 0"),
    ("accounts", "holder", "asset = 'TEO' OR holder_id IS NULL"),
    ("transfers", "asset", "asset IN ('TEO', 'EUR')"),
    ("withdrawals", "counts", "risk >= 0 AND recent >= 0 AND approvals_needed >= 0"),
    ("payouts", "ended", "ended_at IS NULL OR state NOT IN ('in review', 'approved', 'exported')"),
)


def upgrade():
    for table, name, condition in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    op.create_index("ix_operations_kind_mined_at", "operations", ["kind", "mined_at"])
    op.create_index("ix_notices_read_at", "notices", ["read_at"], postgresql_where="read_at IS NOT NULL")


def downgrade():
    op.drop_index("ix_notices_read_at", "notices")
    op.drop_index("ix_operations_kind_mined_at", "operations")
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
