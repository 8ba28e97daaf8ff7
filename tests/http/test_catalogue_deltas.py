"""What changed of the catalogue since a stamp: applied to any older copy it makes what a fresh one shows."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from api.models import Category, Condition, Grid, GridPerson, Person, Policy, Unit
from tests.conftest import House

OFFICER = "officer01"
CODES = ["P0101", "P0102", "P0301", "E0101", "E0102", "E0109", "E0406", "E0506"]
UNITS = ["cityscape", "sanitation", "water", "property"]
COMMUNITY = "990101001002"

Change = tuple[Any, ...]

changes: st.SearchStrategy[Change] = st.one_of(
    st.tuples(st.just("class retired"), st.sampled_from(CODES), st.booleans()),
    st.tuples(st.just("class renamed"), st.sampled_from(CODES), st.sampled_from(["甲", "乙", "丙"])),
    st.tuples(st.just("limit changed"), st.sampled_from(CODES), st.integers(1, 3)),
    st.tuples(st.just("condition retired"), st.sampled_from(CODES), st.booleans()),
    st.tuples(st.just("unit closed"), st.sampled_from(UNITS), st.booleans()),
    st.tuples(st.just("unit renamed"), st.sampled_from(UNITS), st.sampled_from(["甲", "乙"])),
    st.tuples(st.just("policy"), st.just("close_after_check"), st.booleans()),
    st.tuples(st.just("policy"), st.just("duplicate_radius_m"), st.integers(20, 23)),
    st.tuples(st.just("duty"), st.booleans()),
    st.tuples(st.just("grid renamed"), st.sampled_from(["甲", "乙"])),
    st.tuples(st.just("nothing")),
)


def applied(held: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Return what a phone holds after an answer: all of `/v1/catalog?since=` that a phone has to know."""
    if answer["complete"]:
        return answer
    now = {**held, "stamp": answer["stamp"], "version": answer["version"]}
    for part in ("majors", "grids", "lifecycle", "policies"):
        if answer[part] is not None:
            now[part] = answer[part]
    for part in ("classes", "units"):
        by_code = {one["code"]: one for one in [*held[part], *answer[part]]}
        now[part] = [by_code[code] for code in sorted(by_code) if code not in answer["gone"][part]]
    return now


async def fresh(phone: httpx.AsyncClient, **headers: str) -> dict[str, Any]:
    answer = await phone.get("/v1/catalog", headers=headers)
    assert answer.status_code == 200
    return answer.json()


async def since(phone: httpx.AsyncClient, stamp: str, **headers: str) -> dict[str, Any]:
    answer = await phone.get("/v1/catalog", params={"since": stamp}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def change(house: House, what: Change) -> None:
    """Change the reference data, as some edit would."""
    async with house.database.write() as session:
        match what:
            case ("class retired", code, is_active):
                statement = update(Category).where(col(Category.code) == code).values(is_active=is_active)
            case ("class renamed", code, name):
                statement = update(Category).where(col(Category.code) == code).values(minor_zh=name)
            case ("limit changed", code, value):
                of_class = select(col(Category.id)).where(col(Category.code) == code).scalar_subquery()
                statement = (
                    update(Condition).where(col(Condition.category_id) == of_class).values(limit_value=value)
                )
            case ("condition retired", code, is_active):
                of_class = select(col(Category.id)).where(col(Category.code) == code).scalar_subquery()
                second = (col(Condition.category_id) == of_class, col(Condition.number) == 2)
                statement = update(Condition).where(*second).values(is_active=is_active)
            case ("unit closed", code, is_active):
                statement = update(Unit).where(col(Unit.code) == code).values(is_active=is_active)
            case ("unit renamed", code, name):
                statement = update(Unit).where(col(Unit.code) == code).values(name_zh=name)
            case ("policy", key, value):
                await session.merge(Policy(key=key, value=value))
                return
            case ("duty", is_on):
                await put_on_duty(session, is_on=is_on)
                return
            case ("grid renamed", name):
                statement = update(Grid).where(col(Grid.code) == COMMUNITY).values(name_zh=name)
            case _:
                return
        await session.execute(statement)


async def put_on_duty(session: Any, *, is_on: bool) -> None:  # noqa: ANN401  a session of writes
    """Let the officer be on duty in a second community, or not."""
    grid = (await session.execute(select(col(Grid.id)).where(col(Grid.code) == COMMUNITY))).scalar_one()
    person = select(col(Person.id)).where(col(Person.username) == OFFICER)
    who = {"grid_id": grid, "person_id": (await session.execute(person)).scalar_one()}
    here = [getattr(GridPerson, name) == value for name, value in who.items()]
    await session.execute(delete(GridPerson).where(*here))
    if is_on:
        await session.execute(insert(GridPerson).values(**who, from_on=date(2026, 1, 1)))


@given(st.lists(st.lists(changes, max_size=3), min_size=1, max_size=4))
@settings(
    max_examples=25,
    deadline=None,
    # One street serves all examples: what holds must hold from wherever the last one left it.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_older_copy_becomes_the_present_one(house: House, history: list[list[Change]]) -> None:
    phone = await house.caller(OFFICER)
    held = [await fresh(phone)]
    for step in history:
        for what in step:
            await change(house, what)
        held.append(await fresh(phone))
    for older in held:
        assert applied(older, await since(phone, older["stamp"])) == held[-1]


async def test_a_small_change_makes_a_small_answer(house: House) -> None:
    phone = await house.caller(OFFICER)
    before = await phone.get("/v1/catalog")
    await change(house, ("class renamed", "P0101", "甲"))
    delta = await phone.get("/v1/catalog", params={"since": before.json()["stamp"]})
    body = delta.json()
    assert body["complete"] is False
    assert "P0101" in {one["code"] for one in body["classes"]}
    assert len(body["classes"]) < 12
    assert [body[part] for part in ("majors", "grids", "lifecycle", "policies")] == [None] * 4
    assert body["units"] == []
    assert len(delta.content) < len(before.content) / 8


async def test_who_holds_the_present_one_is_told_of_nothing(shared_house: House) -> None:
    phone = await shared_house.caller(OFFICER)
    held = await phone.get("/v1/catalog")
    stamp = held.json()["stamp"]
    body = await since(phone, stamp)
    assert (body["classes"], body["units"], body["gone"]) == ([], [], {"classes": [], "units": []})
    assert (body["stamp"], body["complete"]) == (stamp, False)
    tagged = {"If-None-Match": held.headers["etag"]}
    assert (await phone.get("/v1/catalog", params={"since": stamp}, headers=tagged)).status_code == 304


async def test_the_tag_of_what_changed_is_that_of_the_whole(house: House) -> None:
    phone = await house.caller(OFFICER)
    stamp = (await fresh(phone))["stamp"]
    await change(house, ("class retired", "P0101", False))
    delta = await phone.get("/v1/catalog", params={"since": stamp})
    assert "P0101" in delta.json()["gone"]["classes"]
    again = await phone.get(
        "/v1/catalog",
        params={"since": delta.json()["stamp"]},
        headers={"If-None-Match": delta.headers["etag"]},
    )
    assert again.status_code == 304


@pytest.mark.parametrize("stamp", ["", "x", "AAAA", "网格", "1", "A" * 1_000, "../../etc/passwd"])
async def test_whoever_sends_something_else_gets_everything(shared_house: House, stamp: str) -> None:
    phone = await shared_house.caller(OFFICER)
    assert await since(phone, stamp) == await fresh(phone)
    assert (await since(phone, stamp))["complete"] is True


async def test_a_stamp_can_not_be_longer_than_any_of_ours(shared_house: House) -> None:
    phone = await shared_house.caller(OFFICER)
    answer = await phone.get("/v1/catalog", params={"since": "A" * 1_001})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/since")


async def test_who_turns_to_another_language_is_sent_all_that_is_written_in_it(shared_house: House) -> None:
    phone = await shared_house.caller(OFFICER)
    english = {"Accept-Language": "en"}
    held = await fresh(phone)
    assert applied(held, await since(phone, held["stamp"], **english)) == await fresh(phone, **english)


async def test_a_phone_that_changes_hands_holds_the_next_persons_grids(shared_house: House) -> None:
    held = await fresh(await shared_house.caller(OFFICER))
    for name in ("officer03", "dispatcher", "member-cityscape"):
        phone = await shared_house.caller(name)
        answer = await since(phone, held["stamp"])
        assert answer["classes"] == []
        assert applied(held, answer) == await fresh(phone)


async def test_a_duty_that_begins_or_ends_with_the_day_is_noticed(house: House) -> None:
    phone = await house.caller(OFFICER)
    async with house.database.write() as session:
        person = select(col(Person.id)).where(col(Person.username) == OFFICER).scalar_subquery()
        await session.execute(
            update(GridPerson).where(col(GridPerson.person_id) == person).values(to_on=date(2026, 11, 23))
        )
    held = await fresh(phone)
    assert held["grids"]
    house.clock.now += timedelta(days=1)
    answer = await since(phone, held["stamp"])
    assert (answer["grids"], answer["classes"]) == ([], [])


async def test_after_a_restored_backup_everything_is_sent(house: House) -> None:
    phone = await house.caller(OFFICER)
    async with house.database.write() as session:
        found = await session.execute(select(Unit).where(col(Unit.code) == "water"))
        water = found.scalar_one().model_dump(exclude={"id"})
        made = await session.execute(insert(Unit).values({**water, "code": "steam"}).returning(col(Unit.id)))
        steam_id = made.scalar_one()
    held = await fresh(phone)
    assert "steam" in {unit["code"] for unit in held["units"]}
    async with house.database.write() as session:
        await session.execute(delete(Unit).where(col(Unit.id) == steam_id))
    answer = await since(phone, held["stamp"])
    assert answer["complete"] is True
    assert answer == await fresh(phone)


async def test_what_a_phone_never_held_may_be_gone_as_well(house: House) -> None:
    phone = await house.caller(OFFICER)
    await change(house, ("class retired", "P0101", False))
    held = await fresh(phone)
    await change(house, ("class renamed", "E0406", "甲"))
    await change(house, ("unit closed", "water", False))
    answer = await since(phone, held["stamp"])
    assert applied(held, answer) == await fresh(phone)
