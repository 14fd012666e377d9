"""changes of people and rights are noted, so that every process may keep them in memory

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

WATCHED = {
    "agreement": "", "field_set": "", "grant": "", "role": "", "store": "", "team": "",
    "user": " OF username, name, store_id, role_id, second_role_id, team_id, active, group_wide, locale, "
            "must_change_password, agreement_version, deleted_at",
}
VERBS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table('directory_change',
                    sa.Column('id', sa.Integer(), nullable=False),
                    sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_change')))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE OR REPLACE FUNCTION directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                   "INSERT INTO directory_change DEFAULT VALUES; RETURN NULL; END $$")
        for table, of in WATCHED.items():
            op.execute(f'CREATE TRIGGER directory_{table} AFTER INSERT OR UPDATE{of} OR DELETE ON "{table}" '
                       "FOR EACH STATEMENT EXECUTE FUNCTION directory_changed()")
        return
    for table, of in WATCHED.items():
        for verb in VERBS:
            op.execute(f'CREATE TRIGGER directory_{table}_{verb.lower()} AFTER {verb}{of if verb == "UPDATE" else ""} '
                       f'ON "{table}" BEGIN INSERT INTO directory_change (id) VALUES (NULL); END')


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in WATCHED:
            op.execute(f'DROP TRIGGER directory_{table} ON "{table}"')
        op.execute("DROP FUNCTION directory_changed()")
    else:
        for table in WATCHED:
            for verb in VERBS:
                op.execute(f"DROP TRIGGER directory_{table}_{verb.lower()}")
    op.drop_table('directory_change')
