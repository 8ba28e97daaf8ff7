"""What one person sent, by its time: signals compare photos and fixes with earlier ones.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_photos_uploaded_by_id_received_at": ("photos", ["uploaded_by_id", "received_at"]),
    "ix_reports_reporter_id_observed_at": ("reports", ["reporter_id", "observed_at"]),
}


def upgrade() -> None:
    """Go up."""
    with op.get_context().autocommit_block():
        # Building waits for transactions that are under way, however long they take.
        op.execute("SET lock_timeout = 0")
        for name, (table, columns) in INDEXES.items():
            # An attempt that was broken off leaves an index that nothing uses.
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, columns, if_not_exists=True, postgresql_concurrently=True)
        op.execute("SET lock_timeout = '5s'")


def downgrade() -> None:
    """Go down."""
    with op.get_context().autocommit_block():
        for name, (table, _) in INDEXES.items():
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
