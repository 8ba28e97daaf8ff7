"""Rules by place, area and hour.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WHERES = (
    ("place_code", "varchar(64)", "places"),
    ("place_type", "varchar(40)", "place_types"),
    ("area_code", "varchar(64)", "areas"),
)
CHECKS = {
    "one_where": "num_nonnulls(place_code, place_type, area_code, nullif(grid_prefix, '')) <= 1",
    "hours": "jsonb_typeof(hours) = 'array'",
}


def upgrade() -> None:
    """Go up. There are hundreds of rules, so what looks at all of them takes no time."""
    for column, kind, table in WHERES:
        op.execute(f"ALTER TABLE dispatch_rules ADD COLUMN {column} {kind}")
        op.execute(
            f"ALTER TABLE dispatch_rules ADD CONSTRAINT fk_dispatch_rules_{column}"
            f" FOREIGN KEY ({column}) REFERENCES {table} (code) NOT VALID"
        )
    op.execute("ALTER TABLE dispatch_rules ADD COLUMN hours jsonb DEFAULT '[]' NOT NULL")
    for name, condition in CHECKS.items():
        op.execute(
            f"ALTER TABLE dispatch_rules ADD CONSTRAINT ck_dispatch_rules_{name} CHECK ({condition}) NOT VALID"
        )


def downgrade() -> None:
    """Go down: rules that would count everywhere without what is dropped are switched off before."""
    op.execute(
        "UPDATE dispatch_rules SET is_active = false, version = version + 1 WHERE is_active AND"
        " (num_nonnulls(place_code, place_type, area_code) > 0 OR hours <> '[]')"
    )
    for name in CHECKS:
        op.execute(f"ALTER TABLE dispatch_rules DROP CONSTRAINT ck_dispatch_rules_{name}")
    for column in ("hours", *(column for column, *_ in reversed(WHERES))):
        op.drop_column("dispatch_rules", column)
