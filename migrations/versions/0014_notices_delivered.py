"""what members want mail of, and the mail of a notice, at most one"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade():
    op.create_table(
        "notice_preferences",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("is_mailed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notice_preferences_user_id")),
        sa.PrimaryKeyConstraint("user_id", "group_name", name=op.f("pk_notice_preferences")),
    )
    op.add_column("mails", sa.Column("notice_id", sa.Integer()))
    op.create_foreign_key(op.f("fk_mails_notice_id"), "mails", "notices", ["notice_id"], ["id"], ondelete="SET NULL")
    op.create_unique_constraint(op.f("uq_mails_notice_id"), "mails", ["notice_id"])


def downgrade():
    op.drop_column("mails", "notice_id")
    op.drop_table("notice_preferences")
