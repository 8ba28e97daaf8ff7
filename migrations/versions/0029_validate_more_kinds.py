"""Check what is there against the values that its columns take now.

Revision ID: 0029
Revises: 0028
"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.execute("ALTER TABLE waiting_items VALIDATE CONSTRAINT ck_waiting_items_kind")
    op.execute("ALTER TABLE kept_changes VALIDATE CONSTRAINT ck_kept_changes_noun")
    op.execute("ALTER TABLE submissions VALIDATE CONSTRAINT ck_submissions_ticket_when_done")


def downgrade() -> None:
    """Go down: a valid constraint is a constraint."""
