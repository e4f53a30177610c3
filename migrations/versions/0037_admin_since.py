"""since when an admin is one"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


# Of who is an admin the log knows when he was made one the last time; of whom the operators named it names nobody who did.
MADE = """
    UPDATE users SET admin_since = made.at
    FROM (SELECT DISTINCT ON (subject) subject, at, by_id FROM audit_log
          WHERE action = 'role changed' AND details ->> 'after' = 'admin' AND number IS NOT NULL ORDER BY subject, number DESC) made
    WHERE users.role = 'admin' AND made.subject = 'member ' || users.id AND made.by_id IS NOT NULL"""


def upgrade():
    op.add_column("users", sa.Column("admin_since", sa.DateTime(timezone=True)))
    op.execute(MADE)


def downgrade():
    op.drop_column("users", "admin_since")
