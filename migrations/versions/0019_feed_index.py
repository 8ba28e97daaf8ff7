"""The order in which the feed reads events, built while people go on working.

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME = "ix_ticket_events_xid_id"


def upgrade() -> None:
    """Go up."""
    with op.get_context().autocommit_block():
        # Building waits for transactions that are under way, however long they take.
        op.execute("SET lock_timeout = 0")
        # An attempt that was broken off leaves an index that nothing uses.
        op.drop_index(NAME, "ticket_events", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            NAME, "ticket_events", ["xid", "id"], if_not_exists=True, postgresql_concurrently=True
        )
        op.execute("SET lock_timeout = '5s'")


def downgrade() -> None:
    """Go down."""
    with op.get_context().autocommit_block():
        op.drop_index(NAME, "ticket_events", if_exists=True, postgresql_concurrently=True)
