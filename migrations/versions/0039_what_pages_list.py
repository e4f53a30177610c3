"""what admins list, count and look for by a word, found by an index at any size; pg_trgm finds a word anywhere in a name"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

COLUMNS = {
    "ix_users_role": ("users", ["role", "id"]),
    "ix_operations_state_kind": ("operations", ["state", "kind"]),
    "ix_audit_log_at": ("audit_log", ["at", "number"]),
    "ix_refunds_state": ("refunds", ["state", "id"]),
    "ix_disputes_state": ("disputes", ["state", "id"]),
    "ix_payments_reference": ("payments", ["reference"]),
    "ix_orders_state": ("orders", ["state", "id"]),
    "ix_orders_teacher_id": ("orders", ["teacher_id", "id"]),
}
OTHERS = {
    "ix_users_suspended": ("users", ["id"], {"postgresql_where": sa.text("suspended_at IS NOT NULL")}),
    "ix_users_email_word": ("users", ["email"], {"postgresql_using": "gin", "postgresql_ops": {"email": "gin_trgm_ops"}}),
    "ix_users_name_word": ("users", ["name"], {"postgresql_using": "gin", "postgresql_ops": {"name": "gin_trgm_ops"}}),
    "ix_courses_waiting": ("courses", ["submitted_at", "id"], {"postgresql_where": sa.text("state = 'submitted'")}),
    "ix_incidents_closed": ("incidents", ["closed_at", "id"], {"postgresql_where": sa.text("closed_at IS NOT NULL")}),
    "ix_disputes_listed": ("disputes", [sa.text("(state <> 'open')"), sa.text("(CASE WHEN state = 'open' THEN answer_by END)"), sa.text("id DESC")], {}),
}


def upgrade():
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for name, (table, columns) in COLUMNS.items():
        op.create_index(name, table, columns)
    for name, (table, columns, facts) in OTHERS.items():
        op.create_index(name, table, columns, **facts)


def downgrade():
    """The extension stays: who runs the database may use it for more."""
    for name, (table, *_) in (COLUMNS | OTHERS).items():
        op.drop_index(name, table)
