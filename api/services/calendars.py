"""Store calendars. Whatever way one comes, from a file or from an administrator, every version of it is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.calendar_drafts import check_covers
from api.domain.calendars import WorkCalendar
from api.domain.imports import ImportChange
from api.domain.ledger import Timekeeping
from api.domain.versions import check_version
from api.models import Calendar, CalendarDay, CalendarVersion
from api.queries.calendars import Affected, StoredCalendar, find_affected, find_calendar, lock_calendars

FROM_FILE = "from a file"
"""The note of a version that no person stored."""


@dataclass(frozen=True, slots=True)
class PutCalendar:
    """What became of a calendar that was sent: the version it is at, and the open tickets that it meets.

    In a preview `version` is still the old one, 0 for a calendar that would be new.
    """

    stored: StoredCalendar
    affected: Affected
    is_new: bool


async def put_calendar(
    session: WriteSession,
    viewer: Viewer,
    calendar: WorkCalendar,
    seen_version: int | None,
    now: datetime,
    timekeeping: Timekeeping,
    *,
    note: str = "",
    is_preview: bool = False,
) -> PutCalendar:
    """Store a new version of a calendar, or a new calendar; what is stored already is not stored again.

    Tickets keep their due times; `affected` says how many would get others if they were computed anew. A preview
    stores nothing. Raises FieldWrong for a calendar that is not loaded today, VersionNeeded where an existing
    one is changed blindly, VersionConflict when somebody else was faster, NotFound for a version of a calendar
    that does not exist.
    """
    check_covers(calendar, now)
    if not is_preview:
        await lock_calendars(session)
    stored = await find_calendar(session, calendar.code)
    is_same = stored is not None and _content(stored.calendar) == _content(calendar)
    if not is_same:
        check_version("calendar", stored.version if stored else None, seen_version, calendar=calendar.code)
    affected = await find_affected(session, calendar, timekeeping)
    version = stored.version if stored else 0
    if not is_same and not is_preview:
        version = await _store(session, calendar, stored, now, viewer.person_id, note)
    return PutCalendar(StoredCalendar(calendar, version), affected, is_new=stored is None)


async def store_calendars(
    session: WriteSession, calendars: Iterable[WorkCalendar], now: datetime
) -> ImportChange:
    """Store calendars that come from a file; one that is there already, with other content, gets a new version.

    Calendars that are not among them stay: units, stages and tickets count in them.
    """
    await lock_calendars(session)
    added: list[str] = []
    changed: list[str] = []
    unchanged = 0
    for calendar in calendars:
        stored = await find_calendar(session, calendar.code)
        if stored is not None and _content(stored.calendar) == _content(calendar):
            unchanged += 1
            continue
        await _store(session, calendar, stored, now, None, FROM_FILE)
        (changed if stored else added).append(calendar.code)
    return ImportChange(added, changed, (), unchanged)


async def _store(
    session: WriteSession,
    calendar: WorkCalendar,
    stored: StoredCalendar | None,
    now: datetime,
    changed_by_id: UUID | None,
    note: str,
) -> int:
    """Write the calendar, its days and its version; return the version."""
    version = stored.version + 1 if stored else 1
    content = _content(calendar)
    days: list[dict[str, Any]] = content.pop("days")
    row = {**content, "version": version}
    if stored is None:
        await session.execute(insert(Calendar).values(code=calendar.code, **row))
    else:
        await session.execute(update(Calendar).where(col(Calendar.code) == calendar.code).values(**row))
        await session.execute(delete(CalendarDay).where(col(CalendarDay.calendar_code) == calendar.code))
    if days:
        await session.execute(
            insert(CalendarDay).values([{"calendar_code": calendar.code, **day} for day in days])
        )
    await session.execute(
        insert(CalendarVersion).values(
            **row,
            calendar_code=calendar.code,
            days=[{**day, "on": day["on"].isoformat()} for day in days],
            changed_by_id=changed_by_id,
            changed_at=now,
            note=note,
        )
    )
    return version


def _content(calendar: WorkCalendar) -> dict[str, Any]:
    """Return all that makes a calendar, as its tables hold it; equal content is the same calendar."""
    return {
        "name_zh": calendar.name_zh,
        "name_en": calendar.name_en,
        "time_zone": calendar.time_zone,
        "weekly": [[list(pair) for pair in ranges] for ranges in calendar.weekly],
        "working_day_minutes": calendar.working_day_minutes,
        "first_on": calendar.first_on,
        "last_on": calendar.last_on,
        "days": [
            {
                "on": on,
                "kind": day.kind,
                "ranges": [list(pair) for pair in day.ranges],
                "name_zh": day.name_zh,
                "name_en": day.name_en,
            }
            for on, day in sorted(calendar.exceptions.items())
        ],
    }
