"""notifications: what stands under a person's bell

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from admin_app.database import UtcDateTime

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('notification',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('text', sa.String(length=300), nullable=False),
    sa.Column('link', sa.String(length=300), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('count', sa.Integer(), server_default='1', nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('read_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_notification_user_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notification')),
    sa.UniqueConstraint('user_id', 'key', name=op.f('uq_notification_user_id_key'))
    )
    unread = sa.text('read_at IS NULL')
    op.create_index('ix_notification_person', 'notification', ['user_id', 'id'], unique=False)
    op.create_index('ix_notification_unread', 'notification', ['user_id'], unique=False,
                    sqlite_where=unread, postgresql_where=unread)


def downgrade() -> None:
    op.drop_index('ix_notification_unread', table_name='notification')
    op.drop_index('ix_notification_person', table_name='notification')
    op.drop_table('notification')
