"""what several follow-ups were before they were changed at once, for the way back; how long a call took

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('undo_step',
                    sa.Column('key', sa.String(length=64), nullable=False),
                    sa.Column('user_id', sa.Integer(), nullable=True),
                    sa.Column('rows', sa.JSON(), nullable=False),
                    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
                    sa.PrimaryKeyConstraint('key', name=op.f('pk_undo_step')))
    with op.batch_alter_table("visit") as visit:
        visit.add_column(sa.Column("call_minutes", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("visit") as visit:
        visit.drop_column("call_minutes")
    op.drop_table('undo_step')
