"""an index of what is due, from which the due list is ordered, counted and gated; env.py fills it

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

from admin_app import due_index

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'due_task',
        sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('store_id', sa.Integer(), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('assignee_id', sa.Integer(), nullable=True),
        sa.Column('rule_id', sa.Integer(), nullable=True),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('owner_id', sa.Integer(), nullable=True),
        sa.Column('advisor_id', sa.Integer(), nullable=True),
        sa.Column('confidentiality', sa.String(length=24), nullable=False),
        sa.Column('urgency', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_due_task')))
    op.create_index('ix_due_task_person', 'due_task', [
        'assignee_id', 'due_at', 'urgency', 'id', 'due_on', 'rule_id', 'store_id', 'confidentiality',
        'owner_id', 'advisor_id', 'customer_id'])
    op.create_index('ix_due_task_day', 'due_task', [
        'store_id', 'due_on', 'assignee_id', 'owner_id', 'advisor_id', 'confidentiality', 'customer_id', 'rule_id'])
    op.create_index('ix_due_task_order', 'due_task', ['due_at', 'urgency', 'id'])
    op.create_index('ix_due_task_customer', 'due_task', ['customer_id'])


def downgrade() -> None:
    due_index.uninstall(op.get_bind())
    op.drop_table('due_task')
