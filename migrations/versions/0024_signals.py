"""Fraud signals: prints of pictures, what was found, what was said of it, and what is still to be looked at.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KINDS = (
    "file_seen_before",
    "picture_seen_before",
    "picture_resembles",
    "picture_cut_from_earlier",
    "after_same_as_before",
    "after_edited_from_before",
    "after_cut_from_before",
    "editing_software_named",
    "taken_in_future",
    "taken_before_dispatch",
    "taken_before_repair",
    "taken_long_ago",
    "taken_elsewhere",
    "location_mocked",
    "accuracy_zero",
    "accuracy_constant",
    "coordinates_repeated",
    "speed_impossible",
    "far_from_place",
)
STATES = ("open", "confirmed", "cleared")
OPEN_FIRST = (sa.text("is_open DESC"), sa.text("id DESC"))

# Whatever writes a photo or a report, an older release too, the look at it is noted in the same transaction. All that
# is there already is looked at as well: photos of today may be taken from those of last year.
AFTER = """
CREATE FUNCTION refuse_change_of_signal_reviews() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was said of a signal is never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER signal_reviews_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON signal_reviews
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_signal_reviews();

CREATE FUNCTION examine_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO signal_examinations (photo_id) VALUES (NEW.id);
    RETURN NULL;
END $$;

CREATE TRIGGER photos_examine_new AFTER INSERT ON photos
    FOR EACH ROW WHEN (NEW.ticket_id IS NOT NULL) EXECUTE FUNCTION examine_photo();
CREATE TRIGGER photos_examine_tied AFTER UPDATE OF ticket_id ON photos
    FOR EACH ROW WHEN (NEW.ticket_id IS NOT NULL AND NEW.ticket_id IS DISTINCT FROM OLD.ticket_id)
    EXECUTE FUNCTION examine_photo();

CREATE FUNCTION examine_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO signal_examinations (report_id) VALUES (NEW.id);
    RETURN NULL;
END $$;

CREATE TRIGGER reports_examine_new AFTER INSERT ON reports FOR EACH ROW EXECUTE FUNCTION examine_report();

INSERT INTO signal_examinations (photo_id) SELECT id FROM photos WHERE ticket_id IS NOT NULL ORDER BY received_at;
"""


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "photo_prints",
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("phash", sa.BigInteger(), nullable=True),
        sa.Column("sketch", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("octet_length(sketch) = 4096", name=op.f("ck_photo_prints_sketch")),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_photo_prints_photo_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_photo_prints")),
    )
    for number, shift in enumerate((48, 32, 16, 0)):
        op.create_index(
            f"ix_photo_prints_band{number}", "photo_prints", [sa.text(f"((phash >> {shift}) & 65535)")]
        )
    op.create_table(
        "signals",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=True),
        sa.Column("other_photo_id", sa.Uuid(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("(photo_id IS NULL) <> (report_id IS NULL)", name=op.f("ck_signals_of_one_thing")),
        sa.CheckConstraint("weight > 0 AND weight <= 1", name=op.f("ck_signals_weight")),
        sa.CheckConstraint("is_open = (state = 'open')", name=op.f("ck_signals_is_open")),
        sa.CheckConstraint("version > 0", name=op.f("ck_signals_version")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_signals_photo_id")),
        sa.ForeignKeyConstraint(["other_photo_id"], ["photos.id"], name=op.f("fk_signals_other_photo_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_signals_report_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_signals_ticket_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_signals_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_signals_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
    )
    for name in ("photo_id", "report_id"):
        op.create_index(
            f"uq_signals_{name}",
            "signals",
            [name, "kind"],
            unique=True,
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )
    op.create_index("ix_signals_open", "signals", [*OPEN_FIRST])
    for name in ("ticket_id", "person_id", "kind"):
        op.create_index(f"ix_signals_{name}", "signals", [name, *OPEN_FIRST])
    op.create_index("ix_signals_raised_at", "signals", ["raised_at"])
    op.create_index(
        "ix_signals_unit_id",
        "signals",
        ["unit_id", *OPEN_FIRST],
        postgresql_where=sa.text("unit_id IS NOT NULL"),
    )
    op.create_table(
        "signal_reviews",
        sa.Column("signal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "from_state",
            sa.Enum(*STATES, name="from_state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "to_state",
            sa.Enum(*STATES, name="to_state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "to_state <> 'open' AND to_state <> from_state", name=op.f("ck_signal_reviews_to_another")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_signal_reviews_reason")),
        sa.ForeignKeyConstraint(["signal_id"], ["signals.id"], name=op.f("fk_signal_reviews_signal_id")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_signal_reviews_by_id")),
        sa.PrimaryKeyConstraint("signal_id", "version", name=op.f("pk_signal_reviews")),
    )
    op.create_index(op.f("ix_signal_reviews_by_id"), "signal_reviews", ["by_id"])
    op.create_table(
        "signal_examinations",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(photo_id IS NULL) <> (report_id IS NULL)", name=op.f("ck_signal_examinations_of_one_thing")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_examinations")),
    )
    op.execute(AFTER)


def downgrade() -> None:
    """Go down."""
    op.execute("DROP TRIGGER reports_examine_new ON reports")
    op.execute("DROP TRIGGER photos_examine_tied ON photos")
    op.execute("DROP TRIGGER photos_examine_new ON photos")
    op.execute("DROP FUNCTION examine_report")
    op.execute("DROP FUNCTION examine_photo")
    op.drop_table("signal_examinations")
    op.drop_table("signal_reviews")
    op.execute("DROP FUNCTION refuse_change_of_signal_reviews")
    op.drop_table("signals")
    op.drop_table("photo_prints")
