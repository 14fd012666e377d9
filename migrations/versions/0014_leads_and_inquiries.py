"""inquiries, tokens for web leads, screening of leads, and how far a late first contact was reported

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

PEOPLE = ("created_by_id", "deleted_by_id")


def _usual():
    """The columns that every table has."""
    return [sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
            sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
            sa.Column('version', sa.Integer(), server_default='1', nullable=False),
            sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
            *[sa.Column(name, sa.Integer(), nullable=True) for name in PEOPLE]]


def upgrade() -> None:
    op.create_table(
        'lead_token',
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.Column('store_id', sa.Integer(), nullable=False),
        sa.Column('active', sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column('per_minute', sa.Integer(), server_default='60', nullable=False),
        sa.Column('issued_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('token_hash', sa.String(length=64), nullable=True),
        sa.Column('id', sa.Integer(), nullable=False), *_usual(),
        sa.ForeignKeyConstraint(['store_id'], ['store.id'], name=op.f('fk_lead_token_store_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_lead_token')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_lead_token_token_hash')))
    op.create_table(
        'lead_request',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('token_id', sa.Integer(), nullable=False),
        sa.Column('key', sa.String(length=64), nullable=False),
        sa.Column('body_hash', sa.String(length=64), nullable=False),
        sa.Column('owner_id', sa.Integer(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['token_id'], ['lead_token.id'], name=op.f('fk_lead_request_token_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_lead_request')),
        sa.UniqueConstraint('token_id', 'key', name=op.f('uq_lead_request_token_id_key')))
    op.create_index('ix_lead_request_at', 'lead_request', ['created_at'])
    op.create_index('ix_lead_request_owner', 'lead_request', ['owner_id', 'id'])
    op.create_table(
        'lead_count',
        sa.Column('token_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        sa.Column('requests', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['token_id'], ['lead_token.id'], name=op.f('fk_lead_count_token_id')),
        sa.PrimaryKeyConstraint('token_id', name=op.f('pk_lead_count')))
    op.create_table(
        'inquiry',
        sa.Column('question', sa.Text(), nullable=False),
        sa.Column('channel', sa.String(length=24), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=True),
        sa.Column('name', sa.String(length=80), nullable=True),
        sa.Column('phone', sa.String(length=24), nullable=True),
        sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('owner_id', sa.Integer(), nullable=True),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('plan', sa.Text(), nullable=True),
        sa.Column('answer', sa.Text(), nullable=True),
        sa.Column('state', sa.String(length=24), nullable=False),
        sa.Column('planned_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('complaint_id', sa.Integer(), nullable=True),
        sa.Column('escalated_to', sa.Integer(), server_default='0', nullable=False),
        sa.Column('id', sa.Integer(), nullable=False), *_usual(),
        sa.Column('store_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['complaint_id'], ['complaint.id'], name=op.f('fk_inquiry_complaint_id')),
        sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_inquiry_customer_id')),
        sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_inquiry_owner_id')),
        sa.ForeignKeyConstraint(['store_id'], ['store.id'], name=op.f('fk_inquiry_store_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_inquiry')))
    op.create_index('ix_inquiry_complaint_id', 'inquiry', ['complaint_id'])
    op.create_index('ix_inquiry_customer', 'inquiry', ['customer_id'])
    op.create_index('ix_inquiry_owner', 'inquiry', ['owner_id', 'state'])
    op.create_index('ix_inquiry_store_state', 'inquiry', ['store_id', 'state', 'due_at'])
    op.add_column('customer', sa.Column('screening', sa.String(length=24), nullable=True))
    op.add_column('customer', sa.Column('screening_reason', sa.String(length=200), nullable=True))
    op.add_column('followup', sa.Column('escalated_level', sa.Integer(), server_default='0', nullable=False))
    rule = sa.table('followup_rule', sa.column('code'), sa.column('needs'), sa.column('enabled', sa.Boolean()))
    op.execute(sa.update(rule).where(rule.c.code == 'inquiry_answer', rule.c.needs == 'inquiry')
               .values(needs=None, enabled=True))  # it waited for this table


def downgrade() -> None:
    rule = sa.table('followup_rule', sa.column('code'), sa.column('needs'), sa.column('enabled', sa.Boolean()))
    op.execute(sa.update(rule).where(rule.c.code == 'inquiry_answer').values(needs='inquiry', enabled=False))
    op.drop_column('followup', 'escalated_level')
    op.drop_column('customer', 'screening_reason')
    op.drop_column('customer', 'screening')
    for table in ('inquiry', 'lead_count', 'lead_request', 'lead_token'):
        op.drop_table(table)
