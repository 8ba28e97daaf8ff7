"""Batches from many sides at once: phones that time out send again while the first copy is still at work."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select

from api.models import Report, Ticket
from tests.conftest import House
from tests.example_photos import kept, put_photo, street_picture
from tests.http.syncing import a_report, a_step, actions, item, statuses, synced, waiting
from tests.http.walking import FINDER, UNIT, report

MEMBER, LEAD = f"member-{UNIT}", f"lead-{UNIT}"
AT_ONCE = 8


def announced(house: House, sha256: str, photo_id: str | None = None) -> dict[str, Any]:
    body = {"purpose": "before", "sha256": sha256, "size_bytes": 7}
    return item(house, "photo", body, id=photo_id or str(uuid4()))


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


async def test_of_the_same_announcements_sent_by_many_at_once_each_is_noted_once(house: House) -> None:
    items = [announced(house, "0" * 64) for _ in range(12)]
    copies = [items[turn:] + items[:turn] for turn in range(AT_ONCE)]
    answers = await asyncio.gather(*(synced(house, copy) for copy in copies))
    counts = Counter(status for answer in answers for status in statuses(answer))
    assert counts == {201: len(items), 200: len(items) * (AT_ONCE - 1)}


async def test_of_different_announcements_at_once_under_one_id_one_is_noted(house: House) -> None:
    photo_id = str(uuid4())
    sent = [announced(house, f"{number:064x}", photo_id) for number in range(AT_ONCE)]
    answers = await asyncio.gather(*(synced(house, [one]) for one in sent))
    assert Counter(status for answer in answers for status in statuses(answer)) == {201: 1, 409: AT_ONCE - 1}


async def test_a_photo_and_the_announcement_of_other_bytes_at_once_never_both_hold(house: House) -> None:
    picture = street_picture(taken_at=house.clock.now)
    officer = await house.caller(FINDER)
    for number in range(8):
        photo_id = uuid4()

        async def announce(delay_s: float = number * 0.01, photo_id: UUID = photo_id) -> int:
            await asyncio.sleep(delay_s)  # decoding takes some ten milliseconds: at a different point of it
            return statuses(await synced(house, [announced(house, "f" * 64, str(photo_id))]))[0]

        stored, noted = await asyncio.gather(put_photo(officer, photo_id, picture), announce())
        assert (stored.status_code, noted) in {(201, 409), (409, 201)}, number
    now = await kept(house.database, house.wiring.files)
    assert now.keys == now.needed()


async def test_batches_that_announce_and_want_the_same_photos_do_not_lock_each_other_out(
    house: House,
) -> None:
    photos = [announced(house, "0" * 64) for _ in range(6)]
    ids = [photo["id"] for photo in photos]
    batches = [
        [*photos[turn:], a_report(house, photos=ids[::-1]), *photos[:turn], a_report(house, photos=ids)]
        for turn in range(6)
    ]
    answers = await asyncio.gather(*(synced(house, batch) for batch in batches))
    assert {status for answer in answers for status in statuses(answer)} == {200, 201}
    assert (await counted(house)) == (12, 12)


async def test_a_report_by_itself_and_in_batches_at_once_is_one_ticket(house: House) -> None:
    items = [a_report(house) for _ in range(6)]
    officer = await house.caller(FINDER)
    alone = [officer.put(f"/v1/reports/{one['id']}", json=one["body"]) for one in items]
    batches = [synced(house, items), synced(house, items[::-1])]
    answers, results = await asyncio.gather(asyncio.gather(*alone), asyncio.gather(*batches))
    told = [answer.status_code for answer in answers] + [
        status for one in results for status in statuses(one)
    ]
    assert Counter(told) == {201: len(items), 200: 2 * len(items)}
    assert await counted(house) == (len(items), len(items))


async def test_of_different_reports_with_the_same_ids_in_batches_at_once_one_of_each_is_filed(
    house: House,
) -> None:
    ids = [str(uuid4()) for _ in range(5)]
    batches = [
        [a_report(house, item_id=one, description=f"第{number}批") for one in ids] for number in range(4)
    ]
    answers = await asyncio.gather(*(synced(house, batch) for batch in batches))
    counts = Counter(status for answer in answers for status in statuses(answer))
    assert counts == {201: len(ids), 409: len(ids) * 3}
    assert await counted(house) == (len(ids), len(ids))
