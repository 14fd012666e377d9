"""who is held back from marketing until when, quiet hours of a store, contacts that a manager allowed

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('customer', sa.Column('marketing_blocked_until', sa.Date(), nullable=True))
    op.add_column('store', sa.Column('quiet_from', sa.String(length=5), server_default='20:30', nullable=True))
    op.add_column('store', sa.Column('quiet_until', sa.String(length=5), server_default='09:00', nullable=True))
    op.add_column('followup', sa.Column('allowed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('followup', sa.Column('allowed_by_id', sa.Integer(), nullable=True))
    op.add_column('followup', sa.Column('allowed_reason', sa.String(length=200), nullable=True))


def downgrade() -> None:
    for name in ('allowed_reason', 'allowed_by_id', 'allowed_at'):
        op.drop_column('followup', name)
    op.drop_column('store', 'quiet_until')
    op.drop_column('store', 'quiet_from')
    op.drop_column('customer', 'marketing_blocked_until')
