"""Units and people have versions; people may be valid for a time, and what is done to accounts is kept.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DEEDS = "created", "changed", "password_set", "phone_read"

AFTER = """
CREATE FUNCTION refuse_change_of_person_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was done to an account is never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER person_events_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON person_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_person_events();
"""

# A hash that no password has, for tables whose accounts all have one.
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def upgrade() -> None:
    """Go up."""
    for table in ("units", "people"):
        # In one statement, so that the rows are not read a second time for the constraint.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN version integer DEFAULT 1 NOT NULL"
            f" CONSTRAINT ck_{table}_version CHECK (version > 0)"
        )
    op.add_column("people", sa.Column("valid_until", sa.Date(), nullable=True))
    # The release before takes an account without a hash for one whose password is wrong, which is what is meant.
    op.execute(
        "-- squawk-ignore ban-drop-not-null\nALTER TABLE people ALTER COLUMN password_hash DROP NOT NULL"
    )
    op.create_table(
        "person_events",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "deed",
            sa.Enum(*DEEDS, name="deed", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_events_person_id")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_person_events_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_events")),
    )
    op.create_index(op.f("ix_person_events_person_id"), "person_events", ["person_id"])
    op.execute(AFTER)


def downgrade() -> None:
    """Go down."""
    op.drop_table("person_events")
    op.execute("DROP FUNCTION refuse_change_of_person_events")
    op.execute(
        sa.text("UPDATE people SET password_hash = :nobodys WHERE password_hash IS NULL").bindparams(
            nobodys=NOBODYS
        )
    )
    op.alter_column("people", "password_hash", existing_type=sa.String(length=255), nullable=False)
    op.drop_column("people", "valid_until")
    for table in ("people", "units"):
        op.drop_column(table, "version")
