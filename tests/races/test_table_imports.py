"""Tables at once, with each other and with people who work: all of one or all of the other, and nothing is lost."""

import asyncio
from collections import Counter
from typing import Any

from tests.conftest import House
from tests.http.table_sending import send_rows
from tests.http.test_people import ZHAO as NEWCOMER
from tests.http.test_people import editable, put, read
from tests.http.walking import accepted, step

UNITS, PEOPLE = "/v1/units/import", "/v1/people/import"
AT_ONCE = 4


async def test_one_table_sent_several_times_at_once_is_taken_once(house: House) -> None:
    await house.caller("admin")
    units = (
        ("code", "name_zh", "kind", "calendar", "parent"),
        ("b", "乙", "企业", "city", "a"),
        ("a", "甲", "企业", "city", ""),
    )
    people = (
        ("username", "name", "role", "officer_number"),
        ("zhao", "赵", "officer", "N1"),
        ("qian", "钱", "officer", "N2"),
    )
    for path, rows in ((UNITS, units), (PEOPLE, people)):
        answers = await asyncio.gather(*(send_rows(house, path, *rows) for _ in range(AT_ONCE)))
        told = Counter(
            (answer.status_code, len(answer.json()["added"]), answer.json()["unchanged"])
            for answer in answers
        )
        assert told == {(200, 2, 0): 1, (200, 0, 2): AT_ONCE - 1}


async def test_two_tables_that_would_make_a_circle_together_make_none(house: House) -> None:
    await house.caller("admin")
    answers = await asyncio.gather(
        send_rows(house, UNITS, ("code", "parent"), ("water", "sanitation")),
        send_rows(house, UNITS, ("code", "parent"), ("sanitation", "water")),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_two_tables_that_each_take_one_of_two_administrators_away_leave_one(house: House) -> None:
    body = await editable(house, "/v1/people/dispatcher", role="administrator")
    assert (await put(house, body, "/v1/people/dispatcher")).status_code == 200
    answers = await asyncio.gather(
        send_rows(house, PEOPLE, ("username", "role"), ("dispatcher", "officer")),
        send_rows(house, PEOPLE, ("username", "role"), ("admin", "officer")),
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes in ([200, 422], [200, 403]), "whoever was slower may be none any more"


async def test_a_ticket_that_moves_while_its_handler_leaves_keeps_every_step(house: House) -> None:
    ticket = await accepted(house)
    await house.caller("admin")
    await house.caller("lead-cityscape")
    ended, handed = await asyncio.gather(
        send_rows(house, PEOPLE, ("username", "is_active"), ("member-cityscape", "否")),
        step(house, "lead-cityscape", ticket, "hand_over", handler="lead-cityscape"),
    )
    assert ended.status_code == 200, ended.text
    assert handed.status_code in {200, 409}, handed.text
    seen = await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher")
    history = await read(house, f"/v1/tickets/{ticket['id']}/history?verify=true", "dispatcher")
    assert history["verified"] is True
    assert len(history["items"]) == seen["version"]
    if handed.status_code == 200:
        assert seen["handler"] is not None
    else:
        assert seen["handler"] is None


async def test_nobody_is_handed_a_ticket_while_her_account_ends(house: House) -> None:
    ticket = await accepted(house)
    heir = "/v1/people/heir-cityscape"
    body: dict[str, Any] = NEWCOMER | {"unit": "cityscape", "role": "unit_member", "grids": []}
    assert (await put(house, body, heir)).status_code == 201
    await house.caller("lead-cityscape")
    ended, handed = await asyncio.gather(
        put(house, await editable(house, heir, is_active=False), heir),
        step(house, "lead-cityscape", ticket, "hand_over", handler="heir-cityscape"),
    )
    assert ended.status_code == 200, ended.text
    assert handed.status_code in {200, 422}, handed.text
    seen = await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher")
    assert (seen["handler"] is None) == (handed.status_code == 200)
