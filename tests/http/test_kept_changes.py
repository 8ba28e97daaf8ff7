"""Who changed what in the office's data: kept with the change, read page by page, and final."""

from collections.abc import Sequence
from typing import Any

import httpx
import psycopg.errors
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from api.domain.kept_changes import KeptChange, Noun
from api.models import Person
from api.services.kept_changes import keep_changes
from tests.conftest import MONDAY_MORNING, House

BEFORE = {"name_zh": "养护站", "phone": None, "is_active": True}
AFTER = {"name_zh": "养护所", "phone": "010-1", "is_active": True}
RENAMED = KeptChange(Noun.UNIT, "depot", BEFORE, AFTER)


async def keep(house: House, changes: Sequence[KeptChange], username: str | None = None) -> None:
    """Keep changes as if this person had made them, or the command line."""
    async with house.database.write() as session:
        chosen = select(col(Person.id)).where(col(Person.username) == username)
        by_id = (await session.execute(chosen)).scalar_one_or_none()
        await keep_changes(session, changes, by_id, house.clock.now)


async def read(client: httpx.AsyncClient, **query: str | int) -> list[dict[str, Any]]:
    """Read a list to its end."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get("/v1/reference/changes", params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = {"cursor": answer.json()["next"]}


async def test_a_change_tells_what_it_was_what_it_became_who_did_it_and_when(house: House) -> None:
    await keep(house, [RENAMED], "admin")
    (change,) = await read(await house.caller("supervisor"), noun="unit", code="depot")
    assert change["by"] == (await (await house.caller("admin")).get("/v1/me")).json()["person"]["name"]
    assert change["at"] == MONDAY_MORNING.isoformat().replace("+00:00", "Z")
    assert change["fields"] == ["name_zh", "phone"]
    assert (change["before"], change["after"]) == (BEFORE, AFTER)


async def test_what_is_new_was_nothing_and_what_ended_is_nothing(house: House) -> None:
    await keep(
        house, [KeptChange(Noun.AREA, "fair", None, AFTER), KeptChange(Noun.AREA, "fair", AFTER, None)]
    )
    ended, new = await read(await house.caller("admin"), noun="area", code="fair")
    assert (new["before"], new["after"], new["by"]) == (None, AFTER, None)
    assert (ended["before"], ended["after"]) == (AFTER, None)


async def test_what_stayed_as_it_was_is_not_kept(house: House) -> None:
    await keep(house, [KeptChange(Noun.UNIT, "depot", BEFORE, dict(BEFORE)), RENAMED])
    assert len(await read(await house.caller("admin"), noun="unit", code="depot")) == 1


async def test_a_change_that_was_not_committed_is_not_kept(house: House) -> None:
    async def fail_midway() -> None:
        async with house.database.write() as session:
            await keep_changes(session, [RENAMED], None, house.clock.now)
            raise RuntimeError("the change itself failed")

    with pytest.raises(RuntimeError):
        await fail_midway()
    assert await read(await house.caller("admin"), noun="unit", code="depot") == []


async def test_thousands_of_changes_are_kept_in_their_order(house: House) -> None:
    codes = [f"p{number:04}" for number in range(2_345)]
    await keep(house, [KeptChange(Noun.PLACE, code, None, {"name": code}) for code in codes])
    found = await read(await house.caller("admin"), noun="place", limit=200)
    assert [change["code"] for change in found[: len(codes)]] == codes[::-1]


async def test_a_list_is_narrowed_by_noun_and_by_code(house: House) -> None:
    changes = [
        KeptChange(noun, code, None, {"name": code})
        for noun in (Noun.PLACE, Noun.PLACE_TYPE, Noun.CONDITION)
        for code in ("one", "two")
    ]
    await keep(house, changes)
    admin = await house.caller("admin")
    types = await read(admin, noun="place_type")
    assert {change["noun"] for change in types} == {"place_type"}
    assert [change["code"] for change in types][:2] == ["two", "one"]
    assert {change["noun"] for change in await read(admin, code="two")} == {
        "place",
        "place_type",
        "condition",
    }
    assert len(await read(admin, noun="condition", code="one")) == 1
    assert await read(admin, noun="condition", code="three") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_hold_every_change_once_the_newest_first(house: House, limit: int) -> None:
    await keep(house, [KeptChange(Noun.PLACE, str(number), None, {"n": number}) for number in range(7)])
    admin = await house.caller("admin")
    found = await read(admin, noun="place", limit=limit)
    assert [change["code"] for change in found[:7]] == [str(number) for number in range(6, -1, -1)]
    ids = [change["id"] for change in found]
    assert ids == sorted(set(ids), reverse=True)
    assert found == await read(admin, noun="place", limit=200)


async def test_a_change_that_comes_in_meanwhile_moves_no_page(house: House) -> None:
    await keep(house, [KeptChange(Noun.PLACE, str(number), None, {"n": number}) for number in range(4)])
    admin = await house.caller("admin")
    first = (await admin.get("/v1/reference/changes?noun=place&limit=2")).json()
    await keep(house, [KeptChange(Noun.PLACE, "late", None, {"n": 9})])
    query = {"noun": "place", "limit": 2, "cursor": first["next"]}
    second = (await admin.get("/v1/reference/changes", params=query)).json()
    assert [change["code"] for change in first["items"] + second["items"]] == ["3", "2", "1", "0"]


async def test_a_cursor_is_good_for_its_own_list_only(house: House) -> None:
    await keep(house, [KeptChange(Noun.PLACE, str(number), None, {"n": number}) for number in range(3)])
    admin = await house.caller("admin")
    cursor = (await admin.get("/v1/reference/changes?noun=place&limit=1")).json()["next"]
    for query in ({}, {"noun": "unit"}, {"noun": "place", "code": "1"}):
        answer = await admin.get("/v1/reference/changes", params={**query, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_wrong")


@pytest.mark.parametrize(
    "query", ["noun=calendar", "noun=", "code=", "code=%00", "code=" + "x" * 81, "kind=unit"]
)
async def test_what_a_list_can_not_mean_is_refused(shared_house: House, query: str) -> None:
    answer = await (await shared_house.caller("admin")).get(f"/v1/reference/changes?{query}")
    assert answer.status_code == 422


@pytest.mark.parametrize("username", ["officer01", "dispatcher", "member-cityscape", "lead-cityscape"])
async def test_it_is_read_by_supervisors_and_administrators_alone(shared_house: House, username: str) -> None:
    answer = await (await shared_house.caller(username)).get("/v1/reference/changes")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


async def test_whoever_has_the_present_list_is_not_sent_it_again(house: House) -> None:
    await keep(house, [RENAMED])
    admin = await house.caller("admin")
    tag = {"If-None-Match": (await admin.get("/v1/reference/changes")).headers["etag"]}
    assert (await admin.get("/v1/reference/changes", headers=tag)).status_code == 304
    await keep(house, [KeptChange(Noun.UNIT, "depot", AFTER, BEFORE)])
    assert (await admin.get("/v1/reference/changes", headers=tag)).status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kept_changes SET after = NULL",
        "UPDATE kept_changes SET at = now() WHERE false",
        "DELETE FROM kept_changes",
        "TRUNCATE kept_changes",
    ],
)
async def test_what_was_kept_is_final(house: House, statement: str) -> None:
    await keep(house, [RENAMED], "admin")

    async def change() -> None:
        async with house.database.write() as session:
            await session.execute(text(statement))

    with pytest.raises(DBAPIError, match="never changed") as refused:
        await change()
    assert isinstance(refused.value.orig, psycopg.errors.RestrictViolation)
    assert len(await read(await house.caller("admin"), noun="unit", code="depot")) == 1


async def test_a_person_who_left_is_named_all_the_same(house: House) -> None:
    await keep(house, [RENAMED], "dispatcher")
    async with house.database.write() as session:
        await session.execute(text("UPDATE people SET is_active = false WHERE username = 'dispatcher'"))
    (change,) = await read(await house.caller("admin"), noun="unit", code="depot")
    assert change["by"]
