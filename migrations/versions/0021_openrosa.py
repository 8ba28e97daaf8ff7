"""ODK Collect: tokens for devices, and the submissions that came.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "device_tokens",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sign_in_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_device_tokens_sha256")),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_ins.id"], name=op.f("fk_device_tokens_sign_in_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_device_tokens")),
        sa.UniqueConstraint("sign_in_id", name=op.f("uq_device_tokens_sign_in_id")),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.String(length=200), nullable=False),
        sa.Column("form_id", sa.String(length=64), nullable=False),
        sa.Column("form_version", sa.String(length=40), nullable=False),
        sa.Column("xml_sha256", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("length(xml_sha256) = 64", name=op.f("ck_submissions_xml_sha256")),
        sa.CheckConstraint(
            "(done_at IS NULL) = (ticket_id IS NULL)", name=op.f("ck_submissions_done_has_ticket")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_submissions_person_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_submissions_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
    )
    op.create_index(op.f("ix_submissions_person_id"), "submissions", ["person_id"])
    op.create_index(op.f("ix_submissions_ticket_id"), "submissions", ["ticket_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("submissions")
    op.drop_table("device_tokens")
