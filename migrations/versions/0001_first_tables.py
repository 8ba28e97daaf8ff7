"""First tables."""

from alembic import op
import sqlalchemy as sa
import geoalchemy2
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


class XactId(sa.types.UserDefinedType):
    """PostgreSQL's xid8."""

    cache_ok = True

    def get_col_spec(self, **_):
        """Return the type's name in DDL."""
        return "xid8"


REFERENCE_TABLES = (
    "calendars",
    "calendar_days",
    "categories",
    "conditions",
    "dispatch_rules",
    "grids",
    "policies",
    "units",
)

BEFORE = """
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE SEQUENCE ticket_numbers;
"""

AFTER = """
INSERT INTO reference_version (id, version) VALUES (1, 1);

CREATE FUNCTION raise_reference_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reference_version SET version = version + 1;
    RETURN NULL;
END $$;

CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a ticket is never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ticket_events_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ticket_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
"""

TRIGGER = """
CREATE TRIGGER {table}_raise_reference_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION raise_reference_version();
"""


def upgrade() -> None:
    """Go up."""
    op.execute(BEFORE)

    op.create_table(
        "calendars",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("weekly", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("working_day_minutes", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.CheckConstraint("first_on < last_on", name=op.f("ck_calendars_horizon")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_calendars")),
    )
    op.create_table(
        "categories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("major_code", sa.String(length=4), nullable=False),
        sa.Column("major_zh", sa.String(length=100), nullable=False),
        sa.Column("major_en", sa.String(length=100), nullable=False),
        sa.Column("minor_code", sa.String(length=4), nullable=False),
        sa.Column("minor_zh", sa.String(length=100), nullable=False),
        sa.Column("minor_en", sa.String(length=100), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("scheme", "code", name=op.f("uq_categories_scheme_code")),
    )
    op.create_index(
        "uq_categories_code_active",
        "categories",
        ["code"],
        unique=True,
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "failed_sign_ins",
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_failed_sign_ins")),
    )
    op.create_index(op.f("ix_failed_sign_ins_last_at"), "failed_sign_ins", ["last_at"], unique=False)
    op.create_table(
        "policies",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_policies")),
    )
    op.create_table(
        "reference_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_reference_version_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_version")),
    )
    op.create_table(
        "calendar_days",
        sa.Column("calendar_code", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "holiday",
                "makeup_workday",
                "special",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ranges", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_code"],
            ["calendars.code"],
            name=op.f("fk_calendar_days_calendar_code"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("calendar_code", "on", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "conditions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("condition_zh", sa.String(length=200), nullable=False),
        sa.Column("condition_en", sa.String(length=200), nullable=False),
        sa.Column("closing_zh", sa.String(length=200), nullable=False),
        sa.Column("closing_en", sa.String(length=200), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column(
            "limit_unit",
            sa.Enum(
                "urgent_hour",
                "urgent_day",
                "working_hour",
                "working_day",
                "calendar_day",
                "working_minute",
                name="limit_unit",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("milestones", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("needs_after_photo", sa.Boolean(), nullable=False),
        sa.Column("may_self_fix", sa.Boolean(), nullable=False),
        sa.CheckConstraint("limit_value > 0", name=op.f("ck_conditions_limit_positive")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_conditions_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conditions")),
        sa.UniqueConstraint("category_id", "number", name=op.f("uq_conditions_category_id_number")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bureau",
                "street",
                "enterprise",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("calendar_code", sa.String(length=40), nullable=False),
        sa.Column("is_fallback", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["calendar_code"], ["calendars.code"], name=op.f("fk_units_calendar_code")),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    op.create_index(op.f("ix_units_calendar_code"), "units", ["calendar_code"], unique=False)
    op.create_index(op.f("ix_units_parent_id"), "units", ["parent_id"], unique=False)
    op.create_table(
        "dispatch_rules",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("category_prefix", sa.String(length=10), nullable=False),
        sa.Column("condition_number", sa.Integer(), nullable=True),
        sa.Column("grid_prefix", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("helping_units", sa.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=True),
        sa.Column(
            "limit_unit",
            sa.Enum(
                "urgent_hour",
                "urgent_day",
                "working_hour",
                "working_day",
                "calendar_day",
                "working_minute",
                name="limit_unit",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("priority", sa.String(length=16), nullable=True),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(limit_value IS NULL) = (limit_unit IS NULL)", name=op.f("ck_dispatch_rules_limit_complete")
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from IS NULL OR valid_until > valid_from",
            name=op.f("ck_dispatch_rules_valid_range"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_dispatch_rules_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_rules")),
    )
    op.create_index(op.f("ix_dispatch_rules_unit_id"), "dispatch_rules", ["unit_id"], unique=False)
    op.create_geospatial_table(
        "grids",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "city",
                "district",
                "street",
                "community",
                "unit_grid",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column(
            "geometry",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_grids_valid_range")),
        sa.ForeignKeyConstraint(["parent_id"], ["grids.id"], name=op.f("fk_grids_parent_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_grids_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grids")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_grids_code_valid_from")),
    )
    op.create_geospatial_index(
        "idx_grids_geometry", "grids", ["geometry"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_grids_parent_id"), "grids", ["parent_id"], unique=False)
    op.create_index(op.f("ix_grids_unit_id"), "grids", ["unit_id"], unique=False)
    op.create_index(
        "uq_grids_code_current", "grids", ["code"], unique=True, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("officer_number", sa.String(length=40), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "officer",
                "dispatcher",
                "unit_member",
                "unit_lead",
                "supervisor",
                "administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role NOT IN ('unit_member', 'unit_lead') OR unit_id IS NOT NULL",
            name=op.f("ck_people_unit_role_has_unit"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_people_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("officer_number", name=op.f("uq_people_officer_number")),
        sa.UniqueConstraint("username", name=op.f("uq_people_username")),
    )
    op.create_index(op.f("ix_people_unit_id"), "people", ["unit_id"], unique=False)
    op.create_table(
        "grid_people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("is_phone_public", sa.Boolean(), nullable=False),
        sa.CheckConstraint("to_on IS NULL OR to_on >= from_on", name=op.f("ck_grid_people_duty_range")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_grid_people_grid_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_grid_people_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_people")),
        sa.UniqueConstraint(
            "grid_id", "person_id", "from_on", name=op.f("uq_grid_people_grid_id_person_id_from_on")
        ),
    )
    op.create_index(op.f("ix_grid_people_person_id"), "grid_people", ["person_id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(request_sha256) = 64", name=op.f("ck_idempotency_keys_request_sha256")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_idempotency_keys_person_id")),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(length=100), nullable=True),
        sa.Column("device_name", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_why", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sign_ins_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_expires_at"), "sign_ins", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sign_ins_person_id"), "sign_ins", ["person_id"], unique=False)
    op.create_geospatial_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reported",
                "verifying",
                "filed",
                "assigned",
                "in_progress",
                "rectified",
                "closed",
                "rejected",
                "suspended",
                "voided",
                "merged",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("category_code", sa.String(length=10), nullable=False),
        sa.Column("condition_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("grid_code", sa.String(length=20), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("handler_id", sa.Uuid(), nullable=True),
        sa.Column("reporter_id", sa.Uuid(), nullable=False),
        sa.Column("fixed_by_id", sa.Uuid(), nullable=True),
        sa.Column("checked_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "officer",
                "supervision",
                "hotline",
                "citizen",
                "superior",
                "media",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum(
                "low",
                "normal",
                "high",
                "urgent",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "triage",
            sa.Enum(
                "not_an_officer",
                "outside_grids",
                "condition_open",
                "photos_awaited",
                "no_rule",
                "no_deadline",
                name="triage",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "place",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rectified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("yellow_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_rule", sa.String(length=120), nullable=True),
        sa.Column(
            "due_explanation", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("dispatch_rule_id", sa.String(length=64), nullable=True),
        sa.Column(
            "dispatch_explanation", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.Column("urged_count", sa.Integer(), nullable=False),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("is_self_fixed", sa.Boolean(), nullable=False),
        sa.Column("history_count", sa.Integer(), nullable=False),
        sa.Column("history_sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "state <> 'closed' OR closed_at IS NOT NULL", name=op.f("ck_tickets_closed_has_time")
        ),
        sa.CheckConstraint(
            "state NOT IN ('assigned', 'in_progress') OR unit_id IS NOT NULL",
            name=op.f("ck_tickets_has_unit"),
        ),
        sa.CheckConstraint(
            "checked_by_id IS NULL OR checked_by_id <> fixed_by_id",
            name=op.f("ck_tickets_checker_is_not_fixer"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_tickets_version")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_tickets_category_id")),
        sa.ForeignKeyConstraint(["checked_by_id"], ["people.id"], name=op.f("fk_tickets_checked_by_id")),
        sa.ForeignKeyConstraint(["condition_id"], ["conditions.id"], name=op.f("fk_tickets_condition_id")),
        sa.ForeignKeyConstraint(
            ["dispatch_rule_id"], ["dispatch_rules.id"], name=op.f("fk_tickets_dispatch_rule_id")
        ),
        sa.ForeignKeyConstraint(["fixed_by_id"], ["people.id"], name=op.f("fk_tickets_fixed_by_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_tickets_grid_id")),
        sa.ForeignKeyConstraint(["handler_id"], ["people.id"], name=op.f("fk_tickets_handler_id")),
        sa.ForeignKeyConstraint(["reporter_id"], ["people.id"], name=op.f("fk_tickets_reporter_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_tickets_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_index(
        "ix_tickets_category",
        "tickets",
        ["category_code"],
        unique=False,
        postgresql_ops={"category_code": "text_pattern_ops"},
    )
    op.create_index(
        "ix_tickets_due", "tickets", [sa.literal_column("due_at ASC NULLS LAST"), "id"], unique=False
    )
    op.create_index(
        "ix_tickets_filed",
        "tickets",
        [sa.literal_column("filed_at DESC NULLS LAST"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_grid",
        "tickets",
        ["grid_code"],
        unique=False,
        postgresql_ops={"grid_code": "text_pattern_ops"},
    )
    op.create_index(
        "ix_tickets_open_due",
        "tickets",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text(
            "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
        ),
    )
    op.create_index(
        "ix_tickets_open_grid",
        "tickets",
        ["grid_code", "due_at"],
        unique=False,
        postgresql_ops={"grid_code": "text_pattern_ops"},
        postgresql_where=sa.text(
            "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
        ),
    )
    op.create_index(
        "ix_tickets_open_place",
        "tickets",
        [sa.literal_column("(place::geography)")],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text(
            "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
        ),
    )
    op.create_index(
        "ix_tickets_open_unit_due",
        "tickets",
        ["unit_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text(
            "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
        ),
    )
    op.create_geospatial_index(
        "ix_tickets_place", "tickets", ["place"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        "ix_tickets_reporter",
        "tickets",
        ["reporter_id", sa.literal_column("updated_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_unit_due",
        "tickets",
        ["unit_id", sa.literal_column("due_at ASC NULLS LAST"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_tickets_updated",
        "tickets",
        [sa.literal_column("updated_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_geospatial_table(
        "photos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_by_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column(
            "purpose",
            sa.Enum(
                "before",
                "after",
                "check",
                "evidence",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("file_key", sa.String(length=200), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "captured_place",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "taken_place",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("camera", sa.String(length=200), nullable=True),
        sa.Column("software", sa.String(length=200), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signals", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("size_bytes > 0 AND width > 0 AND height > 0", name=op.f("ck_photos_dimensions")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_photos_ticket_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["people.id"], name=op.f("fk_photos_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    op.create_index("ix_photos_sha256", "photos", ["sha256"], unique=False)
    op.create_index("ix_photos_ticket_id", "photos", ["ticket_id"], unique=False)
    op.create_index(op.f("ix_photos_uploaded_by_id"), "photos", ["uploaded_by_id"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sign_in_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_ins.id"], name=op.f("fk_refresh_tokens_sign_in_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_refresh_tokens")),
    )
    op.create_index(op.f("ix_refresh_tokens_sign_in_id"), "refresh_tokens", ["sign_in_id"], unique=False)
    op.create_table(
        "reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("reporter_id", sa.Uuid(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw_longitude", sa.Float(), nullable=False),
        sa.Column("raw_latitude", sa.Float(), nullable=False),
        sa.Column(
            "raw_crs",
            sa.Enum(
                "wgs84",
                "gcj02",
                "bd09",
                "cgcs2000",
                name="raw_crs",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("provider", sa.String(length=32), nullable=True),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_mocked", sa.Boolean(), nullable=False),
        sa.Column("photo_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("awaited_photo_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("duplicates", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("signals", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["reporter_id"], ["people.id"], name=op.f("fk_reports_reporter_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_reports_ticket_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    op.create_index(
        "ix_reports_awaited_photo_ids",
        "reports",
        ["awaited_photo_ids"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("cardinality(awaited_photo_ids) > 0"),
    )
    op.create_index(op.f("ix_reports_reporter_id"), "reports", ["reporter_id"], unique=False)
    op.create_index(op.f("ix_reports_ticket_id"), "reports", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_clocks",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column(
            "clock",
            sa.Enum(
                "intake",
                "verification",
                "dispatch",
                "sign_for",
                "rectification",
                "check",
                "total",
                name="clock",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(length=32), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.String(length=32), nullable=True),
        sa.Column("calendar_code", sa.String(length=40), nullable=True),
        sa.Column("limit_value", sa.Integer(), nullable=True),
        sa.Column(
            "limit_unit",
            sa.Enum(
                "urgent_hour",
                "urgent_day",
                "working_hour",
                "working_day",
                "calendar_day",
                "working_minute",
                name="limit_unit",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("milestones", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("yellow_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(limit_value IS NULL) = (limit_unit IS NULL)", name=op.f("ck_ticket_clocks_limit_complete")
        ),
        sa.CheckConstraint(
            "stopped_at IS NULL OR stopped_at >= started_at", name=op.f("ck_ticket_clocks_stops_after_start")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_clocks_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_ticket_clocks_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_clocks")),
    )
    op.create_index("ix_ticket_clocks_ticket", "ticket_clocks", ["ticket_id", "id"], unique=False)
    op.create_index(
        "uq_ticket_clocks_running",
        "ticket_clocks",
        ["ticket_id", "clock"],
        unique=True,
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.create_table(
        "ticket_events",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column(
            "from_state",
            sa.Enum(
                "reported",
                "verifying",
                "filed",
                "assigned",
                "in_progress",
                "rectified",
                "closed",
                "rejected",
                "suspended",
                "voided",
                "merged",
                name="from_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_state",
            sa.Enum(
                "reported",
                "verifying",
                "filed",
                "assigned",
                "in_progress",
                "rectified",
                "closed",
                "rejected",
                "suspended",
                "voided",
                "merged",
                name="to_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("photo_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("previous_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "xid", XactId(), server_default=sa.text("pg_current_xact_id()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_ticket_events_actor_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_events_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_events")),
        sa.UniqueConstraint("ticket_id", "seq", name=op.f("uq_ticket_events_ticket_id_seq")),
    )
    op.create_table(
        "original_readings",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_original_readings_person_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_original_readings_photo_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_original_readings")),
    )
    op.create_index(op.f("ix_original_readings_person_id"), "original_readings", ["person_id"], unique=False)
    op.create_index(op.f("ix_original_readings_photo_id"), "original_readings", ["photo_id"], unique=False)

    op.create_index(
        "ix_tickets_searched",
        "tickets",
        [sa.text("(number || ' ' || address || ' ' || description) gin_trgm_ops")],
        unique=False,
        postgresql_using="gin",
    )
    op.execute(AFTER)
    for table in REFERENCE_TABLES:
        op.execute(TRIGGER.format(table=table))


def downgrade() -> None:
    """Go down."""

    op.drop_index(op.f("ix_original_readings_photo_id"), table_name="original_readings")
    op.drop_index(op.f("ix_original_readings_person_id"), table_name="original_readings")
    op.drop_table("original_readings")
    op.drop_table("ticket_events")
    op.drop_index(
        "uq_ticket_clocks_running", table_name="ticket_clocks", postgresql_where=sa.text("stopped_at IS NULL")
    )
    op.drop_index("ix_ticket_clocks_ticket", table_name="ticket_clocks")
    op.drop_table("ticket_clocks")
    op.drop_index(op.f("ix_reports_ticket_id"), table_name="reports")
    op.drop_index(op.f("ix_reports_reporter_id"), table_name="reports")
    op.drop_index(
        "ix_reports_awaited_photo_ids",
        table_name="reports",
        postgresql_using="gin",
        postgresql_where=sa.text("cardinality(awaited_photo_ids) > 0"),
    )
    op.drop_table("reports")
    op.drop_index(op.f("ix_refresh_tokens_sign_in_id"), table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_index(op.f("ix_photos_uploaded_by_id"), table_name="photos")
    op.drop_index("ix_photos_ticket_id", table_name="photos")
    op.drop_index("ix_photos_sha256", table_name="photos")
    op.drop_geospatial_table("photos")
    op.drop_index("ix_tickets_updated", table_name="tickets")
    op.drop_index("ix_tickets_unit_due", table_name="tickets")
    op.drop_index("ix_tickets_reporter", table_name="tickets")
    op.drop_geospatial_index(
        "ix_tickets_place", table_name="tickets", postgresql_using="gist", column_name="place"
    )
    op.drop_index(
        "ix_tickets_open_unit_due",
        table_name="tickets",
        postgresql_where=sa.text(
            "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
        ),
    )
    op.drop_index(
        "ix_tickets_open_place",
        table_name="tickets",
        postgresql_using="gist",
        postgresql_where=sa.text(
            "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
        ),
    )
    op.drop_index(
        "ix_tickets_open_grid",
        table_name="tickets",
        postgresql_ops={"grid_code": "text_pattern_ops"},
        postgresql_where=sa.text(
            "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
        ),
    )
    op.drop_index(
        "ix_tickets_open_due",
        table_name="tickets",
        postgresql_where=sa.text(
            "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
        ),
    )
    op.drop_index("ix_tickets_grid", table_name="tickets", postgresql_ops={"grid_code": "text_pattern_ops"})
    op.drop_index("ix_tickets_filed", table_name="tickets")
    op.drop_index("ix_tickets_due", table_name="tickets")
    op.drop_index(
        "ix_tickets_category", table_name="tickets", postgresql_ops={"category_code": "text_pattern_ops"}
    )
    op.drop_geospatial_table("tickets")
    op.drop_index(op.f("ix_sign_ins_person_id"), table_name="sign_ins")
    op.drop_index(op.f("ix_sign_ins_expires_at"), table_name="sign_ins")
    op.drop_table("sign_ins")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index(op.f("ix_grid_people_person_id"), table_name="grid_people")
    op.drop_table("grid_people")
    op.drop_index(op.f("ix_people_unit_id"), table_name="people")
    op.drop_table("people")
    op.drop_index("uq_grids_code_current", table_name="grids", postgresql_where=sa.text("valid_to IS NULL"))
    op.drop_index(op.f("ix_grids_unit_id"), table_name="grids")
    op.drop_index(op.f("ix_grids_parent_id"), table_name="grids")
    op.drop_geospatial_index(
        "idx_grids_geometry", table_name="grids", postgresql_using="gist", column_name="geometry"
    )
    op.drop_geospatial_table("grids")
    op.drop_index(op.f("ix_dispatch_rules_unit_id"), table_name="dispatch_rules")
    op.drop_table("dispatch_rules")
    op.drop_index(op.f("ix_units_parent_id"), table_name="units")
    op.drop_index(op.f("ix_units_calendar_code"), table_name="units")
    op.drop_table("units")
    op.drop_table("conditions")
    op.drop_table("calendar_days")
    op.drop_table("reference_version")
    op.drop_table("policies")
    op.drop_index(op.f("ix_failed_sign_ins_last_at"), table_name="failed_sign_ins")
    op.drop_table("failed_sign_ins")
    op.drop_index("uq_categories_code_active", table_name="categories", postgresql_where=sa.text("is_active"))
    op.drop_table("categories")
    op.drop_table("calendars")

    op.execute("DROP FUNCTION raise_reference_version")
    op.execute("DROP FUNCTION refuse_change_of_history")
    op.execute("DROP SEQUENCE ticket_numbers")
