"""The same report from many sides at once: networks retry, phones retry, people press twice."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from api.models import Report, Ticket, TicketEvent
from tests.conftest import House
from tests.http.walking import FINDER, photo, stall

AT_ONCE = 20


async def sent_at_once(house: House, report_id: UUID, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    """Send all these reports under one id at the same time; return the answers in the order of the bodies."""
    officer = await house.caller(FINDER)
    return await asyncio.gather(*(officer.put(f"/v1/reports/{report_id}", json=body) for body in bodies))


async def stored(house: House) -> tuple[int, int, int]:
    """Count what the database holds: reports, tickets, and tickets' first events."""
    async with house.database.read() as session:
        reports = (await session.execute(select(func.count()).select_from(Report))).scalar_one()
        tickets = (await session.execute(select(func.count()).select_from(Ticket))).scalar_one()
        first = select(func.count()).select_from(TicketEvent).where(col(TicketEvent.seq) == 1)
        return reports, tickets, (await session.execute(first)).scalar_one()


@pytest.mark.parametrize("photos", [0, 2])
async def test_twenty_identical_reports_at_once_are_one_ticket(house: House, photos: int) -> None:
    ids = [await photo(house, FINDER, "before") for _ in range(photos)]
    body = stall(house, photos=ids)
    answers = await sent_at_once(house, uuid4(), [body] * AT_ONCE)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}
    assert len({answer.text for answer in answers}) == 1
    assert await stored(house) == (1, 1, 1)


async def test_twenty_identical_reports_that_wait_for_a_photo_are_one_ticket_that_waits(house: House) -> None:
    body = stall(house, photos=[str(uuid4())])
    answers = await sent_at_once(house, uuid4(), [body] * AT_ONCE)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}
    assert {answer.json()["ticket"]["triage"]["code"] for answer in answers} == {"photos_awaited"}
    assert await stored(house) == (1, 1, 1)


async def test_of_twenty_different_reports_with_one_id_one_is_filed_and_the_others_learn_of_it(
    house: House,
) -> None:
    bodies = [stall(house, description=f"第{number}个摊位") for number in range(AT_ONCE)]
    answers = await sent_at_once(house, uuid4(), bodies)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: AT_ONCE - 1}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"id_taken"}
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 201)
    assert answers[winner].json()["ticket"]["description"] == bodies[winner]["description"]
    assert await stored(house) == (1, 1, 1)


async def test_reports_of_different_ids_at_once_get_different_numbers(house: House) -> None:
    officer = await house.caller(FINDER)
    answers = await asyncio.gather(
        *(officer.put(f"/v1/reports/{uuid4()}", json=stall(house)) for _ in range(AT_ONCE))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["ticket"]["number"] for answer in answers}) == AT_ONCE
    assert await stored(house) == (AT_ONCE, AT_ONCE, AT_ONCE)


async def test_reports_that_want_the_same_photos_in_other_orders_do_not_lock_each_other_out(
    house: House,
) -> None:
    officer = await house.caller(FINDER)
    ids = [str(uuid4()) for _ in range(5)]
    answers = await asyncio.gather(
        *(
            officer.put(f"/v1/reports/{uuid4()}", json=stall(house, photos=ids if number % 2 else ids[::-1]))
            for number in range(AT_ONCE)
        )
    )
    assert {answer.status_code for answer in answers} == {201}


async def test_a_photo_that_two_reports_name_at_once_goes_to_one_of_them(house: House) -> None:
    officer = await house.caller(FINDER)
    picture = await photo(house, FINDER, "before")
    answers = await asyncio.gather(
        *(officer.put(f"/v1/reports/{uuid4()}", json=stall(house, photos=[picture])) for _ in range(AT_ONCE))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: AT_ONCE - 1}
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 422}
    assert refused == {"photo_not_yours"}
    assert await stored(house) == (1, 1, 1)
