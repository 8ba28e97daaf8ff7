"""Calendars as they are stored, their versions, how far ahead they know, and whom a change would meet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.access import Role
from api.domain.calendar_warnings import Outlook, outlook
from api.domain.calendars import CalendarDay, DayKind, Ranges, WorkCalendar
from api.domain.ledger import Timekeeping
from api.models import Calendar, CalendarVersion, Person
from api.models import CalendarDay as CalendarDayRow
from api.pages import NumberCursor, Page, context_of
from api.queries.ledgers import running_cycles
from api.queries.policies import load_policies

EXAMINED_MAX = 20_000
"""Open tickets that a preview looks at; a batch of them at a time is in memory."""

_BATCH = 1_000
_EXAMPLES_MAX = 20


@dataclass(frozen=True, slots=True)
class StoredCalendar:
    """A calendar and the version that it is at."""

    calendar: WorkCalendar
    version: int


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """One version of a calendar: who stored it, when, and the whole of it. Nobody stored what came from a file."""

    stored: StoredCalendar
    changed_at: datetime
    changed_by_id: UUID | None
    changed_by: str | None
    changed_by_role: Role | None
    note: str


@dataclass(frozen=True, slots=True)
class ChangedDue:
    """A ticket that would be due at another time; None where the calendar could not tell."""

    ticket_id: UUID
    number: str
    due_at: datetime | None
    new_due_at: datetime | None


@dataclass(slots=True)
class Affected:
    """What a calendar would make of the open tickets whose time is counted in it.

    `unknown` counts tickets that the calendar is not loaded far enough for; they are among `changed` where
    their due time is known today. Not complete when there are more tickets than were examined.
    """

    examined: int
    changed: int
    later: int
    earlier: int
    unknown: int
    examples: list[ChangedDue]
    is_complete: bool


async def load_calendars(session: ReadSession) -> dict[str, StoredCalendar]:
    """Return all calendars by code."""
    days: dict[str, list[CalendarDay]] = {}
    for row in (await session.execute(select(CalendarDayRow))).scalars():
        days.setdefault(row.calendar_code, []).append(_day(row))
    rows = (await session.execute(select(Calendar).order_by(col(Calendar.code)))).scalars()
    return {row.code: _stored(row.code, row, days.get(row.code, [])) for row in rows}


async def lock_calendars(session: WriteSession) -> None:
    """Let nobody else store a calendar until the transaction ends; reading them goes on.

    The whole table, because a calendar that is only about to be made has no row to lock.
    """
    await session.execute(text("LOCK TABLE calendars IN SHARE ROW EXCLUSIVE MODE"))


async def find_calendar(session: ReadSession, code: str) -> StoredCalendar | None:
    """Return a calendar as it is now, newer perhaps than the snapshot; None when there is none with this code."""
    row = (await session.execute(select(Calendar).where(col(Calendar.code) == code))).scalar_one_or_none()
    if row is None:
        return None
    days = select(CalendarDayRow).where(col(CalendarDayRow.calendar_code) == code)
    return _stored(code, row, [_day(day) for day in (await session.execute(days)).scalars()])


async def find_versions(
    session: ReadSession, code: str, *, limit: int, cursor: str | None
) -> Page[VersionFacts]:
    """Return a page of a calendar's versions, newest first; none for a calendar that does not exist."""
    context = context_of("calendar_versions", code)
    last = NumberCursor.decode(cursor, context)
    statement = (
        select(CalendarVersion, col(Person.name), col(Person.role))
        .outerjoin(Person, col(Person.id) == col(CalendarVersion.changed_by_id))
        .where(col(CalendarVersion.calendar_code) == code)
        .order_by(col(CalendarVersion.version).desc())
    )
    if last is not None:
        statement = statement.where(col(CalendarVersion.version) < last.number)
    rows = (await session.execute(statement.limit(limit + 1))).all()
    items = [_version(row, name, role) for row, name, role in rows[:limit]]
    more = len(rows) > limit
    return Page(items, NumberCursor(items[-1].stored.version, context).encode() if more else None)


async def find_short_calendars(session: ReadSession, now: datetime) -> list[Outlook]:
    """Return the calendars whose holidays are loaded for fewer days than the office's policy wants."""
    policies = await load_policies(session)
    calendars = await load_calendars(session)
    return [
        seen
        for stored in calendars.values()
        if (seen := outlook(stored.calendar, now)).days_left < policies.calendar_warning_days
    ]


async def find_affected(
    session: ReadSession, calendar: WorkCalendar, timekeeping: Timekeeping, examined_max: int = EXAMINED_MAX
) -> Affected:
    """Compute anew, in this calendar, when the open tickets that use it are due, and count what would differ."""
    timekeeping = replace(timekeeping, calendars={**timekeeping.calendars, calendar.code: calendar})
    affected = Affected(0, 0, 0, 0, 0, [], is_complete=True)
    after: UUID | None = None
    while room := examined_max - affected.examined:
        limit = min(_BATCH, room)
        batch = await running_cycles(session, after, limit, calendar.code)
        for cycle in batch:
            new = cycle.due_times(timekeeping).due_at
            _count(affected, ChangedDue(cycle.ticket_id, cycle.number, cycle.due_at, new))
        if len(batch) < limit:
            return affected
        after = batch[-1].ticket_id
    affected.is_complete = not await running_cycles(session, after, 1, calendar.code)
    return affected


def _count(affected: Affected, found: ChangedDue) -> None:
    affected.examined += 1
    due_at, new = found.due_at, found.new_due_at
    affected.unknown += new is None
    if new == due_at:
        return
    affected.changed += 1
    if new is not None and due_at is not None:
        affected.later += new > due_at
        affected.earlier += new < due_at
    if len(affected.examples) < _EXAMPLES_MAX:
        affected.examples.append(found)


def _stored(code: str, row: Calendar | CalendarVersion, days: Sequence[CalendarDay]) -> StoredCalendar:
    calendar = WorkCalendar(
        code=code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        time_zone=row.time_zone,
        weekly=[_ranges(ranges) for ranges in row.weekly],
        exceptions=sorted(days, key=lambda day: day.on),
        first_on=row.first_on,
        last_on=row.last_on,
        working_day_minutes=row.working_day_minutes,
    )
    return StoredCalendar(calendar, row.version)


def _day(row: CalendarDayRow) -> CalendarDay:
    return CalendarDay(row.on, row.kind, _ranges(row.ranges), row.name_zh, row.name_en)


def _version(row: CalendarVersion, changed_by: str | None, role: Role | None) -> VersionFacts:
    stored = _stored(row.calendar_code, row, [_kept_day(day) for day in row.days])
    return VersionFacts(stored, row.changed_at, row.changed_by_id, changed_by, role, row.note)


def _kept_day(kept: Mapping[str, Any]) -> CalendarDay:
    kind, on = DayKind(kept["kind"]), date.fromisoformat(kept["on"])
    return CalendarDay(on, kind, _ranges(kept["ranges"]), kept["name_zh"], kept["name_en"])


def _ranges(kept: Sequence[Sequence[int]]) -> Ranges:
    return tuple((first, last) for first, last in kept)
