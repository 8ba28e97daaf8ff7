"""Calendars have versions."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AFTER = """
CREATE FUNCTION refuse_change_of_calendar_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a calendar is never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER calendar_versions_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON calendar_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_calendar_versions();
"""

FIRST_VERSIONS = """
INSERT INTO calendar_versions (
    calendar_code, version, name_zh, name_en, time_zone, weekly, working_day_minutes, first_on, last_on, days,
    changed_by_id, changed_at, note
)
SELECT
    code, version, name_zh, name_en, time_zone, weekly, working_day_minutes, first_on, last_on,
    coalesce(
        (
            SELECT jsonb_agg(
                jsonb_build_object(
                    'on', d."on", 'kind', d.kind, 'ranges', d.ranges, 'name_zh', d.name_zh, 'name_en', d.name_en
                )
                ORDER BY d."on"
            )
            FROM calendar_days AS d WHERE d.calendar_code = calendars.code
        ),
        '[]'::jsonb
    ),
    NULL, now(), ''
FROM calendars;
"""


def upgrade() -> None:
    """Give calendars a version, and keep every version from now on."""
    # In one statement, so that the rows are not read a second time for the constraint.
    op.execute(
        "ALTER TABLE calendars ADD COLUMN version integer DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_calendars_version CHECK (version > 0)"
    )
    op.create_table(
        "calendar_versions",
        sa.Column("calendar_code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("weekly", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("working_day_minutes", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("days", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_calendar_versions_version")),
        sa.ForeignKeyConstraint(
            ["calendar_code"], ["calendars.code"], name=op.f("fk_calendar_versions_calendar_code")
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["people.id"], name=op.f("fk_calendar_versions_changed_by_id")
        ),
        sa.PrimaryKeyConstraint("calendar_code", "version", name=op.f("pk_calendar_versions")),
    )
    op.execute(FIRST_VERSIONS)
    op.execute(AFTER)


def downgrade() -> None:
    """Forget the versions."""
    op.drop_table("calendar_versions")
    op.execute("DROP FUNCTION refuse_change_of_calendar_versions")
    op.drop_column("calendars", "version")
