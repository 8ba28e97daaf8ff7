"""Submissions that come at once: a phone that sends again while its first request still stands open."""

import asyncio
from uuid import uuid4

import httpx
from sqlalchemy import func, select
from sqlmodel import col

from api.domain.forms import FormKind
from api.models import CheckIn, Photo, Report, Submission, TicketEvent
from tests.collecting import collect, file_part, filled, problem_of, send, stall, version_of, xml_part
from tests.conftest import House
from tests.example_photos import street_picture
from tests.http.patrolling import at_metres
from tests.http.test_posts import check_in, made
from tests.http.walking import CHECKER, rectified

AT_ONCE = 8


async def count(house: House, what: object) -> int:
    async with house.database.read() as session:
        return (await session.execute(select(func.count()).select_from(what))).scalar_one()  # pyright: ignore[reportArgumentType]


def statuses(answers: list[httpx.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


async def test_of_many_copies_at_once_one_report_and_one_picture_come(house: House) -> None:
    phone = await collect(house)
    xml = filled(FormKind.REPORT, await version_of(phone), stall(photo_1="1.jpg"))
    parts = (xml_part(xml), file_part("1.jpg", street_picture(taken_at=house.clock.now)))
    answers = await asyncio.gather(*(send(phone, *parts) for _ in range(AT_ONCE)))
    assert statuses(answers) == [201] * AT_ONCE, [answer.text for answer in answers]
    assert len({answer.text for answer in answers}) == 1
    for table in (Submission, Report, Photo):
        assert await count(house, table) == 1


async def test_of_many_copies_at_once_one_check_in_comes_beside_one_sent_directly(house: House) -> None:
    await made(house)
    phone, instance = await collect(house), uuid4()
    longitude, latitude = at_metres(0, 0)
    at = house.clock.now.isoformat()
    told = {
        "way": "geofence",
        "checkpoint": "gate",
        "place": f"{latitude} {longitude} 0.0 8.0",
        "fixed_at": at,
    }
    xml = xml_part(
        filled(FormKind.CHECK_IN, await version_of(phone, FormKind.CHECK_IN), told, instance=instance)
    )
    direct = check_in(house, key=str(instance), at=at)
    answers = await asyncio.gather(*(send(phone, xml) for _ in range(AT_ONCE)), direct)
    assert statuses(answers[:-1]) == [201] * AT_ONCE, [answer.text for answer in answers]
    # The very same check-in, whichever way it came.
    assert answers[-1].status_code in {200, 201}, answers[-1].text
    assert (await count(house, CheckIn), await count(house, Submission)) == (1, 1)


async def test_of_two_contents_under_one_instance_one_wins(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    version = await version_of(phone)
    documents = [
        filled(FormKind.REPORT, version, stall(description=f"第{number}件"), instance=instance)
        for number in range(AT_ONCE)
    ]
    answers = await asyncio.gather(*(send(phone, xml_part(xml)) for xml in documents))
    assert statuses(answers) == [201, *[409] * (AT_ONCE - 1)]
    assert {problem_of(answer) for answer in answers if answer.status_code != 201} == {(409, "id_taken")}
    assert await count(house, Report) == 1


async def test_a_check_whose_pictures_come_at_once_in_two_requests_is_taken_once(house: House) -> None:
    ticket = await rectified(house)
    phone = await collect(house, CHECKER)
    fields = {
        "ticket": ticket["id"],
        "version": ticket["version"],
        "at": "2026-11-23T09:29:00.000+08:00",
        "result": "failed",
        "reason": "还在",
        "photo_1": "1.jpg",
        "photo_2": "2.jpg",
    }
    xml = xml_part(filled(FormKind.CHECK, await version_of(phone, FormKind.CHECK), fields))
    pictures = [
        file_part(f"{number}.jpg", street_picture(number, taken_at=house.clock.now)) for number in (1, 2)
    ]
    answers = await asyncio.gather(*(send(phone, xml, picture) for picture in pictures * 3))
    assert set(statuses(answers)) <= {201, 202}, [answer.text for answer in answers]
    assert (await send(phone, xml)).status_code == 201
    async with house.database.read() as session:
        taken = select(func.count()).where(col(TicketEvent.action) == "fail_check")
        assert (await session.execute(taken)).scalar_one() == 1
