"""What is done to the office's data is kept.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NOUNS = "grid", "area", "place", "place_type", "category", "condition", "unit", "rule", "policy"

AFTER = """
CREATE FUNCTION refuse_change_of_kept_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was kept of a change is never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER kept_changes_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON kept_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_kept_changes();
"""


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "kept_changes",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column(
            "noun",
            sa.Enum(*NOUNS, name="noun", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_kept_changes_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_changes")),
    )
    op.create_index(op.f("ix_kept_changes_by_id"), "kept_changes", ["by_id"])
    op.create_index("ix_kept_changes_noun_code", "kept_changes", ["noun", "code", "id"])
    op.execute(AFTER)


def downgrade() -> None:
    """Go down."""
    op.drop_table("kept_changes")
    op.execute("DROP FUNCTION refuse_change_of_kept_changes")
