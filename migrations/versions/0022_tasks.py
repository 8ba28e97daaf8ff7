"""Tasks: who is asked to verify, to check and to look back; tickets repeat the open one, the feed tells of it.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KINDS = ("verification", "check", "second_check", "look_back")
STATES = ("planned", "open", "done", "refused", "handed_over", "overdue", "released", "moot")
OPEN = sa.text("state = 'open'")

COMPLETE = """(kind = 'person') = (person_id IS NOT NULL) AND (kind = 'person') = (ticket_id IS NULL)
 AND (kind = 'left') = (unit_id IS NOT NULL OR grid_code IS NOT NULL OR place_code IS NOT NULL{more})"""

CONSTRAINTS = {
    "fk_tickets_task_assignee_id": "FOREIGN KEY (task_assignee_id) REFERENCES people (id)",
    "fk_tickets_task_done_by_id": "FOREIGN KEY (task_done_by_id) REFERENCES people (id)",
    "ck_tickets_task_kind": "CHECK (task_kind IN ('verification', 'check', 'second_check', 'look_back'))",
    "ck_tickets_task_has_kind": "CHECK ((task_id IS NULL) = (task_kind IS NULL))",
    "ck_tickets_task_of_assignee": "CHECK (task_id IS NOT NULL OR task_assignee_id IS NULL)",
}
"""On a table that exists; 0027 checks its rows."""

# Whoever loses a task, or is no longer the last who did one, may lose sight of the ticket; and phones that keep it
# have to learn who is asked now.
MARKS = """
CREATE FUNCTION mark_task() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    officer uuid;
    has_left boolean := false;
BEGIN
    FOR officer IN
        SELECT DISTINCT one FROM unnest(ARRAY[OLD.task_assignee_id, OLD.task_done_by_id]) AS one
        WHERE one IS NOT NULL
            AND one IS DISTINCT FROM NEW.task_assignee_id AND one IS DISTINCT FROM NEW.task_done_by_id
    LOOP
        INSERT INTO feed_marks (kind, ticket_id, officer_id) VALUES ('left', NEW.id, officer);
        has_left := true;
    END LOOP;
    IF NOT has_left THEN
        INSERT INTO feed_marks (kind, ticket_id) VALUES ('touched', NEW.id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tickets_mark_task AFTER UPDATE OF task_id, task_assignee_id, task_done_by_id ON tickets
    FOR EACH ROW WHEN (
        (OLD.task_id, OLD.task_assignee_id, OLD.task_done_by_id)
            IS DISTINCT FROM (NEW.task_id, NEW.task_assignee_id, NEW.task_done_by_id)
    ) EXECUTE FUNCTION mark_task();
"""


def enum_type(name, values):
    """Return a text column type guarded by a CHECK."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("duty_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", enum_type("kind", KINDS), nullable=False),
        sa.Column("state", enum_type("state", STATES), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("choice", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('planned', 'open')) = (ended_at IS NULL)", name=op.f("ck_tasks_ended_has_time")
        ),
        sa.CheckConstraint(
            "state <> 'planned' OR assignee_id IS NULL", name=op.f("ck_tasks_planned_has_nobody")
        ),
        sa.CheckConstraint("state <> 'done' OR answer IS NOT NULL", name=op.f("ck_tasks_done_has_answer")),
        sa.CheckConstraint("attempt > 0", name=op.f("ck_tasks_attempt")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_tasks_ticket_id")),
        sa.ForeignKeyConstraint(["assignee_id"], ["people.id"], name=op.f("fk_tasks_assignee_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["people.id"], name=op.f("fk_tasks_ended_by_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_tasks_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index("uq_tasks_open", "tasks", ["ticket_id"], unique=True, postgresql_where=OPEN)
    op.create_index("ix_tasks_ticket", "tasks", ["ticket_id", "made_at", "id"])
    op.create_index(
        "ix_tasks_assignee_open", "tasks", ["assignee_id", "due_at", "id"], postgresql_where=OPEN
    )
    op.create_index("ix_tasks_assignee", "tasks", ["assignee_id", "made_at"])
    op.create_index("ix_tasks_due", "tasks", ["due_at", "id"], postgresql_where=OPEN)
    op.create_index("ix_tasks_made", "tasks", [sa.text("made_at DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_tasks_planned", "tasks", ["starts_at", "id"], postgresql_where=sa.text("state = 'planned'")
    )
    # Columns that may be empty are added to a full table at once.
    op.add_column("tickets", sa.Column("task_id", sa.Uuid(), nullable=True))
    op.add_column("tickets", sa.Column("task_kind", sa.String(length=32), nullable=True))
    op.add_column("tickets", sa.Column("task_assignee_id", sa.Uuid(), nullable=True))
    op.add_column("tickets", sa.Column("task_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("task_done_by_id", sa.Uuid(), nullable=True))
    for name, definition in CONSTRAINTS.items():
        op.execute(f"ALTER TABLE tickets ADD CONSTRAINT {name} {definition} NOT VALID")
    op.add_column("feed_marks", sa.Column("officer_id", sa.Uuid(), nullable=True))
    _mark_complete(" OR officer_id IS NOT NULL")
    op.execute(MARKS)


def downgrade() -> None:
    """Go down: marks of officers who lost a task are forgotten, as their tasks are."""
    op.execute("DROP TRIGGER tickets_mark_task ON tickets")
    op.execute("DROP FUNCTION mark_task")
    op.execute("DELETE FROM feed_marks WHERE officer_id IS NOT NULL")
    _mark_complete("")
    op.execute("ALTER TABLE feed_marks VALIDATE CONSTRAINT ck_feed_marks_complete")
    op.drop_column("feed_marks", "officer_id")
    for name in CONSTRAINTS:
        op.execute(f"ALTER TABLE tickets DROP CONSTRAINT {name}")
    for column in ("task_done_by_id", "task_due_at", "task_assignee_id", "task_kind", "task_id"):
        op.drop_column("tickets", column)
    op.drop_table("tasks")


def _mark_complete(more: str) -> None:
    # In one statement, so that no row is written without either. What the release before writes meets both.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE feed_marks DROP CONSTRAINT ck_feed_marks_complete,"
        " ADD CONSTRAINT ck_feed_marks_complete"
        f" CHECK ({COMPLETE.format(more=more)}) NOT VALID"
    )
