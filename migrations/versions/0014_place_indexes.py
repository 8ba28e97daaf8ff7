"""Tickets are found by their place; the index is built while people go on working.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NAME = "ix_tickets_place_code"
RULE_CONSTRAINTS = (
    "ck_dispatch_rules_hours",
    "ck_dispatch_rules_one_where",
    "fk_dispatch_rules_area_code",
    "fk_dispatch_rules_place_code",
    "fk_dispatch_rules_place_type",
)


def upgrade() -> None:
    """Go up."""
    op.execute("ALTER TABLE tickets VALIDATE CONSTRAINT fk_tickets_place_code")
    for name in RULE_CONSTRAINTS:
        op.execute(f"ALTER TABLE dispatch_rules VALIDATE CONSTRAINT {name}")
    with op.get_context().autocommit_block():
        # Building waits for transactions that are under way, however long they take.
        op.execute("SET lock_timeout = 0")
        # An attempt that was broken off leaves an index that nothing uses.
        op.drop_index(NAME, "tickets", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            NAME,
            "tickets",
            ["place_code", sa.text("due_at ASC NULLS LAST"), "id"],
            postgresql_where=sa.text("place_code IS NOT NULL"),
            if_not_exists=True,
            postgresql_concurrently=True,
        )
        op.execute("SET lock_timeout = '5s'")


def downgrade() -> None:
    """Go down."""
    with op.get_context().autocommit_block():
        op.drop_index(NAME, "tickets", if_exists=True, postgresql_concurrently=True)
