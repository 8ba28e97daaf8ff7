"""Who read where somebody was at that moment.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_track_readings_at": (["at", "id"], None),
    "uq_track_readings_live": (["by_id", "person_id", "on_date"], "is_live"),
}


def upgrade() -> None:
    """Go up."""
    op.add_column(
        "track_readings",
        sa.Column("is_live", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    with op.get_context().autocommit_block():
        # Building waits for transactions that are under way, however long they take.
        op.execute("SET lock_timeout = 0")
        for name, (columns, condition) in INDEXES.items():
            # An attempt that was broken off leaves an index that nothing uses.
            op.drop_index(name, "track_readings", if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                "track_readings",
                columns,
                unique=condition is not None,
                postgresql_where=sa.text(condition) if condition else None,
                if_not_exists=True,
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    """Go down."""
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.drop_index(name, "track_readings", if_exists=True, postgresql_concurrently=True)
    op.drop_column("track_readings", "is_live")
