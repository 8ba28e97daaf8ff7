"""The whole lifecycle: requests, returns, rulings, suspension, merging, reopening, escalation.

Constraints on the table that is full of tickets are validated in 0005, indexes built in 0006: neither holds
anybody up.

Revision ID: 0003
Revises: 0002
"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TRIAGE = ("not_an_officer", "outside_grids", "condition_open", "photos_awaited", "no_rule", "no_deadline")
NEW_TRIAGE = (*TRIAGE, "returned", "adjudication")
ROLES = ("officer", "dispatcher", "unit_member", "unit_lead", "supervisor", "administrator")
STATES = (
    "reported",
    "verifying",
    "filed",
    "assigned",
    "in_progress",
    "rectified",
    "closed",
    "rejected",
    "suspended",
    "voided",
    "merged",
)
KINDS = ("extension", "suspension", "void", "appeal", "help")

# With a default a column is added to a full table at once, and the release before can go on writing meanwhile.
COUNTS = ("extension_count", "reopen_count", "supervised_count")
FLAGS = ("is_pinned", "has_appealed", "is_exempt")
ARRAYS = {
    "returned_unit_ids": sa.ARRAY(sa.Integer()),
    "open_helper_ids": sa.ARRAY(sa.Integer()),
    "pending_kinds": sa.ARRAY(sa.String(length=40)),
}
INSTANTS = ("return_until", "suspended_until", "escalates_at")


def listed(values):
    """Write values as SQL lists them."""
    return ", ".join(f"'{value}'" for value in values)


CHECKS = {
    "ck_tickets_agreed_role": f"agreed_role IN ({listed(ROLES)})",
    "ck_tickets_suspended_has_end": "(state = 'suspended') = (suspended_until IS NOT NULL)",
    "ck_tickets_merged_has_master": "(state = 'merged') = (merged_into_id IS NOT NULL)",
    "ck_tickets_master_is_another": "merged_into_id <> id",
}


def enum_type(name, values):
    """Return a text column type guarded by a CHECK."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Go up."""
    for name in COUNTS:
        op.add_column("tickets", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    for name in FLAGS:
        op.add_column("tickets", sa.Column(name, sa.Boolean(), server_default="false", nullable=False))
    for name, kind in ARRAYS.items():
        op.add_column("tickets", sa.Column(name, kind, server_default="{}", nullable=False))
    for name in INSTANTS:
        op.add_column("tickets", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("agreed_role", sa.String(length=32), nullable=True))
    op.add_column("tickets", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.execute(
        "ALTER TABLE tickets ADD CONSTRAINT fk_tickets_merged_into_id"
        " FOREIGN KEY (merged_into_id) REFERENCES tickets (id) NOT VALID"
    )
    for name, condition in CHECKS.items():
        op.execute(f"ALTER TABLE tickets ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    _change_triage(NEW_TRIAGE)
    op.add_column("ticket_clocks", sa.Column("extensions", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "ticket_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", enum_type("kind", KINDS), nullable=False),
        sa.Column("state", enum_type("state", ("pending", "granted", "denied", "lapsed")), nullable=False),
        sa.Column("made_in", enum_type("made_in", STATES), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("agreed_role", enum_type("agreed_role", ROLES), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state = 'pending') = (decided_at IS NULL)", name=op.f("ck_ticket_requests_decided_has_time")
        ),
        sa.CheckConstraint(
            "kind <> 'help' OR unit_id IS NOT NULL", name=op.f("ck_ticket_requests_help_has_unit")
        ),
        sa.CheckConstraint(
            "kind <> 'suspension' OR until IS NOT NULL", name=op.f("ck_ticket_requests_suspension_has_end")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name=op.f("fk_ticket_requests_asked_by_id")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["people.id"], name=op.f("fk_ticket_requests_decided_by_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_requests_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_ticket_requests_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_requests")),
    )
    op.create_index("ix_ticket_requests_ticket", "ticket_requests", ["ticket_id", "asked_at", "id"])
    op.create_index(
        "uq_ticket_requests_pending",
        "ticket_requests",
        ["ticket_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'pending' AND kind <> 'help'"),
    )
    op.create_index(
        "uq_ticket_requests_pending_help",
        "ticket_requests",
        ["ticket_id", "unit_id"],
        unique=True,
        postgresql_where=sa.text("state = 'pending' AND kind = 'help'"),
    )
    op.create_index(
        "ix_ticket_requests_help",
        "ticket_requests",
        ["unit_id", "ticket_id"],
        postgresql_where=sa.text("kind = 'help'"),
    )


def downgrade() -> None:
    """Go down."""
    op.drop_table("ticket_requests")
    op.drop_column("ticket_clocks", "extensions")
    _change_triage(TRIAGE)
    for name in CHECKS:
        op.drop_constraint(op.f(name), "tickets", type_="check")
    # The foreign key goes with its column.
    for name in (*COUNTS, *FLAGS, *ARRAYS, *INSTANTS, "agreed_role", "merged_into_id"):
        op.drop_column("tickets", name)


def _change_triage(values) -> None:
    # The new one allows more, in the same transaction: no row slips in between.
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE tickets DROP CONSTRAINT ck_tickets_triage")
    op.execute(
        f"ALTER TABLE tickets ADD CONSTRAINT ck_tickets_triage CHECK (triage IN ({listed(values)})) NOT VALID"
    )
