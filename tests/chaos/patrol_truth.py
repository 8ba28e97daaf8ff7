"""What the city has in the end of patrols and tasks, read from its tables."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from api.db import Database, ReadSession
from api.domain.tracks import to_ms
from api.models import (
    CheckIn,
    PatrolVisit,
    Person,
    RoadWalk,
    Shift,
    ShiftEvent,
    Task,
    TicketEvent,
    TrackBatch,
    TrackPoint,
)
from tests.chaos.ledger import Point


@dataclass(frozen=True, slots=True)
class TaskRow:
    """An assignment, people by user name."""

    id: UUID
    duty_id: UUID
    ticket_id: UUID
    kind: str
    state: str
    assignee: str | None
    attempt: int
    ended_at: datetime | None
    ended_by: str | None
    answer: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A step that may have answered a task."""

    ticket_id: UUID
    action: str
    username: str | None
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class PatrolTruth:
    """Rows by their ids; events, points, visits and walks by shift."""

    people: dict[UUID, str]
    shifts: dict[UUID, Any]
    events: dict[UUID, list[tuple[str, datetime]]]
    points: dict[UUID, dict[int, Point]]
    batches: dict[UUID, Any]
    visits: dict[UUID, list[Any]]
    walks: dict[UUID, list[Any]]
    check_ins: dict[UUID, Any]
    tasks: dict[UUID, TaskRow]
    answers: list[AnswerRow]

    def counts(self) -> dict[str, int]:
        """Return how much of each there is."""
        tasks = Counter(f"tasks {task.state}" for task in self.tasks.values())
        return {
            "shifts": len(self.shifts),
            "ended by the system": sum(events[-1][0] == "expire" for events in self.events.values()),
            "points": sum(map(len, self.points.values())),
            "batches": len(self.batches),
            "points told again": sum(batch.left_out.get("duplicate", 0) for batch in self.batches.values()),
            "visits": sum(map(len, self.visits.values())),
            "check-ins": len(self.check_ins),
            **dict(sorted(tasks.items())),
        }


async def read_patrol(database: Database) -> PatrolTruth:
    """Read everything at one moment."""
    async with database.snapshot() as session:
        chosen = select(col(Person.id), col(Person.username))
        people = {row.id: row.username for row in await session.execute(chosen)}
        points: dict[UUID, dict[int, Point]] = {}
        for row in await session.scalars(select(TrackPoint)):
            point = Point(row.longitude, row.latitude, row.accuracy_m, row.is_mock)
            points.setdefault(row.shift_id, {})[to_ms(row.at)] = point
        events: dict[UUID, list[tuple[str, datetime]]] = {}
        for row in await session.scalars(select(ShiftEvent).order_by(col(ShiftEvent.at))):
            events.setdefault(row.shift_id, []).append((row.action.value, row.at))
        tasks = [
            TaskRow(
                id=row.id,
                duty_id=row.duty_id,
                ticket_id=row.ticket_id,
                kind=row.kind,
                state=row.state,
                assignee=_name(people, row.assignee_id),
                attempt=row.attempt,
                ended_at=row.ended_at,
                ended_by=_name(people, row.ended_by_id),
                answer=row.answer,
                reason=row.reason,
            )
            for row in await session.scalars(select(Task))
        ]
        answers = [
            AnswerRow(row.ticket_id, row.action, _name(people, row.actor_id), row.at, row.note)
            for row in await session.scalars(select(TicketEvent))
        ]
        return PatrolTruth(
            people=people,
            shifts=await _by_id(session, select(Shift)),
            events=events,
            points=points,
            batches=await _by_id(session, select(TrackBatch)),
            visits=await _by_shift(session, select(PatrolVisit)),
            walks=await _by_shift(session, select(RoadWalk)),
            check_ins=await _by_id(session, select(CheckIn)),
            tasks={task.id: task for task in tasks},
            answers=answers,
        )


def _name(people: dict[UUID, str], person_id: UUID | None) -> str | None:
    return None if person_id is None else people[person_id]


async def _by_id(session: ReadSession, rows: Select[Any]) -> dict[UUID, Any]:
    return {row.id: row for row in await session.scalars(rows)}


async def _by_shift(session: ReadSession, rows: Select[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in await session.scalars(rows):
        found.setdefault(row.shift_id, []).append(row)
    return found
