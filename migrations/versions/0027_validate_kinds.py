"""Check what waits against the kinds that phones send now.

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.execute("ALTER TABLE waiting_items VALIDATE CONSTRAINT ck_waiting_items_kind")


def downgrade() -> None:
    """Go down: a valid constraint is a constraint."""
