"""search index over names, pinyin, phones, plates and VINs

Revision: 0003, after 0002.
"""
import sqlalchemy as sa
from alembic import op

from admin_app import search_index
from admin_app.rules import pinyin

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

BATCH = 5_000
customer = sa.table('customer', sa.column('id', sa.Integer), sa.column('name', sa.String), sa.column('pinyin', sa.String))


def upgrade() -> None:
    sound_anew(pinyin.of_name)
    op.create_table('search_gram',
    sa.Column('gram', sa.String(length=200).with_variant(sa.String(length=200, collation='C'), 'postgresql'), nullable=False),
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('gram', 'customer_id', name=op.f('pk_search_gram')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_complaint_number', 'complaint', ['number'], unique=False, postgresql_ops={'number': 'varchar_pattern_ops'})
    op.create_index('ix_repair_order_number', 'repair_order', ['number'], unique=False, postgresql_ops={'number': 'varchar_pattern_ops'})
    op.create_index('ix_contact_phone', 'contact', ['phone'], unique=False)
    op.create_index('ix_vehicle_vin', 'vehicle', ['vin'], unique=False)
    search_index.install(op.get_bind())
    search_index.rebuild(op.get_bind())


def downgrade() -> None:
    search_index.uninstall(op.get_bind())
    op.drop_index('ix_vehicle_vin', table_name='vehicle')
    op.drop_index('ix_contact_phone', table_name='contact')
    op.drop_index('ix_repair_order_number', table_name='repair_order')
    op.drop_index('ix_complaint_number', table_name='complaint')
    op.drop_table('search_gram')
    sound_anew(whole_and_initials)


def whole_and_initials(name: str) -> str | None:
    """The pinyin as it stood before: “liangsiqi lsq”."""
    sounds = pinyin.sounds_of(name)
    whole, initials = ''.join(sounds), ''.join(sound[0] for sound in sounds)
    if not whole:
        return None
    return f'{whole} {initials}'[:200].strip() if initials != whole else whole[:200]


def sound_anew(of_name) -> None:
    """Work out the pinyin of every customer, a batch at a time."""
    connection, last = op.get_bind(), 0
    change = sa.update(customer).where(customer.c.id == sa.bindparam('key')).values(pinyin=sa.bindparam('sound'))
    while True:
        rows = connection.execute(sa.select(customer).where(customer.c.id > last).order_by(customer.c.id).limit(BATCH)).all()
        if not rows:
            return
        last = rows[-1].id
        wanted = [{'key': row.id, 'sound': sound} for row in rows if (sound := of_name(row.name)) != row.pinyin]
        if wanted:
            connection.execute(change, wanted)
