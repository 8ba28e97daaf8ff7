"""Batches from many sides at once: phones that time out send again while the first copy is still at work."""

import asyncio
from collections import Counter
from uuid import uuid4

from sqlalchemy import func, select

from api.models import Report, Ticket
from tests.conftest import House
from tests.http.syncing import a_report, a_step, actions, statuses, synced, waiting
from tests.http.walking import UNIT, report

MEMBER, LEAD = f"member-{UNIT}", f"lead-{UNIT}"
AT_ONCE = 8


async def counted(house: House) -> tuple[int, int]:
    async with house.database.read() as session:
        reports = (await session.execute(select(func.count()).select_from(Report))).scalar_one()
        return reports, (await session.execute(select(func.count()).select_from(Ticket))).scalar_one()


async def test_of_the_same_batch_sent_by_many_at_once_everything_is_done_once(house: House) -> None:
    items = [a_report(house) for _ in range(20)]
    # Each copy has them in another order, as networks and phones may.
    copies = [items[turn:] + items[:turn] for turn in range(AT_ONCE)]
    answers = await asyncio.gather(*(synced(house, copy) for copy in copies))
    counts = Counter(status for answer in answers for status in statuses(answer))
    assert counts == {201: len(items), 200: len(items) * (AT_ONCE - 1)}
    assert await counted(house) == (len(items), len(items))


async def test_steps_sent_by_many_at_once_are_taken_once(house: House) -> None:
    ticket = await report(house)
    first = a_step(house, ticket["id"], "accept", version=3)
    second = a_step(house, ticket["id"], "hand_over", after=first["id"], handler=MEMBER)
    copies = [[first, second], [second, first]] * (AT_ONCE // 2)
    answers = await asyncio.gather(*(synced(house, copy, LEAD) for copy in copies))
    assert {status for answer in answers for status in statuses(answer)} <= {200, 201, 202}
    assert await actions(house, ticket["id"]) == ["report", "file", "dispatch", "accept", "hand_over"]
    assert await waiting(house, LEAD) == []


async def test_steps_and_their_reports_in_batches_at_once_always_meet(house: House) -> None:
    tickets = [str(uuid4()) for _ in range(25)]
    reports = [a_report(house, item_id=ticket) for ticket in tickets]
    steps = [a_step(house, ticket, "accept", version=3) for ticket in tickets]
    filed, taken = await asyncio.gather(synced(house, reports), synced(house, steps[::-1], MEMBER))
    assert set(statuses(filed)) == {201}
    assert set(statuses(taken)) <= {201, 202}
    assert await waiting(house, MEMBER) == []
    for ticket in tickets:
        assert await actions(house, ticket) == ["report", "file", "dispatch", "accept"]
