"""Dispatch rules have versions.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    # In one statement, so that the rows are not read a second time for the constraint. The default lets the release
    # before go on writing while the new one starts.
    op.execute(
        "ALTER TABLE dispatch_rules ADD COLUMN version integer DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_dispatch_rules_version CHECK (version > 0)"
    )


def downgrade() -> None:
    """Go down."""
    op.drop_column("dispatch_rules", "version")
