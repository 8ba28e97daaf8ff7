"""The change feed: what no event tells is marked by triggers, and an installation knows its own data.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KINDS = ("left", "touched", "person")
OPEN = "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"


class XactId(UserDefinedType):
    """PostgreSQL's xid8."""

    cache_ok = True

    def get_col_spec(self, **_):
        """Return the type's name in DDL."""
        return "xid8"


# Conditions stand in WHEN clauses: a row that is of no interest costs no call.
AFTER = f"""
INSERT INTO installation (id, city, epoch) VALUES (1, gen_random_uuid(), gen_random_uuid());

CREATE FUNCTION mark_departure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed_marks (kind, ticket_id, unit_id, was_escalated, grid_code, place_code) VALUES (
        'left',
        OLD.id,
        CASE WHEN OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.escalation_level > NEW.escalation_level
            THEN OLD.unit_id END,
        OLD.escalation_level > 0,
        CASE WHEN OLD.grid_code IS DISTINCT FROM NEW.grid_code THEN OLD.grid_code END,
        CASE WHEN OLD.place_code IS DISTINCT FROM NEW.place_code THEN OLD.place_code END
    );
    RETURN NULL;
END $$;

CREATE TRIGGER tickets_mark_departure AFTER UPDATE OF unit_id, grid_code, place_code, escalation_level ON tickets
    FOR EACH ROW WHEN (
        OLD.unit_id IS NOT NULL
            AND (OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.escalation_level > NEW.escalation_level)
        OR OLD.grid_code IS NOT NULL AND OLD.grid_code IS DISTINCT FROM NEW.grid_code
        OR OLD.place_code IS NOT NULL AND OLD.place_code IS DISTINCT FROM NEW.place_code
    ) EXECUTE FUNCTION mark_departure();

CREATE FUNCTION mark_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed_marks (kind, ticket_id) VALUES ('touched', NEW.ticket_id);
    RETURN NULL;
END $$;

CREATE TRIGGER photos_mark_new AFTER INSERT ON photos
    FOR EACH ROW WHEN (NEW.ticket_id IS NOT NULL) EXECUTE FUNCTION mark_photo();
CREATE TRIGGER photos_mark_tied AFTER UPDATE OF ticket_id ON photos
    FOR EACH ROW WHEN (NEW.ticket_id IS NOT NULL AND NEW.ticket_id IS DISTINCT FROM OLD.ticket_id)
    EXECUTE FUNCTION mark_photo();

CREATE FUNCTION mark_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed_marks (kind, person_id) VALUES ('person', NEW.id);
    RETURN NULL;
END $$;

CREATE TRIGGER people_mark_person AFTER UPDATE OF role, unit_id, is_active, valid_until ON people
    FOR EACH ROW WHEN (
        (OLD.role, OLD.unit_id, OLD.is_active, OLD.valid_until)
            IS DISTINCT FROM (NEW.role, NEW.unit_id, NEW.is_active, NEW.valid_until)
    ) EXECUTE FUNCTION mark_person();

CREATE FUNCTION mark_duty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed_marks (kind, person_id)
        VALUES ('person', CASE WHEN TG_OP = 'DELETE' THEN OLD.person_id ELSE NEW.person_id END);
    RETURN NULL;
END $$;

CREATE TRIGGER grid_people_mark_person AFTER INSERT OR UPDATE OR DELETE ON grid_people
    FOR EACH ROW EXECUTE FUNCTION mark_duty();
CREATE TRIGGER sign_ins_mark_person AFTER UPDATE OF revoked_at ON sign_ins
    FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
    EXECUTE FUNCTION mark_duty();

-- Names and roles of reporters and handlers stand in the tickets that phones hold.
CREATE FUNCTION mark_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed_marks (kind, ticket_id)
        SELECT 'touched', id FROM tickets
        WHERE (reporter_id = NEW.id OR unit_id = OLD.unit_id AND handler_id = NEW.id)
            AND ({OPEN} OR updated_at > now() - interval '366 days');
    RETURN NULL;
END $$;

CREATE TRIGGER people_mark_renamed AFTER UPDATE OF name, role ON people
    FOR EACH ROW WHEN ((OLD.name, OLD.role) IS DISTINCT FROM (NEW.name, NEW.role))
    EXECUTE FUNCTION mark_renamed();
"""


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("city", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "feed_marks",
        sa.Column(
            "id",
            sa.BigInteger(),
            autoincrement=False,
            server_default=sa.text("nextval('ticket_events_id_seq'::regclass)"),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("was_escalated", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("grid_code", sa.String(length=20), nullable=True),
        sa.Column("place_code", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("xid", XactId(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'person') = (person_id IS NOT NULL) AND (kind = 'person') = (ticket_id IS NULL)"
            " AND (kind = 'left') = (unit_id IS NOT NULL OR grid_code IS NOT NULL OR place_code IS NOT NULL)",
            name=op.f("ck_feed_marks_complete"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_marks")),
    )
    op.create_index("ix_feed_marks_xid_id", "feed_marks", ["xid", "id"])
    op.create_index("ix_feed_marks_at", "feed_marks", ["at"])
    op.execute(AFTER)


def downgrade() -> None:
    """Go down."""
    for trigger, table in (
        ("tickets_mark_departure", "tickets"),
        ("photos_mark_new", "photos"),
        ("photos_mark_tied", "photos"),
        ("people_mark_person", "people"),
        ("people_mark_renamed", "people"),
        ("grid_people_mark_person", "grid_people"),
        ("sign_ins_mark_person", "sign_ins"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("mark_departure", "mark_photo", "mark_person", "mark_duty", "mark_renamed"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("feed_marks")
    op.drop_table("installation")
