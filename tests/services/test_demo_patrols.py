"""The demo's patrols: whatever the hour of the load, each question of patrol has something to show."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.db import Database, ReadSession
from api.demo import load_patrols
from api.domain.checkpoint_codes import Way
from api.domain.rosters import Arrivals, Presence, shortages, standing
from api.domain.rounds import RoundStatus
from api.domain.shifts import ShiftState
from api.domain.tracks import Flaw
from api.models import CheckIn, Shift
from api.queries.patrol_rounds import find_rounds
from api.queries.posts import find_arrivals, find_posts, find_slots
from api.queries.reference import load_reference
from api.schemas.rosters import slot_of
from tests.conftest import Server

ZONE = ZoneInfo("Asia/Shanghai")
SUNDAY_NOON = datetime(2026, 11, 22, 13, 2, tzinfo=ZONE)
MONDAY_MIDNIGHT = datetime(2026, 11, 23, 0, 10, tzinfo=ZONE)
THURSDAY_CHANGE = datetime(2026, 11, 19, 22, 1, tzinfo=ZONE)


MOMENT = timedelta(minutes=10)


@dataclass(frozen=True)
class Patrolled:
    """The street after its patrols, as it was loaded at an instant."""

    session: ReadSession
    now: datetime


@pytest.fixture(scope="module", params=[SUNDAY_NOON, MONDAY_MIDNIGHT, THURSDAY_CHANGE], ids=str)
async def patrolled(
    request: pytest.FixtureRequest, server: Server, demo_street: str
) -> AsyncIterator[Patrolled]:
    """Patrol the street in the days before an instant. Nobody changes it."""
    now: datetime = request.param
    name = server.create(demo_street)
    database = Database(server.url_of(name))
    async with database.write() as session:
        await load_patrols(session, now)
    async with database.read() as session:
        yield Patrolled(session, now)
    await database.close()
    server.drop(name)


async def test_somebody_is_on_duty_whose_position_is_fresh_and_a_night_shift_went_past_midnight(
    patrolled: Patrolled,
) -> None:
    session, now = patrolled.session, patrolled.now
    shifts = list((await session.execute(select(Shift))).scalars())
    running = [one for one in shifts if one.state is ShiftState.RUNNING]
    assert len(running) >= 3
    for one in running:
        assert one.last_at is not None
        assert now - one.last_at < timedelta(minutes=5)
    ended = [one for one in shifts if one.ended_at]
    assert any(one.ended_at.astimezone(ZONE).date() > one.started_on for one in ended if one.ended_at)
    assert all(one.measured_at and one.points > 50 and one.walked_m > 200 for one in shifts)
    left_out = Counter(flaw for one in shifts for flaw in one.left_out)
    jumps = [one.left_out[Flaw.TELEPORT] for one in shifts if Flaw.TELEPORT in one.left_out]
    assert max(jumps) < 20, "what was left out is what was far away, not the walk"
    assert left_out.keys() >= {Flaw.DRIFT_SPIKE, Flaw.TELEPORT, Flaw.MOCK, Flaw.INACCURATE}


async def test_plans_have_rounds_that_were_done_and_rounds_that_were_missed(patrolled: Patrolled) -> None:
    session, now = patrolled.session, patrolled.now
    reference = await load_reference(session, ZONE)
    monday = now.date() - timedelta(days=now.weekday() + 7)
    rounds = await find_rounds(session, reference, (monday, now.date()), ZONE, now)
    assert list(rounds) == ["evening-stalls", "main-roads", "schools"]
    for plan, of_plan in rounds.items():
        assert RoundStatus.DONE in {one.status for one in of_plan}, plan
    last_week = {one.target.code: one.status for one in rounds["schools"] if one.first_on == monday}
    assert last_week == {"school-huaiyin1": RoundStatus.DONE, "school-huaiyin2": RoundStatus.MISSED}


async def test_one_post_is_unmanned_now_somebody_was_late_and_a_day_is_short_of_staff(
    patrolled: Patrolled,
) -> None:
    session, now = patrolled.session, patrolled.now
    today = now.date()
    slots = await find_slots(session, today - timedelta(days=1), today)
    early = timedelta(minutes=30)
    arrivals = Arrivals(await find_arrivals(session, today - timedelta(days=1), today, early))
    stand = [
        (
            slot,
            standing(
                slot_of(slot),
                arrivals.between(slot.post, slot.starts_at - early, slot.stops_at),
                now,
                early,
                timedelta(minutes=5),
            ),
        )
        for slot in slots
    ]
    # Who has only just to be there is not missing yet.
    of_now = [
        (slot.post, one.is_unmanned) for slot, one in stand if slot.starts_at <= now < slot.stops_at + MOMENT
    ]
    assert [post for post, is_unmanned in of_now if is_unmanned] == ["post-site"]
    assert ("post-station", False) in of_now
    presences = {presence for _, one in stand for presence in one.presence.values()}
    assert presences >= {Presence.PRESENT, Presence.LATE, Presence.EXPECTED}
    assert presences & {Presence.MISSING, Presence.ABSENT}
    of_today = [(slot.post, slot_of(slot)) for slot in slots if slot.on_date == today]
    wanted = [(stored.draft.code, stored.draft.staff_min) for stored in await find_posts(session)]
    short = [one.post for one in shortages(wanted, of_today)]
    # By night the station has one of two; at the weekend the crossing has nobody.
    is_weekend = now.isoweekday() > 5
    assert short == (["post-crossing"] if is_weekend else []) + ["post-station"]
    ways = {*(await session.execute(select(col(CheckIn.way)).distinct())).scalars()}
    assert ways == set(Way)
