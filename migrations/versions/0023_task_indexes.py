"""Where tasks, places not seen lately and what is nearest are found; built while people go on working.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

AT_PLACE = "place_code IS NOT NULL"
CHECKED_AT_PLACE = f"{AT_PLACE} AND checked_at IS NOT NULL"
LACKS_TASK = "task_id IS NULL AND (state = 'verifying' OR state = 'rectified' AND checked_at IS NULL)"
INDEXES = {
    "ix_tickets_task_assignee": (["task_assignee_id"], "task_assignee_id IS NOT NULL"),
    "ix_tickets_task_done_by": (["task_done_by_id"], "task_done_by_id IS NOT NULL"),
    "ix_tickets_lacks_task": (["updated_at", "id"], LACKS_TASK),
    "ix_tickets_place_seen": (["place_code", sa.text("observed_at DESC")], AT_PLACE),
    "ix_tickets_place_checked": (["place_code", sa.text("checked_at DESC")], CHECKED_AT_PLACE),
}
NEAREST = "ix_places_nearest"
VALIDATED = {
    "tickets": (
        "fk_tickets_task_assignee_id",
        "fk_tickets_task_done_by_id",
        "ck_tickets_task_kind",
        "ck_tickets_task_has_kind",
        "ck_tickets_task_of_assignee",
    ),
    "feed_marks": ("ck_feed_marks_complete",),
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
        op.drop_index(NEAREST, "places", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            NEAREST,
            "places",
            [sa.text("(geometry::geography)")],
            postgresql_using="gist",
            postgresql_where=sa.text("is_active"),
            if_not_exists=True,
            postgresql_concurrently=True,
        )
        op.execute("SET lock_timeout = '5s'")
    for table, names in VALIDATED.items():
        for name in names:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    """Go down: a valid constraint is a constraint."""
    with op.get_context().autocommit_block():
        op.drop_index(NEAREST, "places", if_exists=True, postgresql_concurrently=True)
        for name in INDEXES:
            op.drop_index(name, "tickets", if_exists=True, postgresql_concurrently=True)
