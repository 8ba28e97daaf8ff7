"""Keep batches of track points, and measure what the track of a shift comes to."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    Float,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import col

from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.device_clock import CLOCK_SKEW, RIGHT, DeviceClock
from api.domain.errors import IdTaken, LimitReached
from api.domain.geo import Crs
from api.domain.measuring import PatrolMap, measure, midnights_ms
from api.domain.patrol_plans import regions_of
from api.domain.reference import Reference
from api.domain.tracks import Flaw, SentFix, SiftedFix, on_duty, sift, to_instant
from api.models import Shift, TrackBatch, TrackPoint
from api.queries.patrol_plans import find_editions
from api.queries.shifts import find_courses
from api.queries.tracks import find_fixes
from api.services.shifts import ShiftStep, lock_shift, longest_shift, step_shift
from api.services.track_results import store_measured

POINTS_MAX = 10_000
"""Points in one batch."""

SHIFT_POINTS_MAX = 200_000
"""Points of one shift: two phones that tell each second for longer than any shift lasts."""

_MEASURED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class TrackRequest:
    """A batch of points as a phone sends it, in its own coordinates and by its own clock."""

    id: UUID
    shift_id: UUID
    crs: Crs
    points: Sequence[SentFix]

    def request_sha256(self) -> str:
        """Return a hash by which the same batch is known again."""
        digest = hashlib.sha256(repr((self.shift_id, self.crs)).encode())
        for one in self.points:
            told = (
                one.longitude,
                one.latitude,
                one.accuracy_m,
                one.speed_m_s,
                one.battery_share,
                one.is_mock,
            )
            digest.update(repr((one.at.timestamp(), told)).encode())
        return digest.hexdigest()


async def store_track(
    session: WriteSession,
    viewer: Viewer,
    reference: Reference,
    request: TrackRequest,
    device_id: str | None,
    zone: ZoneInfo,
    now: datetime,
    clock: DeviceClock = RIGHT,
) -> bool:
    """Keep a batch of points of a shift of one's own, and measure the shift; False when the batch was here before.

    What is wrong with single points is counted, never refused. Raises NotFound without such a shift, IdTaken for an
    id that was used otherwise, and LimitReached for a shift with more points than anybody's.
    """
    shift = await lock_shift(session, viewer, request.shift_id)
    sha256 = request.request_sha256()
    known = await _known(session, request.id)
    if known is not None:
        if known != (viewer.person_id, sha256):
            raise IdTaken("This id was used before with another content.", track=request.id)
        return False
    if shift.points + len(request.points) > SHIFT_POINTS_MAX:
        raise LimitReached(
            f"A shift has {SHIFT_POINTS_MAX} points at most.", most=SHIFT_POINTS_MAX, points=shift.points
        )
    course = (await find_courses(session, [shift.id]))[shift.id]
    spans = course.spans(longest_shift(reference.policies))
    skew = clock.skew if abs(clock.skew) > CLOCK_SKEW else timedelta()
    sifted = await asyncio.to_thread(
        sift,
        request.points,
        request.crs,
        spans,
        (),
        now,
        skew=skew,
        ahead_max=CLOCK_SKEW,
        kept_for=timedelta(days=reference.policies.track_days),
    )
    stored = await _insert_points(session, shift.id, sifted.points)
    left_out = dict(sifted.left_out)
    if again := len(sifted.points) - stored:
        left_out[Flaw.DUPLICATE] = left_out.get(Flaw.DUPLICATE, 0) + again
    statement = (
        insert(TrackBatch)
        .values(
            id=request.id,
            shift_id=shift.id,
            person_id=viewer.person_id,
            device_id=device_id,
            request_sha256=sha256,
            received_at=now,
            points=len(request.points),
            stored=stored,
            out_of_order=sifted.out_of_order,
            left_out=left_out,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(TrackBatch.id))
    )
    if (await session.execute(statement)).scalar_one_or_none() is None:
        # A batch of another shift was faster with this very id.
        raise IdTaken("This id was used before with another content.", track=request.id)
    if stored:
        battery = next((one.battery_share for one in reversed(sifted.points) if one.battery_share), None)
        await measure_shift(session, reference, shift, zone, now, battery)
    return True


async def step_and_measure(
    session: WriteSession,
    viewer: Viewer,
    reference: Reference,
    step: ShiftStep,
    zone: ZoneInfo,
    now: datetime,
    clock: DeviceClock = RIGHT,
) -> bool:
    """Do what `step_shift` does, and measure the shift anew where what was told late changes what counts."""
    is_new = await step_shift(session, viewer, step, reference.policies, now, clock)
    if is_new:
        shift = await lock_shift(session, viewer, step.shift_id)
        if shift.measured_at is None:
            await measure_shift(session, reference, shift, zone, now)
    return is_new


async def _known(session: WriteSession, batch_id: UUID) -> tuple[UUID, str] | None:
    chosen = select(col(TrackBatch.person_id), col(TrackBatch.request_sha256)).where(
        col(TrackBatch.id) == batch_id
    )
    row = (await session.execute(chosen)).one_or_none()
    return None if row is None else (row.person_id, row.request_sha256)


async def _insert_points(session: WriteSession, shift_id: UUID, points: Sequence[SiftedFix]) -> int:
    """Store points in one statement, whatever their number; return how many were not there yet."""
    if not points:
        return 0
    columns: dict[str, tuple[list[Any], Any]] = {
        "at_ms": ([one.fix.at_ms for one in points], BigInteger),
        "longitude": ([one.fix.longitude for one in points], Double),
        "latitude": ([one.fix.latitude for one in points], Double),
        "accuracy_m": ([one.fix.accuracy_m for one in points], Float),
        "speed_m_s": ([one.speed_m_s for one in points], Float),
        "battery_share": ([one.battery_share for one in points], Float),
        "is_mock": ([one.fix.is_mock for one in points], Boolean),
    }
    arrays = [literal(values, ARRAY(kind)) for values, kind in columns.values()]
    sent = func.unnest(*arrays).table_valued(*columns, name="sent").render_derived()
    rows = select(
        literal(shift_id),
        func.to_timestamp(sent.c.at_ms / 1000.0),
        *(sent.c[name] for name in columns if name != "at_ms"),
    )
    names = ["shift_id", "at", *(name for name in columns if name != "at_ms")]
    statement = insert(TrackPoint).from_select(names, rows).on_conflict_do_nothing()
    done: Any = await session.execute(statement, execution_options={"preserve_rowcount": True})
    return done.rowcount


async def measure_shift(
    session: WriteSession,
    reference: Reference,
    shift: Shift,
    zone: ZoneInfo,
    now: datetime,
    battery_share: float | None = None,
) -> None:
    """Measure a shift that the caller has locked, from all its points, and keep what it comes to.

    One so old that points of it may have been purged stays as it was measured: what is left of it is not all.
    """
    if shift.started_at < now - timedelta(days=reference.policies.track_days):
        await _update_shift(session, shift, {"measured_at": now})
        return
    course = (await find_courses(session, [shift.id]))[shift.id]
    longest = longest_shift(reference.policies)
    fixes = on_duty(await find_fixes(session, shift.id), course.spans(longest))
    nights = midnights_ms(shift.started_on, zone, longest)
    # Those that judge the days of the shift, even if they were changed since: its visits are stored anew.
    editions = await find_editions(session, shift.started_at, shift.started_at + longest)
    places = regions_of((one.draft for one in editions if one.draft.is_active), reference)
    around = PatrolMap(reference.patrol_grids, places, reference.roads, reference.waysides)
    # Tenths of a second for a long track, during which others are served.
    measured = await asyncio.to_thread(measure, fixes, around, reference.policies, nights)
    await store_measured(session, shift, measured)
    last = measured.last
    changed: dict[str, Any] = {
        "points": len(fixes),
        "left_out": dict(measured.left_out),
        "walked_m": measured.walked_m,
        "tracked_s": measured.tracked_ms / 1_000,
        "measured_at": now,
        "last_at": to_instant(last.at_ms) if last else None,
        "last_longitude": last.longitude if last else None,
        "last_latitude": last.latitude if last else None,
        "last_accuracy_m": last.accuracy_m if last else None,
    }
    if battery_share is not None:
        changed["last_battery_share"] = battery_share
    await _update_shift(session, shift, changed)


async def _update_shift(session: WriteSession, shift: Shift, changed: dict[str, Any]) -> None:
    statement = update(Shift).where(col(Shift.id) == shift.id).values(changed)
    await session.execute(statement.execution_options(synchronize_session=False))


async def measure_stale_shifts(
    database: Database, reference: Reference, zone: ZoneInfo, now: datetime
) -> int:
    """Measure the shifts whose points have changed since they were measured; return how many there were."""
    done = 0
    while True:
        async with database.write() as session:
            statement = (
                select(Shift)
                .where(col(Shift.measured_at).is_(None))
                .limit(_MEASURED_AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            stale = (await session.execute(statement)).scalars().all()
            for shift in stale:
                await measure_shift(session, reference, shift, zone, now)
        done += len(stale)
        if len(stale) < _MEASURED_AT_ONCE:
            return done
