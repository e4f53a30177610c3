"""mail chosen by kind of notice, not by group of kinds"""

from alembic import op

revision = "0022"
down_revision = "0021"

# What went out by mail with its group. The other kinds never did, and stay off until their member chooses them.
KINDS = {
    "wallet": ("withdrawal in review", "withdrawal rejected", "withdrawal sent", "withdrawal given back", "deposit credited"),
    "orders": ("order refunded", "order disputed"),
    "teaching": (
        *("sale waiting", "sale refunded", "sale disputed", "application approved", "application returned"),
        *("course approved", "course returned", "coupon used up", "payout rejected", "payout paid"),
    ),
    "rewards": ("teo matured", "stake released"),
    "rules": ("rulebook announced",),
}
_PAIRS = ", ".join(f"('{group}', '{kind}')" for group, kinds in KINDS.items() for kind in kinds)


def upgrade():
    op.alter_column("notice_preferences", "group_name", new_column_name="kind")
    _replace("SELECT user_id, of.kind, is_mailed FROM chosen JOIN of ON of.group_name = chosen.kind")


def downgrade():
    """Of a group some of whose kinds are wanted all are: rather a mail too many than one missed."""
    _replace("SELECT user_id, of.group_name, bool_or(is_mailed) FROM chosen JOIN of USING (kind) GROUP BY user_id, of.group_name")
    op.alter_column("notice_preferences", "kind", new_column_name="group_name")


def _replace(rows):
    """All rows by those selected from `chosen`, what there was, and `of`, the group of each kind."""
    sources = f"of (group_name, kind) AS (VALUES {_PAIRS}), chosen AS (DELETE FROM notice_preferences RETURNING *)"
    op.execute(f"WITH {sources} INSERT INTO notice_preferences (user_id, kind, is_mailed) {rows}")
