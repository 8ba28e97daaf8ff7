"""Phones send in batches: steps may wait for their tickets, photos are announced.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("sign_ins", sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sign_ins", sa.Column("clock_skew_s", sa.Float(), nullable=True))
    op.add_column("idempotency_keys", sa.Column("led_to", sa.Integer(), nullable=True))
    op.create_table(
        "waiting_items",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("sign_in_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.String(length=100), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.Column("body", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_skew_s", sa.Float(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('report', 'step', 'photo')", name=op.f("ck_waiting_items_kind")),
        sa.CheckConstraint("state IN ('waiting', 'refused', 'expired')", name=op.f("ck_waiting_items_state")),
        sa.CheckConstraint(
            "(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_waiting_items_ended_has_time")
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (code IS NULL)", name=op.f("ck_waiting_items_ended_has_code")
        ),
        sa.CheckConstraint("after_id IS DISTINCT FROM id", name=op.f("ck_waiting_items_not_after_itself")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_waiting_items_person_id")),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_ins.id"], name=op.f("fk_waiting_items_sign_in_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_waiting_items")),
    )
    op.create_index(op.f("ix_waiting_items_sign_in_id"), "waiting_items", ["sign_in_id"])
    op.create_index(
        "ix_waiting_items_ticket_id",
        "waiting_items",
        ["ticket_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_waiting_items_expires_at",
        "waiting_items",
        ["expires_at"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_waiting_items_ended_at",
        "waiting_items",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_table(
        "declared_photos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('before', 'after', 'check', 'evidence')", name=op.f("ck_declared_photos_purpose")
        ),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_declared_photos_size_bytes")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_declared_photos_sha256")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_declared_photos_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declared_photos")),
    )
    op.create_index(op.f("ix_declared_photos_person_id"), "declared_photos", ["person_id"])
    op.create_index("ix_declared_photos_declared_at", "declared_photos", ["declared_at"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("declared_photos")
    op.drop_table("waiting_items")
    op.drop_column("idempotency_keys", "led_to")
    op.drop_column("sign_ins", "clock_skew_s")
    op.drop_column("sign_ins", "synced_at")
