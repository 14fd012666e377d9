"""segments of customers, the working calendar, follow-up rules that go by a segment

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

WATCHED = ("segment", "calendar_day")
VERBS = ("INSERT", "UPDATE", "DELETE")


def _kept(table: str) -> list[sa.schema.SchemaItem]:
    """What every row has."""
    return [
        sa.Column('store_id', sa.Integer(), nullable=True),
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by_id', sa.Integer(), nullable=True),
        sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('version', sa.Integer(), server_default='1', nullable=False),
        sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('deleted_by_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(['store_id'], ['store.id'], name=op.f(f'fk_{table}_store_id')),
        sa.PrimaryKeyConstraint('id', name=op.f(f'pk_{table}')),
    ]


def upgrade() -> None:
    op.create_table('segment', sa.Column('name', sa.String(length=80), nullable=False),
                    sa.Column('clauses', sa.JSON(), nullable=True),
                    sa.Column('active', sa.Boolean(), server_default=sa.true(), nullable=False),
                    sa.Column('note', sa.String(length=200), nullable=True), *_kept('segment'))
    op.create_table('calendar_day', sa.Column('day', sa.Date(), nullable=False),
                    sa.Column('kind', sa.String(length=24), nullable=False),
                    sa.Column('name', sa.String(length=80), nullable=False), *_kept('calendar_day'))
    for name, columns, where in (
            ('uq_calendar_day_store', ['store_id', 'day'], 'deleted_at IS NULL AND store_id IS NOT NULL'),
            ('uq_calendar_day_group', ['day'], 'deleted_at IS NULL AND store_id IS NULL')):
        op.create_index(name, 'calendar_day', columns, unique=True, sqlite_where=sa.text(where),
                        postgresql_where=sa.text(where))
    op.add_column('followup_rule', sa.Column('segment_id', sa.Integer(), nullable=True))
    for table in WATCHED:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"CREATE TRIGGER directory_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} "
                       "FOR EACH STATEMENT EXECUTE FUNCTION directory_changed()")
            continue
        for verb in VERBS:
            op.execute(f"CREATE TRIGGER directory_{table}_{verb.lower()} AFTER {verb} ON {table} "
                       "BEGIN INSERT INTO directory_change (id) VALUES (NULL); END")


def downgrade() -> None:
    op.drop_column('followup_rule', 'segment_id')
    op.drop_table('calendar_day')
    op.drop_table('segment')
