"""numbers of customers by block of keys, for jumps deep into the list; env.py fills them. The index of what the gate
hides holds what the gate asks

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

from admin_app import customer_blocks

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

HIDDEN = sa.text("confidentiality != 'normal'")


def _hidden(*more: str) -> None:
    op.drop_index('ix_customer_confidential', 'customer')
    op.create_index('ix_customer_confidential', 'customer', ['id', *more], sqlite_where=HIDDEN, postgresql_where=HIDDEN)


def upgrade() -> None:
    op.create_table(
        'customer_block',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('store_id', sa.Integer(), nullable=False),
        sa.Column('block', sa.Integer(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_block')))
    op.create_index('ix_customer_block_store', 'customer_block', ['store_id', 'block', 'number'])
    _hidden('store_id', 'owner_id', 'advisor_id', 'confidentiality', 'deleted_at')


def downgrade() -> None:
    customer_blocks.uninstall(op.get_bind())
    _hidden()
    op.drop_table('customer_block')
