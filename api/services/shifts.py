"""Start shifts, pause them, go on and stop; end those that nobody stopped."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.device_clock import RIGHT, DeviceClock
from api.domain.errors import FieldWrong, IdTaken, LimitReached, NotFound, ShiftRunning
from api.domain.policies import Policies
from api.domain.reference import Reference
from api.domain.shifts import Course, ShiftAction, ShiftEvent, ShiftState
from api.domain.tracks import to_instant
from api.models import Person, Shift, TrackPoint
from api.models import ShiftEvent as ShiftEventRow
from api.queries.shifts import find_courses
from api.services.tickets import check_device_time

_BATCH = 200

EVENTS_MAX = 200
"""What may happen to one shift: a pause each ten minutes for longer than any shift lasts."""


@dataclass(frozen=True, slots=True)
class ShiftStart:
    """A shift as a phone starts it; the time is by its clock."""

    id: UUID
    started_at: datetime
    team: str = ""

    def request_sha256(self) -> str:
        """Return a hash by which the same start is known again."""
        content = (self.started_at.timestamp(), self.team)
        return hashlib.sha256(repr(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ShiftStep:
    """A pause, its end, or the stop of a shift; the time is by the phone's clock."""

    shift_id: UUID
    action: ShiftAction
    at: datetime


def longest_shift(policies: Policies) -> timedelta:
    """Return how long a shift may last."""
    return timedelta(hours=policies.shift_hours_max)


async def start_shift(
    session: WriteSession,
    viewer: Viewer,
    start: ShiftStart,
    policies: Policies,
    zone: ZoneInfo,
    now: datetime,
    clock: DeviceClock = RIGHT,
) -> bool:
    """Start a shift; False when this very one had been started before.

    One that is told late, while a later one is there, ends where that began, unless its stop was earlier: nobody is
    on two shifts at once, and no phone without a network loses its shift to another one. Raises ShiftRunning when a
    shift of the same person, on whichever phone, was under way at that instant; IdTaken for an id that was used
    otherwise; FieldWrong for an instant that can't be meant.
    """
    check_device_time(start.started_at, now, "/started_at", clock)
    started_at = clock.corrected(start.started_at, now)
    if now - started_at > timedelta(days=policies.track_days):
        raise FieldWrong("/started_at", "time_too_early", "Tracks of that time are not kept any more.")
    # Phones of one person take turns.
    await session.execute(
        select(col(Person.id)).where(col(Person.id) == viewer.person_id).with_for_update(key_share=True)
    )
    known = await _known(session, start.id)
    if known is not None:
        return _same(known, viewer, start)
    longest = longest_shift(policies)
    await _expire_of(session, viewer.person_id, now, longest)
    await _refuse_second(session, viewer.person_id, started_at)
    course = Course((ShiftEvent(ShiftAction.START, started_at),))
    next_at = await _next_start(session, viewer.person_id, started_at)
    # A shift that is told so late that it is over whatever comes: its stop may still be on its way.
    latest_at = course.latest_at(longest) if next_at is None else min(next_at, course.latest_at(longest))
    if next_at is not None or now >= latest_at:
        course = course.expired(latest_at)
    statement = (
        insert(Shift)
        .values(
            id=start.id,
            person_id=viewer.person_id,
            request_sha256=start.request_sha256(),
            team=start.team,
            started_on=started_at.astimezone(zone).date(),
            started_at=started_at,
            state=course.state,
            ended_at=course.ended_at,
            received_at=now,
            version=1,
            points=0,
            left_out={},
            walked_m=0.0,
            tracked_s=0.0,
            measured_at=now,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(Shift.id))
    )
    if (await session.execute(statement)).scalar_one_or_none() is None:
        # Somebody else was faster with this very id.
        return _same(await _known(session, start.id), viewer, start)
    for event in course.events:
        told = start.started_at if event.action is ShiftAction.START else None
        row = {"shift_id": start.id, "action": event.action, "at": event.at, "device_at": told}
        await session.execute(insert(ShiftEventRow).values(**row, received_at=now))
    return True


async def _known(session: WriteSession, shift_id: UUID) -> tuple[UUID, str] | None:
    chosen = select(col(Shift.person_id), col(Shift.request_sha256)).where(col(Shift.id) == shift_id)
    row = (await session.execute(chosen)).one_or_none()
    return None if row is None else (row.person_id, row.request_sha256)


def _same(known: tuple[UUID, str] | None, viewer: Viewer, start: ShiftStart) -> bool:
    if known != (viewer.person_id, start.request_sha256()):
        raise IdTaken("This id was used before with another content.", shift=start.id)
    return False


async def _refuse_second(session: WriteSession, person_id: UUID, started_at: datetime) -> None:
    """Refuse a shift that begins within another one."""
    under_way = or_(col(Shift.state) != ShiftState.ENDED, col(Shift.ended_at) > started_at)
    statement = (
        select(col(Shift.id), col(Shift.started_at), col(Shift.state))
        .where(col(Shift.person_id) == person_id, under_way, col(Shift.started_at) <= started_at)
        .order_by(col(Shift.started_at).desc())
        .limit(1)
    )
    other = (await session.execute(statement)).one_or_none()
    if other is not None:
        raise ShiftRunning(
            "End it first, or go on with it: its tracks may come from more than one phone.",
            shift=other.id,
            started_at=other.started_at,
            state=other.state,
        )


async def _next_start(session: WriteSession, person_id: UUID, after: datetime) -> datetime | None:
    """Return when the next shift of a person began."""
    statement = select(func.min(col(Shift.started_at))).where(
        col(Shift.person_id) == person_id, col(Shift.started_at) > after
    )
    return (await session.execute(statement)).scalar_one()


async def step_shift(
    session: WriteSession,
    viewer: Viewer,
    step: ShiftStep,
    policies: Policies,
    now: datetime,
    clock: DeviceClock = RIGHT,
) -> bool:
    """Pause a shift of one's own, go on with it, or stop it; False when that had been told before.

    What happened may be told late: it is put where it belongs, points that were made in what turns out to be a pause
    are removed, and the shift is to be measured anew (`services.tracks.step_and_measure`). Raises NotFound,
    ShiftStepRefused for what makes no sense, and LimitReached for more than happens to any shift.
    """
    check_device_time(step.at, now, "/at", clock)
    at = clock.corrected(step.at, now)
    await lock_shift(session, viewer, step.shift_id)
    course = (await find_courses(session, [step.shift_id]))[step.shift_id]
    longest = longest_shift(policies)
    after = course.after(ShiftEvent(step.action, at), longest)
    if after == course:
        return False
    if len(after.events) > EVENTS_MAX:
        raise LimitReached(f"To a shift happen {EVENTS_MAX} things at most.", most=EVENTS_MAX)
    await _store_course(session, step.shift_id, course, after, step.at, now)
    if await _is_late(session, step.shift_id, after.off_duty_since(at)):
        await _drop_off_duty(session, step.shift_id, after, longest)
        await session.execute(
            update(Shift)
            .where(col(Shift.id) == step.shift_id)
            .values(measured_at=None)
            .execution_options(synchronize_session=False)
        )
    return True


async def lock_shift(session: WriteSession, viewer: Viewer, shift_id: UUID) -> Shift:
    """Return a shift of the viewer's own, which stays as it is until the transaction ends; raises NotFound."""
    statement = (
        select(Shift)
        .where(col(Shift.id) == shift_id, col(Shift.person_id) == viewer.person_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    shift = (await session.execute(statement)).scalar_one_or_none()
    if shift is None:
        raise NotFound("There is no such shift of yours.", shift=shift_id)
    return shift


async def _store_course(
    session: WriteSession,
    shift_id: UUID,
    before: Course,
    after: Course,
    device_at: datetime | None,
    now: datetime,
) -> None:
    for gone in set(before.events) - set(after.events):
        await session.execute(
            delete(ShiftEventRow).where(
                col(ShiftEventRow.shift_id) == shift_id, col(ShiftEventRow.at) == gone.at
            )
        )
    for event in set(after.events) - set(before.events):
        told = None if event.action is ShiftAction.EXPIRE else device_at
        row = {"shift_id": shift_id, "action": event.action, "at": event.at, "device_at": told}
        await session.execute(insert(ShiftEventRow).values(**row, received_at=now))
    changed = {"state": after.state, "ended_at": after.ended_at, "version": col(Shift.version) + 1}
    await session.execute(
        update(Shift)
        .where(col(Shift.id) == shift_id)
        .values(changed)
        .execution_options(synchronize_session=False)
    )


async def _drop_off_duty(session: WriteSession, shift_id: UUID, course: Course, longest: timedelta) -> None:
    """Remove the points that were made in a pause or after the end, once it is known how long that was.

    Of a pause that goes on nothing is removed: the word that it is over may be on its way. One that the end of the
    shift found going on lasted until then.
    """
    at = col(TrackPoint.at)
    spans = course.spans(longest)
    off = [and_(at >= to_instant(stop), at < to_instant(start)) for (_, stop), (start, _) in pairwise(spans)]
    if course.ended_at is not None:
        off.append(at >= (to_instant(spans[-1][1]) if spans else course.started_at))
    if off:
        gone = delete(TrackPoint).where(col(TrackPoint.shift_id) == shift_id, or_(*off))
        await session.execute(gone.execution_options(synchronize_session=False))


async def _is_late(session: WriteSession, shift_id: UUID, at: datetime) -> bool:
    """Tell whether the track has points of later than this."""
    later = select(col(TrackPoint.at)).where(col(TrackPoint.shift_id) == shift_id, col(TrackPoint.at) >= at)
    return (await session.execute(later.limit(1))).first() is not None


async def _expire_of(session: WriteSession, person_id: UUID, now: datetime, longest: timedelta) -> None:
    statement = select(col(Shift.id)).where(
        col(Shift.person_id) == person_id,
        col(Shift.state) != ShiftState.ENDED,
        col(Shift.started_at) <= now - longest,
    )
    for shift_id in (await session.execute(statement.with_for_update())).scalars().all():
        await _expire(session, shift_id, now, longest)


async def _expire(session: WriteSession, shift_id: UUID, now: datetime, longest: timedelta) -> None:
    course = (await find_courses(session, [shift_id]))[shift_id]
    after = course.expired(course.latest_at(longest))
    await _store_course(session, shift_id, course, after, None, now)
    await _drop_off_duty(session, shift_id, after, longest)


async def expire_shifts(database: Database, reference: Reference, now: datetime) -> int:
    """End the shifts that nobody stopped in time; return how many there were."""
    longest = longest_shift(reference.policies)
    ended = 0
    while True:
        async with database.write() as session:
            due = await _due(session, now, longest)
            for shift_id in due:
                await _expire(session, shift_id, now, longest)
        ended += len(due)
        if len(due) < _BATCH:
            return ended


async def _due(session: WriteSession, now: datetime, longest: timedelta) -> Sequence[UUID]:
    statement = (
        select(col(Shift.id))
        .where(col(Shift.state) != ShiftState.ENDED, col(Shift.started_at) <= now - longest)
        .order_by(col(Shift.started_at))
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()
