"""Notices: what is raised once for each ticket, clock, cycle and level, and the messages that people read.

Revision ID: 0004
Revises: 0003
"""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CLOCKS = ("intake", "verification", "dispatch", "sign_for", "rectification", "check", "total")
LEVELS = ("near_due", "overdue", "escalated")
ROLES = ("officer", "dispatcher", "unit_member", "unit_lead", "supervisor", "administrator")
RECEIVER_COMPLETE = (
    "(role IN ('unit_member', 'unit_lead')) = (unit_id IS NOT NULL)"
    " AND (role = 'officer') = (grid_code IS NOT NULL)"
)


def enum_type(name, values):
    """Return a text column type guarded by a CHECK."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Go up."""
    # With a default a column is added to a full table at once.
    op.add_column("tickets", sa.Column("noticed", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "ALTER TABLE tickets ADD CONSTRAINT ck_tickets_noticed CHECK (noticed BETWEEN 0 AND 2) NOT VALID"
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("role", enum_type("role", ROLES), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("grid_code", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notice_count", sa.Integer(), nullable=False),
        sa.Column("is_digest", sa.Boolean(), nullable=False),
        sa.CheckConstraint(RECEIVER_COMPLETE, name=op.f("ck_messages_receiver_complete")),
        sa.CheckConstraint("notice_count > 0", name=op.f("ck_messages_has_notices")),
        sa.CheckConstraint("is_digest OR notice_count = 1", name=op.f("ck_messages_one_or_digest")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_messages_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_unit",
        "messages",
        ["unit_id", sa.text("id DESC")],
        postgresql_where=sa.text("unit_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_grid",
        "messages",
        ["grid_code", sa.text("id DESC")],
        postgresql_ops={"grid_code": "text_pattern_ops"},
        postgresql_where=sa.text("grid_code IS NOT NULL"),
    )
    op.create_index("ix_messages_role", "messages", ["role", sa.text("id DESC")])
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("clock", enum_type("clock", CLOCKS), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("level", enum_type("level", LEVELS), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("role", enum_type("role", ROLES), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("grid_code", sa.String(length=20), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deliver_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("obsolete_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(RECEIVER_COMPLETE, name=op.f("ck_notices_receiver_complete")),
        sa.CheckConstraint(
            "(level = 'escalated') = (rung > 0)", name=op.f("ck_notices_escalated_has_rung")
        ),
        sa.CheckConstraint(
            "message_id IS NULL OR obsolete_at IS NULL", name=op.f("ck_notices_told_or_obsolete")
        ),
        sa.CheckConstraint("deliver_at >= raised_at", name=op.f("ck_notices_delivered_after_raised")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_notices_message_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_notices_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_notices_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("ticket_id", "clock", "cycle", "level", "rung", name="uq_notices_once"),
    )
    op.create_index(
        "ix_notices_waiting",
        "notices",
        ["role", "unit_id", "grid_code", "deliver_at"],
        postgresql_where=sa.text("message_id IS NULL AND obsolete_at IS NULL"),
    )
    op.create_index(
        "ix_notices_message",
        "notices",
        ["message_id"],
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Go down."""
    op.drop_table("notices")
    op.drop_table("messages")
    # The CHECK goes with the column.
    op.drop_column("tickets", "noticed")
