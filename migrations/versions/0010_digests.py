"""digests: group robots, the outbox, when a store and whether a person gets them

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from admin_app.database import UtcDateTime

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('robot',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('store_id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=True),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('secret', sa.Text(), nullable=True),
    sa.Column('active', sa.Boolean(), server_default=sa.true(), nullable=False),
    sa.Column('last_at', UtcDateTime(), nullable=True),
    sa.Column('last_result', sa.String(length=300), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('deleted_at', UtcDateTime(), nullable=True),
    sa.Column('deleted_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['store_id'], ['store.id'], name=op.f('fk_robot_store_id_store')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_robot_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_robot'))
    )
    op.create_table('message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('robot_id', sa.Integer(), nullable=True),
    sa.Column('state', sa.String(length=24), nullable=False),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('next_at', UtcDateTime(), nullable=False),
    sa.Column('last_error', sa.String(length=300), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('sent_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['robot_id'], ['robot.id'], name=op.f('fk_message_robot_id_robot')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_message_user_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('key', name=op.f('uq_message_key'))
    )
    op.create_index('ix_message_waiting', 'message', ['state', 'next_at'], unique=False)
    op.add_column('store', sa.Column('digest_at', sa.String(length=5), server_default='08:30', nullable=False))
    op.add_column('store', sa.Column('evening_at', sa.String(length=5), server_default='18:30', nullable=False))
    op.add_column('store', sa.Column('digest_workdays', sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column('user', sa.Column('digest', sa.String(length=24), server_default='mail', nullable=False))


def downgrade() -> None:
    op.drop_column('user', 'digest')
    for name in ('digest_workdays', 'evening_at', 'digest_at'):
        op.drop_column('store', name)
    op.drop_index('ix_message_waiting', table_name='message')
    op.drop_table('message')
    op.drop_table('robot')
