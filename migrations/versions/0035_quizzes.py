"""quizzes of lessons, and attempts at them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0035"
down_revision = "0034"

OPEN = sa.text("closed_at IS NULL")


def upgrade():
    _create_quizzes()
    _create_attempts()


def downgrade():
    for table in ("answers", "quiz_attempts", "options", "questions", "quizzes"):
        op.drop_table(table)


def _create_quizzes():
    op.create_table(
        "quizzes",
        sa.Column("lesson_id", sa.Integer(), sa.ForeignKey("lessons.id", name="fk_quizzes_lesson_id", ondelete="CASCADE"), nullable=False),
        sa.PrimaryKeyConstraint("lesson_id", name="pk_quizzes"),
        sa.Column("minutes", sa.Integer()),
        sa.Column("passing_percent", sa.Integer(), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 1 AND 240", name="ck_quizzes_minutes"),
        sa.CheckConstraint("passing_percent BETWEEN 1 AND 100", name="ck_quizzes_passing_percent"),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
        sa.Column("lesson_id", sa.Integer(), sa.ForeignKey("quizzes.lesson_id", name="fk_questions_lesson_id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("has_several", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_questions_lesson_id", "questions", ["lesson_id"])
    op.create_table(
        "options",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_options"),
        sa.Column("question_id", sa.Integer(), sa.ForeignKey("questions.id", name="fk_options_question_id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("explanation", sa.String(), nullable=False),
        sa.Column("is_right", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_options_question_id", "options", ["question_id"])


def _create_attempts():
    op.create_table(
        "quiz_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quiz_attempts"),
        sa.Column("lesson_id", sa.Integer(), sa.ForeignKey("lessons.id", name="fk_quiz_attempts_lesson_id"), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), sa.ForeignKey("enrolments.id", name="fk_quiz_attempts_enrolment_id"), nullable=False),
        sa.Column("questions", JSONB(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("passing_percent", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("right", sa.Integer()),
        sa.Column("has_passed", sa.Boolean()),
        sa.CheckConstraint("jsonb_array_length(questions) = count AND count > 0", name="ck_quiz_attempts_count"),
        sa.CheckConstraint("passing_percent BETWEEN 1 AND 100", name="ck_quiz_attempts_passing_percent"),
        sa.CheckConstraint("ends_at > began_at", name="ck_quiz_attempts_ends_at"),
        sa.CheckConstraint('(closed_at IS NULL) = ("right" IS NULL) AND "right" BETWEEN 0 AND count', name="ck_quiz_attempts_right"),
        sa.CheckConstraint('has_passed = (100 * "right" >= passing_percent * count) AND (closed_at IS NULL) = (has_passed IS NULL)', name="ck_quiz_attempts_has_passed"),
    )
    op.create_index("ix_quiz_attempts_lesson_id", "quiz_attempts", ["lesson_id"])
    op.create_index("uq_quiz_attempts_enrolment_id_lesson_id", "quiz_attempts", ["enrolment_id", "lesson_id"], unique=True, postgresql_where=OPEN)
    op.create_index("ix_quiz_attempts_enrolment_id_lesson_id", "quiz_attempts", ["enrolment_id", "lesson_id"])
    op.create_index("ix_quiz_attempts_ends_at", "quiz_attempts", ["ends_at"], postgresql_where=OPEN)
    op.create_table(
        "answers",
        sa.Column("attempt_id", sa.Integer(), sa.ForeignKey("quiz_attempts.id", name="fk_answers_attempt_id"), nullable=False),
        sa.Column("question_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", "question_id", name="pk_answers"),
        sa.Column("chosen", JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
    )
