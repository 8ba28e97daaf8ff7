"""Check old rows against the constraints that 0003 and 0004 added; apart from them, so that nobody waits meanwhile.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CONSTRAINTS = (
    "ck_tickets_agreed_role",
    "ck_tickets_master_is_another",
    "ck_tickets_merged_has_master",
    "ck_tickets_noticed",
    "ck_tickets_suspended_has_end",
    "ck_tickets_triage",
    "fk_tickets_merged_into_id",
)


def upgrade() -> None:
    """Go up."""
    for name in CONSTRAINTS:
        op.execute(f"ALTER TABLE tickets VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    """Go down: a valid constraint is a constraint."""
