"""People have posts.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("people", sa.Column("post", sa.String(length=100), nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("people", "post")
