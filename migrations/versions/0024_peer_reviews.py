"""work on exercises, reviewed by members, and whose purchase a reward comes out of"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0024"
down_revision = "0023"


def upgrade():
    op.add_column("lessons", sa.Column("exercise", sa.String(), server_default="", nullable=False))
    op.alter_column("lessons", "exercise", server_default=None)
    op.add_column("grants", sa.Column("payer_id", sa.Integer(), nullable=True))
    op.execute("UPDATE grants SET payer_id = user_id")
    op.alter_column("grants", "payer_id", nullable=False)
    op.create_foreign_key("fk_grants_payer_id", "grants", "users", ["payer_id"], ["id"])
    op.create_index("ix_grants_payer_id_course_id", "grants", ["payer_id", "course_id"])
    _create_submissions()
    _create_reviews()


def downgrade():
    _refuse_what_the_older_code_cannot_read()
    op.drop_table("peer_reviews")
    op.drop_table("submissions")
    op.drop_index("ix_grants_payer_id_course_id", "grants")
    op.drop_column("grants", "payer_id")
    op.drop_column("lessons", "exercise")


def _refuse_what_the_older_code_cannot_read():
    """CommandError: to the older version a reviewer's reward would come out of his own purchase, and stay when its author's money goes back."""
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM grants WHERE payer_id <> user_id)")):
        raise CommandError("There are rewards that come out of another member's purchase, which the older version does not know. Nothing was taken back.")


def _create_submissions():
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.Column("lesson_id", sa.Integer(), sa.ForeignKey("lessons.id", name="fk_submissions_lesson_id"), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), sa.ForeignKey("enrolments.id", name="fk_submissions_enrolment_id"), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("is_for_teacher", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Numeric(5, 2)),
        sa.Column("feedback", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('in review', 'passed', 'failed', 'withdrawn')", name="ck_submissions_state"),
        sa.CheckConstraint("(score IS NOT NULL) = (state IN ('passed', 'failed'))", name="ck_submissions_score"),
        sa.CheckConstraint("(state = 'in review') = (decided_at IS NULL)", name="ck_submissions_decided_at"),
    )
    live = sa.text("state IN ('in review', 'passed')")
    op.create_index("uq_submissions_lesson_id_enrolment_id", "submissions", ["lesson_id", "enrolment_id"], unique=True, postgresql_where=live)
    op.create_index("ix_submissions_enrolment_id_lesson_id", "submissions", ["enrolment_id", "lesson_id"])
    op.create_index("ix_submissions_for_teacher", "submissions", ["lesson_id"], postgresql_where=sa.text("is_for_teacher AND state = 'in review'"))


def _create_reviews():
    op.create_table(
        "peer_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_peer_reviews"),
        sa.Column("submission_id", sa.Integer(), sa.ForeignKey("submissions.id", name="fk_peer_reviews_submission_id"), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), sa.ForeignKey("users.id", name="fk_peer_reviews_reviewer_id"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("score", sa.Integer()),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("reward", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("submission_id", "reviewer_id", name="uq_peer_reviews_submission_id_reviewer_id"),
        sa.CheckConstraint("given_at IS NULL OR closed_at IS NULL", name="ck_peer_reviews_end"),
        sa.CheckConstraint("(given_at IS NULL) = (score IS NULL)", name="ck_peer_reviews_score"),
    )
    open_ones = sa.text("given_at IS NULL AND closed_at IS NULL")
    op.create_index("ix_peer_reviews_due_at", "peer_reviews", ["due_at"], postgresql_where=open_ones)
    op.create_index("ix_peer_reviews_reviewer_id_given_at", "peer_reviews", ["reviewer_id", "given_at"])
