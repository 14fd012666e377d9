"""since when a customer stands in the pool, and how many a person may claim in a day

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('customer', sa.Column('pooled_on', sa.Date(), nullable=True))
    op.add_column('store', sa.Column('claims_each', sa.Integer(), server_default='20', nullable=False))


def downgrade() -> None:
    op.drop_column('store', 'claims_each')
    op.drop_column('customer', 'pooled_on')
