"""Grids have instants, versions and successors.

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# squawk forbids another type because the rows are written anew under a lock that also keeps readers out. Here they are
# few, at most tens of thousands, and processes read them from their own snapshot. The days so far began in UTC. The
# release before goes on writing days, which PostgreSQL takes for the beginning of the day.
INSTANT = """
-- squawk-ignore changing-column-type
ALTER TABLE grids ALTER COLUMN {name} TYPE timestamptz USING {name}::timestamp AT TIME ZONE 'UTC'
"""

VERSIONS = """
UPDATE grids SET version = numbered.version
FROM (SELECT id, row_number() OVER (PARTITION BY code ORDER BY valid_from) AS version FROM grids) AS numbered
WHERE numbered.id = grids.id AND numbered.version > 1
"""

# squawk wants the index made beforehand, concurrently, so that nobody waits; here it takes milliseconds.
UNIQUE = """
-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
ALTER TABLE grids ADD CONSTRAINT uq_grids_code_version UNIQUE (code, version)
"""

# Days hold one version of a grid each: where several began on one, the earlier ones go back to days before it.
DAYS = """
UPDATE grids SET
    valid_from = days.first_on::timestamp AT TIME ZONE 'UTC',
    valid_to = CASE WHEN grids.valid_to IS NOT NULL THEN
        greatest((grids.valid_to AT TIME ZONE 'UTC')::date, days.first_on + 1)::timestamp AT TIME ZONE 'UTC'
    END
FROM (
    SELECT id, version + min((valid_from AT TIME ZONE 'UTC')::date - version) OVER (
        PARTITION BY code ORDER BY version ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS first_on
    FROM grids
) AS days
WHERE days.id = grids.id
"""


def upgrade() -> None:
    """Go up."""
    for name in ("valid_from", "valid_to"):
        op.execute(INSTANT.format(name=name))
    # In one statement, so that the rows are not read a second time for the constraint.
    op.execute(
        "ALTER TABLE grids ADD COLUMN version integer DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_grids_version CHECK (version > 0)"
    )
    op.execute("ALTER TABLE grids ADD COLUMN replaced_by varchar(40)[] DEFAULT '{}' NOT NULL")
    op.execute(VERSIONS)
    op.execute(UNIQUE)


def downgrade() -> None:
    """Go down."""
    op.drop_constraint(op.f("uq_grids_code_version"), "grids", type_="unique")
    op.drop_constraint(op.f("uq_grids_code_valid_from"), "grids", type_="unique")
    op.execute(DAYS)
    op.execute(
        "ALTER TABLE grids"
        " ALTER COLUMN valid_from TYPE date USING (valid_from AT TIME ZONE 'UTC')::date,"
        " ALTER COLUMN valid_to TYPE date USING (valid_to AT TIME ZONE 'UTC')::date"
    )
    op.create_unique_constraint(op.f("uq_grids_code_valid_from"), "grids", ["code", "valid_from"])
    op.drop_column("grids", "replaced_by")
    op.drop_column("grids", "version")
