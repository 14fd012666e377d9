"""plans, reviews and photos of visits; how often customers are to be seen

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


STORE = (("coverage_days", "90"), ("review_each", "2"))


def upgrade() -> None:
    for name, default in STORE:
        op.add_column('store', sa.Column(name, sa.Integer(), server_default=default, nullable=False))
    for column in (sa.Column('packed', sa.JSON()), sa.Column('credit_to', sa.String(length=24)),
                   sa.Column('sampled_on', sa.Date()), sa.Column('reviewed_at', sa.DateTime(timezone=True)),
                   sa.Column('review_seen_at', sa.DateTime(timezone=True)),
                   sa.Column('photo_count', sa.Integer(), server_default='0', nullable=False)):
        op.add_column('visit', column)
    op.create_table('photo',
                    sa.Column('customer_id', sa.Integer(), nullable=False),
                    sa.Column('visit_id', sa.Integer(), nullable=False),
                    sa.Column('by_id', sa.Integer(), nullable=True),
                    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
                    sa.Column('width', sa.Integer(), nullable=False),
                    sa.Column('height', sa.Integer(), nullable=False),
                    sa.Column('store_id', sa.Integer(), nullable=False),
                    sa.Column('id', sa.Integer(), nullable=False),
                    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
                    sa.Column('created_by_id', sa.Integer(), nullable=True),
                    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
                    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
                    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
                    sa.Column('deleted_by_id', sa.Integer(), nullable=True),
                    *(sa.ForeignKeyConstraint([name], [target], name=op.f(f'fk_photo_{name}')) for name, target in (
                        ('customer_id', 'customer.id'), ('visit_id', 'visit.id'), ('by_id', 'user.id'),
                        ('store_id', 'store.id'))),
                    sa.PrimaryKeyConstraint('id', name=op.f('pk_photo')))
    op.create_index(op.f('ix_photo_customer_id'), 'photo', ['customer_id'])
    op.create_index(op.f('ix_photo_visit_id'), 'photo', ['visit_id'])
    op.create_table('photo_data',
                    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
                    sa.Column('full', sa.Text(), nullable=False),
                    sa.Column('small', sa.Text(), nullable=False),
                    sa.ForeignKeyConstraint(['id'], ['photo.id'], name=op.f('fk_photo_data_id')),
                    sa.PrimaryKeyConstraint('id', name=op.f('pk_photo_data')))


def downgrade() -> None:
    op.drop_table('photo_data')
    op.drop_table('photo')
    for name in ('photo_count', 'review_seen_at', 'reviewed_at', 'sampled_on', 'credit_to', 'packed'):
        op.drop_column('visit', name)
    for name, _default in STORE:
        op.drop_column('store', name)
