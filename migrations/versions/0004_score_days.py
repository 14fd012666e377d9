"""daily roll-ups of the team scores

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

TALLIES = """
    visits calls calls_reached callbacks callbacks_reached rated rated_well tasks_done tasks_timely tasks_waiting
    firsts_done firsts_timely firsts_waiting promises_kept promises_broken promises_open complaints handled
    handled_timely recalls recalls_satisfied recalled recalled_timely cars cars_priced cents orders orders_promised
    orders_timely mended mended_once orders_rated orders_rated_well invited invited_came guests guests_came guests_led
    guests_dealt guests_rated guests_rated_well owned_rated owned_rated_well files completeness covered advised_files
    advised_completeness advised_covered known returned
""".split()


def upgrade() -> None:
    op.create_table('score_day',
    sa.Column('span', sa.String(length=1), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('store_id', sa.Integer(), autoincrement=False, nullable=False),
    *[sa.Column(name, sa.BigInteger() if name == 'cents' else sa.Integer(), server_default='0', nullable=False)
      for name in TALLIES],
    sa.PrimaryKeyConstraint('span', 'day', 'user_id', 'store_id', name=op.f('pk_score_day'))
    )
    op.create_index('ix_complaint_unfinished', 'complaint', ['store_id', 'received_at'], unique=False,
                    sqlite_where=sa.text('finished_at IS NULL'), postgresql_where=sa.text('finished_at IS NULL'))
    op.create_index('ix_followup_rule_due', 'followup', ['rule_id', 'due_at'], unique=False,
                    sqlite_where=sa.text("state IN ('open', 'snoozed')"),
                    postgresql_where=sa.text("state IN ('open', 'snoozed')"))


def downgrade() -> None:
    op.drop_index('ix_followup_rule_due', table_name='followup')
    op.drop_index('ix_complaint_unfinished', table_name='complaint')
    op.drop_table('score_day')
