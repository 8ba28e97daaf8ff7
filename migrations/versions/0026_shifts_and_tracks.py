"""Shifts, their tracks, and what those come to; phones send both in batches.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


BEFORE, AFTER = ("report", "step", "photo"), ("report", "step", "photo", "shift", "track")

TRIGGER = """
CREATE FUNCTION refuse_change_of_track_readings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION $m$who read a track is never changed$m$;
END $$;
CREATE TRIGGER track_readings_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON track_readings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_track_readings();
"""


def take_kinds(kinds: tuple[str, ...]) -> None:
    """Let waiting things be of these kinds; the rows that are there are checked by a later migration."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    # What takes its place takes more: no client loses a guarantee.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE waiting_items DROP CONSTRAINT ck_waiting_items_kind"
    )
    op.execute(
        f"ALTER TABLE waiting_items ADD CONSTRAINT ck_waiting_items_kind CHECK (kind IN ({listed})) NOT VALID"
    )


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "shifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("team", sa.String(length=100), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "paused",
                "ended",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("left_out", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("walked_m", sa.Float(), nullable=False),
        sa.Column("tracked_s", sa.Float(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_longitude", sa.Float(), nullable=True),
        sa.Column("last_latitude", sa.Float(), nullable=True),
        sa.Column("last_accuracy_m", sa.Float(), nullable=True),
        sa.Column("last_battery_share", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_shifts_ended_has_time")
        ),
        sa.CheckConstraint(
            "(last_at IS NULL) = (last_longitude IS NULL OR last_latitude IS NULL)",
            name=op.f("ck_shifts_last_place"),
        ),
        sa.CheckConstraint("ended_at > started_at", name=op.f("ck_shifts_ends_after_start")),
        sa.CheckConstraint("length(request_sha256) = 64", name=op.f("ck_shifts_request_sha256")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_shifts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index("ix_shifts_person_id_started_at", "shifts", ["person_id", "started_at"])
    op.create_index("ix_shifts_started_at", "shifts", ["started_at", "id"])
    op.create_index("ix_shifts_started_on", "shifts", ["started_on"])
    op.create_index("ix_shifts_unmeasured", "shifts", ["id"], postgresql_where=sa.text("measured_at IS NULL"))
    op.create_index(
        "uq_shifts_person_id_running",
        "shifts",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_table(
        "track_readings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_track_readings_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_track_readings_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track_readings")),
    )
    op.create_index(op.f("ix_track_readings_by_id"), "track_readings", ["by_id"])
    op.create_index("ix_track_readings_person_id_at", "track_readings", ["person_id", "at", "id"])
    op.create_table(
        "patrol_visits",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("grid", "place", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("buffer_m", sa.Float(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dwell_s", sa.Float(), nullable=False),
        sa.Column("walked_m", sa.Float(), nullable=False),
        sa.CheckConstraint("stopped_at >= started_at", name=op.f("ck_patrol_visits_range")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_patrol_visits_person_id")),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["shifts.id"], name=op.f("fk_patrol_visits_shift_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_visits")),
    )
    op.create_index("ix_patrol_visits_code", "patrol_visits", ["kind", "code", "started_at"])
    op.create_index("ix_patrol_visits_kind_started_at", "patrol_visits", ["kind", "started_at"])
    op.create_index(op.f("ix_patrol_visits_person_id"), "patrol_visits", ["person_id"])
    op.create_index(op.f("ix_patrol_visits_shift_id"), "patrol_visits", ["shift_id"])
    op.create_table(
        "road_walks",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("stretches", sa.Integer(), nullable=False),
        sa.Column("entered", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("gone_m", sa.Float(), nullable=False),
        sa.Column("length_m", sa.Float(), nullable=False),
        sa.CheckConstraint("cardinality(entered) <= stretches", name=op.f("ck_road_walks_entered")),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["shifts.id"], name=op.f("fk_road_walks_shift_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shift_id", "code", name=op.f("pk_road_walks")),
    )
    op.create_index("ix_road_walks_on_date", "road_walks", ["on_date", "code"])
    op.create_table(
        "place_passes",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["shifts.id"], name=op.f("fk_place_passes_shift_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shift_id", "code", name=op.f("pk_place_passes")),
    )
    op.create_index("ix_place_passes_code", "place_passes", ["code", sa.text("passed_at DESC")])
    op.create_index("ix_place_passes_passed_at", "place_passes", ["passed_at"], postgresql_using="brin")
    op.create_table(
        "shift_events",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "start",
                "pause",
                "resume",
                "stop",
                "expire",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["shifts.id"], name=op.f("fk_shift_events_shift_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shift_id", "at", name=op.f("pk_shift_events")),
    )
    op.create_table(
        "track_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(length=100), nullable=True),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("out_of_order", sa.Integer(), nullable=False),
        sa.Column("left_out", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("stored BETWEEN 0 AND points", name=op.f("ck_track_batches_stored")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_track_batches_person_id")),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["shifts.id"], name=op.f("fk_track_batches_shift_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track_batches")),
    )
    op.create_index(op.f("ix_track_batches_person_id"), "track_batches", ["person_id"])
    op.create_index(op.f("ix_track_batches_shift_id"), "track_batches", ["shift_id"])
    op.create_table(
        "track_points",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("longitude", sa.DOUBLE_PRECISION(), nullable=False),
        sa.Column("latitude", sa.DOUBLE_PRECISION(), nullable=False),
        sa.Column("accuracy_m", sa.REAL(), nullable=True),
        sa.Column("speed_m_s", sa.REAL(), nullable=True),
        sa.Column("battery_share", sa.REAL(), nullable=True),
        sa.Column("is_mock", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["shifts.id"], name=op.f("fk_track_points_shift_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("shift_id", "at", name=op.f("pk_track_points")),
    )
    op.create_index("ix_track_points_at", "track_points", ["at"], postgresql_using="brin")
    op.execute(TRIGGER)
    take_kinds(AFTER)


def downgrade() -> None:
    """Go down."""
    take_kinds(BEFORE)
    op.drop_table("track_readings")
    op.execute("DROP FUNCTION refuse_change_of_track_readings")
    op.drop_table("track_points")
    op.drop_table("track_batches")
    op.drop_table("shift_events")
    op.drop_table("place_passes")
    op.drop_table("road_walks")
    op.drop_table("patrol_visits")
    op.drop_table("shifts")
