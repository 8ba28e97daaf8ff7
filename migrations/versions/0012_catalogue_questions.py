"""The catalogue has versions, asks questions of its own, and retires single conditions.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def json_type() -> postgresql.JSONB:
    """Return the type of columns that hold JSON, where nothing is NULL."""
    return postgresql.JSONB(none_as_null=True, astext_type=sa.Text())


def upgrade() -> None:
    """Go up."""
    # In one statement, so that the rows are not read a second time for the constraint. The defaults let the release
    # before go on writing while the new one starts.
    op.execute(
        "ALTER TABLE categories ADD COLUMN version integer DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_categories_version CHECK (version > 0)"
    )
    op.add_column("categories", sa.Column("questions", json_type(), nullable=True))
    op.add_column(
        "conditions", sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("reports", sa.Column("answers", json_type(), nullable=True))
    op.create_table(
        "catalogue_versions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_catalogue_versions_by_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_catalogue_versions")),
    )
    op.create_index(op.f("ix_catalogue_versions_by_id"), "catalogue_versions", ["by_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("catalogue_versions")
    op.drop_column("reports", "answers")
    op.drop_column("conditions", "is_active")
    op.drop_column("categories", "questions")
    op.drop_column("categories", "version")
