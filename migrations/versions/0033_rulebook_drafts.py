"""drafts of the rulebook, and their backtests"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0033"
down_revision = "0032"

Moment = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "rulebook_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("begun_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("proposed_at", Moment),
        sa.Column("proposed_digest", sa.String()),
        sa.Column("ended_at", Moment),
        sa.Column("published_by_id", sa.Integer()),
        sa.Column("version", sa.Integer()),
        sa.CheckConstraint("state IN ('draft', 'proposed', 'published', 'withdrawn')", name=op.f("ck_rulebook_drafts_state")),
        sa.CheckConstraint("(state = 'published') = (version IS NOT NULL)", name=op.f("ck_rulebook_drafts_published")),
        sa.CheckConstraint("state <> 'proposed' OR proposed_digest IS NOT NULL", name=op.f("ck_rulebook_drafts_proposed")),
        sa.CheckConstraint("published_by_id IS NULL OR published_by_id <> author_id", name=op.f("ck_rulebook_drafts_two_admins")),
        sa.ForeignKeyConstraint(["based_on"], ["rulebook_versions.number"], name=op.f("fk_rulebook_drafts_based_on")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_rulebook_drafts_author_id")),
        sa.ForeignKeyConstraint(["published_by_id"], ["users.id"], name=op.f("fk_rulebook_drafts_published_by_id")),
        sa.ForeignKeyConstraint(["version"], ["rulebook_versions.number"], name=op.f("fk_rulebook_drafts_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebook_drafts")),
    )
    op.create_index("ix_rulebook_drafts_open", "rulebook_drafts", ["id"], postgresql_where=sa.text("state IN ('draft', 'proposed')"))
    op.create_table(
        "backtests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("days_done", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("heard_at", Moment, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.Column("error", sa.String()),
        sa.Column("result", JSONB()),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_backtests_state")),
        sa.CheckConstraint("(state = 'done') = (result IS NOT NULL)", name=op.f("ck_backtests_result")),
        sa.ForeignKeyConstraint(["draft_id"], ["rulebook_drafts.id"], name=op.f("fk_backtests_draft_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("fk_backtests_asked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtests")),
    )
    op.create_index("ix_backtests_draft_id", "backtests", ["draft_id", "id"])
    op.create_index("uq_backtests_open", "backtests", ["draft_id"], unique=True, postgresql_where=sa.text("state IN ('queued', 'running')"))


def downgrade():
    op.drop_table("backtests")
    op.drop_table("rulebook_drafts")
