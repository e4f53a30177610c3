"""badges; who completed a course for nothing before there were any has earned one, too"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

EARNED = """
    INSERT INTO badges (user_id, course_id, title, teacher, code, earned_at)
    SELECT enrolments.user_id, courses.id, courses.title, users.name, replace(gen_random_uuid()::text, '-', ''), completed_at
    FROM enrolments JOIN courses ON courses.id = course_id JOIN users ON users.id = teacher_id
    WHERE completed_at IS NOT NULL AND ended_at IS NULL AND order_id IS NULL AND paid = 0 ORDER BY completed_at"""


def upgrade():
    op.create_table(
        "badges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("teacher", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_badges_user_id")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_badges_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_badges")),
        sa.UniqueConstraint("user_id", "course_id", name=op.f("uq_badges_user_id_course_id")),
        sa.UniqueConstraint("code", name=op.f("uq_badges_code")),
    )
    op.execute(EARNED)


def downgrade():
    op.drop_table("badges")
