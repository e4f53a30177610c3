"""solvency trees count members' balances"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.create_table('solvency_trees',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('operation_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('total >= 0', name=op.f('ck_solvency_trees_total')),
    sa.ForeignKeyConstraint(['operation_id'], ['operations.id'], name=op.f('fk_solvency_trees_operation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_solvency_trees')),
    sa.UniqueConstraint('day', name=op.f('uq_solvency_trees_day')),
    sa.UniqueConstraint('operation_id', name=op.f('uq_solvency_trees_operation_id'))
    )
    op.create_table('solvency_leaves',
    sa.Column('tree_id', sa.Integer(), nullable=False),
    sa.Column('index', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('member', sa.String(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('salt', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('amount >= 0', name=op.f('ck_solvency_leaves_amount')),
    sa.ForeignKeyConstraint(['tree_id'], ['solvency_trees.id'], name=op.f('fk_solvency_leaves_tree_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_solvency_leaves_user_id')),
    sa.PrimaryKeyConstraint('tree_id', 'index', name=op.f('pk_solvency_leaves')),
    sa.UniqueConstraint('tree_id', 'user_id', name=op.f('uq_solvency_leaves_tree_id_user_id'))
    )
    op.create_table('solvency_levels',
    sa.Column('tree_id', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('nodes', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['tree_id'], ['solvency_trees.id'], name=op.f('fk_solvency_levels_tree_id')),
    sa.PrimaryKeyConstraint('tree_id', 'height', name=op.f('pk_solvency_levels'))
    )
    # Never compressed: of megabytes a proof reads forty bytes, and only the piece they are in is fetched.
    op.execute('ALTER TABLE solvency_levels ALTER COLUMN nodes SET STORAGE EXTERNAL')


def downgrade():
    op.drop_table('solvency_levels')
    op.drop_table('solvency_leaves')
    op.drop_table('solvency_trees')
