"""Two phones of one person, and one id of two people: one shift goes on, and no point is there twice or lost."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlmodel import col

from api.models import Shift, TrackPoint
from tests.conftest import House
from tests.http.patrolling import flaws, point, send, shift_step, start, started

AT_ONCE = 8


async def test_of_many_starts_at_once_one_shift_begins_and_the_others_are_told_which(house: House) -> None:
    ids = [str(uuid4()) for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*(start(house, one) for one in ids))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: AT_ONCE - 1}
    (begun,) = (answer.json()["id"] for answer in answers if answer.status_code == 201)
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(one["code"], one["shift"]) for one in refused} == {("shift_running", begun)}


async def test_one_id_of_several_people_is_one_persons_shift_and_a_refusal_for_the_others(
    house: House,
) -> None:
    shift = str(uuid4())
    names = [f"officer{number:02}" for number in range(1, AT_ONCE + 1)]
    answers = await asyncio.gather(*(start(house, shift, name) for name in names))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: AT_ONCE - 1}
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"id_taken"}


async def test_one_batch_id_of_several_people_is_one_persons_batch(house: House) -> None:
    batch, names = str(uuid4()), [f"officer{number:02}" for number in range(1, 5)]
    shifts = {name: await started(house, name) for name in names}
    began = house.clock.now
    house.clock.turn(minutes=5)
    walk = [point(began + timedelta(seconds=10 * number)) for number in range(20)]
    answers = await asyncio.gather(*(send(house, shifts[name], walk, name, batch) for name in names))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: len(names) - 1}
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"id_taken"}
    async with house.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(TrackPoint))).scalar_one() == 20


async def test_overlapping_batches_of_two_phones_at_once_keep_each_instant_once(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=1)
    spans = [(start, start + 60) for start in range(0, 30 * AT_ONCE, 30)]
    answers = await asyncio.gather(
        *(
            send(house, shift, [point(began + timedelta(seconds=5 * n)) for n in range(*span)])
            for span in spans
        )
    )
    bodies = [answer.json() for answer in answers]
    assert {answer.status_code for answer in answers} == {201}
    whole = spans[-1][1]
    assert sum(body["stored"] for body in bodies) == whole
    assert sum(flaws(body["left_out"]).get("duplicate", 0) for body in bodies) == 60 * AT_ONCE - whole
    shown = (await (await house.caller("officer01")).get(f"/v1/shifts/{shift}")).json()
    assert (shown["points"], shown["tracked_s"]) == (whole, 5 * (whole - 1))


async def test_a_stop_and_points_at_once_end_with_the_points_before_the_stop(house: House) -> None:
    for _ in range(4):
        shift, began = await started(house), house.clock.now
        house.clock.turn(minutes=20)
        walk = [point(began + timedelta(seconds=10 * number)) for number in range(100)]
        stopped, *batches = await asyncio.gather(
            shift_step(house, shift, "stop", at=began + timedelta(seconds=500)),
            *(send(house, shift, walk[start::4]) for start in range(4)),
        )
        assert stopped.status_code == 200, stopped.text
        for batch in batches:
            told = batch.json()
            assert batch.status_code == 201, batch.text
            assert told["stored"] + sum(flaws(told["left_out"]).values()) == told["points"]
        async with house.database.read() as session:
            kept: Any = await session.execute(
                select(func.count(), func.max(col(TrackPoint.at))).where(col(TrackPoint.shift_id) == shift)
            )
            points = await session.execute(select(col(Shift.points)).where(col(Shift.id) == shift))
        assert kept.one() == (50, began + timedelta(seconds=490))
        assert points.scalar_one() == 50
        house.clock.turn(minutes=1)
