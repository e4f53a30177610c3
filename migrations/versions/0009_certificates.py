"""certificates; a number is used up in one contract: a restored database may have given one a second time, for another contract"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade():
    op.create_table('certificates',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('holder_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=True),
    sa.Column('credential', postgresql.JSONB(), nullable=True),
    sa.Column('salt', sa.LargeBinary(), nullable=True),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('address', sa.String(), nullable=True),
    sa.Column('operation_id', sa.Integer(), nullable=True),
    sa.Column('batches', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('num_nulls(course_id, credential, salt) IN (0, 3)', name=op.f('ck_certificates_credential')),
    sa.CheckConstraint('(address IS NULL) = (operation_id IS NULL)', name=op.f('ck_certificates_address')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_certificates_course_id')),
    sa.ForeignKeyConstraint(['holder_id'], ['holders.id'], name=op.f('fk_certificates_holder_id')),
    sa.ForeignKeyConstraint(['operation_id'], ['operations.id'], name=op.f('fk_certificates_operation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificates')),
    sa.UniqueConstraint('digest', name=op.f('uq_certificates_digest')),
    sa.UniqueConstraint('holder_id', 'course_id', name=op.f('uq_certificates_holder_id_course_id'))
    )
    op.create_index(op.f('ix_certificates_operation_id'), 'certificates', ['operation_id'])
    op.create_index('ix_certificates_waiting', 'certificates', ['id'], postgresql_where='operation_id IS NULL')
    op.drop_constraint(op.f('uq_operations_deployment_id_op'), 'operations')
    op.create_unique_constraint(op.f('uq_operations_deployment_id_kind_op'), 'operations', ['deployment_id', 'kind', 'op'])
    token = "kind NOT IN ('root', 'certificates')"
    op.create_index('uq_operations_token_op', 'operations', ['deployment_id', 'op'], unique=True, postgresql_where=token)


def downgrade():
    _refuse_what_the_older_code_cannot_read()
    op.drop_index('uq_operations_token_op', table_name='operations')
    op.drop_constraint(op.f('uq_operations_deployment_id_kind_op'), 'operations')
    op.create_unique_constraint(op.f('uq_operations_deployment_id_op'), 'operations', ['deployment_id', 'op'])
    op.drop_table('certificates')


def _refuse_what_the_older_code_cannot_read():
    """CommandError: the rows of operations that were on the chain are not deleted."""
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM operations WHERE kind = 'certificates')")):
        raise CommandError("There are operations of the kind certificates, which the older version does not know. Nothing was taken back.")
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM operations GROUP BY deployment_id, op HAVING count(*) > 1)")):
        raise CommandError("A number is used by operations of two contracts, which the older version does not allow. Nothing was taken back.")
