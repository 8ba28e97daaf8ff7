"""Indexes of the whole lifecycle on tickets, built while people go on working.

Revision ID: 0006
Revises: 0005
"""

from alembic import op
import sqlalchemy as sa

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OPEN = "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified', 'suspended')"
WATCHED = "state IN ('reported', 'verifying', 'filed', 'assigned', 'in_progress', 'rectified')"
INDEXES = {
    "ix_tickets_waiting": (["due_at", "id"], f"{OPEN} OR cardinality(pending_kinds) > 0"),
    "ix_tickets_escalates": (["escalates_at"], "escalates_at IS NOT NULL"),
    "ix_tickets_suspended_until": (["suspended_until"], "suspended_until IS NOT NULL"),
    "ix_tickets_merged": (["merged_into_id"], "merged_into_id IS NOT NULL"),
    "ix_tickets_merged_reporter": (["reporter_id", "merged_into_id"], "merged_into_id IS NOT NULL"),
    "ix_tickets_near_due": (["yellow_at"], f"{WATCHED} AND noticed = 0"),
    "ix_tickets_not_noticed": (["due_at"], f"{WATCHED} AND noticed < 2"),
}


def upgrade() -> None:
    """Go up."""
    with op.get_context().autocommit_block():
        # Building waits for transactions that are under way, however long they take.
        op.execute("SET lock_timeout = 0")
        for name, (columns, condition) in INDEXES.items():
            # An attempt that was broken off leaves an index that nothing uses.
            op.drop_index(name, "tickets", if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                "tickets",
                columns,
                postgresql_where=sa.text(condition),
                if_not_exists=True,
                postgresql_concurrently=True,
            )
        op.execute("SET lock_timeout = '5s'")


def downgrade() -> None:
    """Go down."""
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.drop_index(name, "tickets", if_exists=True, postgresql_concurrently=True)
