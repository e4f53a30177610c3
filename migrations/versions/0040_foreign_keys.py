"""foreign keys by which rows are found, or looked for when a lesson is deleted"""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade():
    op.create_index("ix_submissions_lesson_id", "submissions", ["lesson_id"])
    op.create_index("ix_certificates_holder_id", "certificates", ["holder_id"])


def downgrade():
    op.drop_index("ix_certificates_holder_id", "certificates")
    op.drop_index("ix_submissions_lesson_id", "submissions")
