"""Checkpoints and posts, check-ins, rosters and plans of patrols.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


CHECKS = {
    ("waiting_items", "kind"): (
        ("report", "step", "photo", "shift", "track"),
        ("report", "step", "photo", "shift", "track", "checkin"),
    ),
    ("kept_changes", "noun"): (
        ("grid", "area", "place", "place_type", "category", "condition", "unit", "rule", "policy"),
        (
            *("grid", "area", "place", "place_type", "category", "condition", "unit", "rule", "policy"),
            *("checkpoint", "roster", "patrol_plan"),
        ),
    ),
}
"""Columns that take more values from now on: before and after."""


def take(which: int) -> None:
    """Let the columns take these values; the rows that are there are checked by a later migration."""
    for (table, column), values in CHECKS.items():
        listed = ", ".join(f"'{value}'" for value in values[which])
        # What takes its place takes more: no client loses a guarantee.
        op.execute(
            f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT ck_{table}_{column}"
        )
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({listed})) NOT VALID"
        )


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "patrol_plans",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("grids", postgresql.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("places", postgresql.ARRAY(sa.String(length=200)), nullable=False),
        sa.Column("place_type", sa.String(length=40), nullable=True),
        sa.Column("buffer_m", sa.Float(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column(
            "period",
            sa.Enum("day", "week", name="period", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("hours", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("off_hours_share", sa.Float(), nullable=False),
        sa.Column("dwell_min_s", sa.Integer(), nullable=False),
        sa.Column("checklist", postgresql.ARRAY(sa.String(length=200)), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("buffer_m BETWEEN 0 AND 1000", name=op.f("ck_patrol_plans_buffer_m")),
        sa.CheckConstraint("off_hours_share BETWEEN 0 AND 1", name=op.f("ck_patrol_plans_off_hours_share")),
        sa.CheckConstraint("times BETWEEN 1 AND 50", name=op.f("ck_patrol_plans_times")),
        sa.CheckConstraint("to_on IS NULL OR to_on >= from_on", name=op.f("ck_patrol_plans_days")),
        sa.CheckConstraint("version > 0", name=op.f("ck_patrol_plans_version")),
        sa.ForeignKeyConstraint(
            ["place_type"], ["place_types.code"], name=op.f("fk_patrol_plans_place_type")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_patrol_plans")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("radius_m", sa.Float(), nullable=False),
        sa.Column("ways", postgresql.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("rotation_s", sa.Integer(), nullable=False),
        sa.Column("staff_min", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("radius_m BETWEEN 1 AND 1000", name=op.f("ck_checkpoints_radius_m")),
        sa.CheckConstraint(
            "rotation_s BETWEEN 15 AND 86400 AND mod(86400, rotation_s) = 0",
            name=op.f("ck_checkpoints_rotation_s"),
        ),
        sa.CheckConstraint("staff_min >= 0", name=op.f("ck_checkpoints_staff_min")),
        sa.CheckConstraint("version > 0", name=op.f("ck_checkpoints_version")),
        sa.ForeignKeyConstraint(["place"], ["places.code"], name=op.f("fk_checkpoints_place")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_checkpoints")),
    )
    op.create_index(op.f("ix_checkpoints_place"), "checkpoints", ["place"])
    op.create_table(
        "check_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("checkpoint", sa.String(length=40), nullable=False),
        sa.Column(
            "way",
            sa.Enum(
                "geofence", "qr", "nfc", name="way", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("distance_m", sa.Float(), nullable=True),
        sa.Column("answers", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("length(request_sha256) = 64", name=op.f("ck_check_ins_request_sha256")),
        sa.ForeignKeyConstraint(["checkpoint"], ["checkpoints.code"], name=op.f("fk_check_ins_checkpoint")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_check_ins_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_ins")),
    )
    op.create_index("ix_check_ins_at", "check_ins", ["at", "id"])
    op.create_index("ix_check_ins_checkpoint_at", "check_ins", ["checkpoint", "at"])
    op.create_index("ix_check_ins_person_id_at", "check_ins", ["person_id", "at", "id"])
    op.create_table(
        "roster_slots",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("post", sa.String(length=40), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stops_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("staff_min", sa.Integer(), nullable=False),
        sa.CheckConstraint("staff_min >= 0", name=op.f("ck_roster_slots_staff_min")),
        sa.CheckConstraint("stops_at > starts_at", name=op.f("ck_roster_slots_range")),
        sa.ForeignKeyConstraint(["post"], ["checkpoints.code"], name=op.f("fk_roster_slots_post")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_slots")),
    )
    op.create_index("ix_roster_slots_on_date", "roster_slots", ["on_date", "post"])
    op.create_index(op.f("ix_roster_slots_post"), "roster_slots", ["post"])
    take(1)
    # A check-in is done without a ticket.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE submissions DROP CONSTRAINT ck_submissions_done_has_ticket"
    )
    op.execute(
        "ALTER TABLE submissions ADD CONSTRAINT ck_submissions_ticket_when_done"
        " CHECK (ticket_id IS NULL OR done_at IS NOT NULL) NOT VALID"
    )


def downgrade() -> None:
    """Go down; what came of forms of check-ins goes with the check-ins."""
    op.execute("DELETE FROM submissions WHERE done_at IS NOT NULL AND ticket_id IS NULL")
    op.execute("ALTER TABLE submissions DROP CONSTRAINT ck_submissions_ticket_when_done")
    op.execute(
        "ALTER TABLE submissions ADD CONSTRAINT ck_submissions_done_has_ticket"
        " CHECK ((done_at IS NULL) = (ticket_id IS NULL))"
    )
    take(0)
    op.drop_table("roster_slots")
    op.drop_table("check_ins")
    op.drop_table("checkpoints")
    op.drop_table("patrol_plans")
