"""Let somebody read a day's track, or where people are; that she read another's is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, String, any_, func, literal, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.errors import NotFound
from api.domain.measuring import day_span
from api.domain.policies import Policies
from api.domain.tracks import Fix, on_duty
from api.models import Person, TrackReading
from api.pages import Page
from api.queries.shifts import ShiftFacts, find_courses, page_of_positions
from api.queries.tracks import Tracked, TrackedShift, find_fixes, find_shifts_between, find_tracked


@dataclass(frozen=True, slots=True)
class DayTrack:
    """The points of a person's shifts on one local day, as they are stored."""

    person: Tracked
    shifts: Sequence[tuple[TrackedShift, Sequence[Fix]]]


async def read_positions(
    session: WriteSession, viewer: Viewer, today: date, now: datetime, *, limit: int, cursor: str | None
) -> Page[ShiftFacts]:
    """Return a page of the people in the viewer's charge who are on duty; whose place she saw today is kept once."""
    page = await page_of_positions(session, viewer, today, limit=limit, cursor=cursor)
    shown = [facts.username for facts in page.items if facts.last_at is not None]
    if shown:
        seen = select(
            func.gen_random_uuid(),
            col(Person.id),
            literal(viewer.person_id),
            literal(today),
            literal(now),
            true(),
        ).where(
            col(Person.username) == any_(literal(shown, ARRAY(String))), col(Person.id) != viewer.person_id
        )
        names = ["id", "person_id", "by_id", "on_date", "at", "is_live"]
        await session.execute(insert(TrackReading).from_select(names, seen).on_conflict_do_nothing())
    return page


async def read_day(
    session: WriteSession,
    viewer: Viewer,
    username: str,
    on: date,
    policies: Policies,
    zone: ZoneInfo,
    today: date,
    now: datetime,
) -> DayTrack:
    """Return a person's track of a day; NotFound for somebody who is not in the viewer's charge, or not there."""
    person = await find_tracked(session, viewer, username, today)
    if person is None:
        raise NotFound("There is nobody of this name whose track you may read.", person=username)
    if person.person_id != viewer.person_id:
        row = {"person_id": person.person_id, "by_id": viewer.person_id, "on_date": on, "at": now}
        await session.execute(insert(TrackReading).values(id=uuid4(), **row))
    since, until = day_span(on, zone)
    shifts = await find_shifts_between(session, person.person_id, since, until)
    courses = await find_courses(session, [shift.id for shift in shifts])
    longest = timedelta(hours=policies.shift_hours_max)
    found: list[tuple[TrackedShift, Sequence[Fix]]] = []
    for shift in shifts:
        fixes = await find_fixes(session, shift.id, since, until)
        found.append((shift, on_duty(fixes, courses[shift.id].spans(longest))))
    return DayTrack(person, found)
