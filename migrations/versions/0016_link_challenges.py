"""messages that link an address, each used once"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

Moment = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "link_challenges",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("issued_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_link_challenges_user_id")),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_link_challenges")),
    )
    op.create_index(op.f("ix_link_challenges_user_id"), "link_challenges", ["user_id"])


def downgrade():
    op.drop_table("link_challenges")
