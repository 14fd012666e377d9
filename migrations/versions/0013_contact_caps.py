"""who is held back from marketing until when, quiet hours of a store, contacts that a manager allowed

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

from admin_app import due_index

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

# The indexes from which the due list is counted, without and with the new column.
PERSON = ['assignee_id', 'due_at', 'urgency', 'id', 'due_on', 'rule_id', 'store_id', 'confidentiality', 'owner_id',
          'advisor_id', 'customer_id']
DAY = ['store_id', 'due_on', 'assignee_id', 'owner_id', 'advisor_id', 'confidentiality', 'customer_id', 'rule_id']


def _index(more: list[str]) -> None:
    for name, columns in (('ix_due_task_person', PERSON), ('ix_due_task_day', DAY)):
        op.drop_index(name, 'due_task')
        op.create_index(name, 'due_task', columns + more)


def upgrade() -> None:
    due_index.uninstall(op.get_bind())  # env.py makes the triggers anew and fills the table
    op.add_column('customer', sa.Column('marketing_blocked_until', sa.Date(), nullable=True))
    op.add_column('store', sa.Column('quiet_from', sa.String(length=5), server_default='20:30', nullable=True))
    op.add_column('store', sa.Column('quiet_until', sa.String(length=5), server_default='09:00', nullable=True))
    op.add_column('followup', sa.Column('allowed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('followup', sa.Column('allowed_by_id', sa.Integer(), nullable=True))
    op.add_column('followup', sa.Column('allowed_reason', sa.String(length=200), nullable=True))
    op.add_column('due_task', sa.Column('blocked_until', sa.Date(), nullable=True))
    _index(['blocked_until'])


def downgrade() -> None:
    due_index.uninstall(op.get_bind())
    _index([])
    op.drop_column('due_task', 'blocked_until')
    for name in ('allowed_reason', 'allowed_by_id', 'allowed_at'):
        op.drop_column('followup', name)
    op.drop_column('store', 'quiet_until')
    op.drop_column('store', 'quiet_from')
    op.drop_column('customer', 'marketing_blocked_until')
