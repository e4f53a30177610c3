"""every transfer has its evidence, a withdrawal and a payout the rules of their day; an address waits by those of the day its wait began"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


OF_THE_DAY = "SELECT number FROM rulebook_versions WHERE in_force_from <= requested_at ORDER BY in_force_from DESC, number DESC LIMIT 1"


def upgrade():
    op.execute("UPDATE transfers SET evidence = jsonb_build_object('key', key) WHERE jsonb_typeof(evidence) <> 'object' OR evidence = '{}'")  # its key says what it was of
    op.create_check_constraint(op.f("ck_transfers_evidence"), "transfers", "jsonb_typeof(evidence) = 'object' AND evidence <> '{}'")
    op.drop_column("linked_wallets", "usable_at")
    for table in ("withdrawals", "payouts"):
        op.add_column(table, sa.Column("rule_version", sa.Integer()))
        op.execute(f"UPDATE {table} SET rule_version = ({OF_THE_DAY})")
        op.alter_column(table, "rule_version", nullable=False)
        op.create_foreign_key(op.f(f"fk_{table}_rule_version"), table, "rulebook_versions", ["rule_version"], ["number"])
    _bound(reward_bp=10_000, discount_bp=10_000)  # how far a teacher may go is for the rulebook to say


def _bound(**most):
    for column, value in most.items():
        op.drop_constraint(op.f(f"ck_courses_{column}"), "courses", type_="check")
        op.create_check_constraint(op.f(f"ck_courses_{column}"), "courses", f"{column} BETWEEN 0 AND {value}")


def downgrade():
    op.execute("UPDATE courses SET reward_bp = least(reward_bp, 200), discount_bp = least(discount_bp, 1500)")
    _bound(reward_bp=200, discount_bp=1500)
    for table in ("payouts", "withdrawals"):
        op.drop_column(table, "rule_version")
    op.drop_constraint(op.f("ck_transfers_evidence"), "transfers", type_="check")
    op.add_column("linked_wallets", sa.Column("usable_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE linked_wallets SET usable_at = linked_at + interval '24 hours'")
    op.alter_column("linked_wallets", "usable_at", nullable=False)
