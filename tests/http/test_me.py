"""Who am I, and what is my work."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from geoalchemy2 import WKTElement
from sqlalchemy import insert, select, update
from sqlmodel import col

from api.domain.lifecycle import State
from api.domain.reports import Priority, Source
from api.models import Category, Grid, GridPerson, Person, Ticket, Unit
from tests.conftest import House

HOUR = timedelta(hours=1)
DUE_IN = {"overdue": -HOUR, "soon": HOUR, "later": timedelta(days=9), "without a due time": None}


@pytest.fixture
async def street(house: House) -> House:
    """Return a street with five tickets in one of officer01's grids: four open ones, and one that is closed.

    They are sanitation's, and officer32, who has other grids, reported them.
    """
    async with house.database.write() as session:
        person = select(col(Person.id))
        mine = (
            select(col(Grid.id), col(Grid.code))
            .join(GridPerson, col(GridPerson.grid_id) == col(Grid.id))
            .where(
                col(GridPerson.person_id)
                == person.where(col(Person.username) == "officer01").scalar_subquery()
            )
            .limit(1)
        )
        grid_id, grid_code = (await session.execute(mine)).one()
        category = select(col(Category.id), col(Category.code)).limit(1)
        category_id, category_code = (await session.execute(category)).one()
        unit = select(col(Unit.id)).where(col(Unit.code) == "sanitation")
        now = house.clock.now
        ticket: dict[str, Any] = {
            "version": 1,
            "category_id": category_id,
            "category_code": category_code,
            "grid_id": grid_id,
            "grid_code": grid_code,
            "unit_id": (await session.execute(unit)).scalar_one(),
            "reporter_id": (
                await session.execute(person.where(col(Person.username) == "officer32"))
            ).scalar_one(),
            "source": Source.OFFICER,
            "priority": Priority.NORMAL,
            "place": WKTElement("POINT(116.40 39.91)", 4326),
            "observed_at": now,
            "reported_at": now,
            "updated_at": now,
            "history_count": 0,
            "history_sha256": "0" * 64,
        }
        for number, span in DUE_IN.items():
            due_at = None if span is None else now + span
            one = {"id": uuid4(), "number": number, "state": State.IN_PROGRESS, "due_at": due_at}
            await session.execute(insert(Ticket).values({**ticket, **one}))
        closed = {
            "id": uuid4(),
            "number": "closed",
            "state": State.CLOSED,
            "closed_at": now,
            "due_at": now - HOUR,
        }
        await session.execute(insert(Ticket).values({**ticket, **closed}))
    return house


COUNTERS = {"open": 4, "due_soon": 1, "overdue": 1}


async def me(street: House, username: str, language: str = "zh") -> dict[str, Any]:
    client = await street.caller(username)
    answer = await client.get("/v1/me", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert answer.headers["vary"] == "Accept-Language, Accept-Encoding"
    assert answer.headers["content-language"] == language[:2]
    return answer.json()


async def test_an_officer_is_told_who_she_is_and_the_work_in_her_grids(street: House) -> None:
    answer = await me(street, "officer01")
    assert answer.keys() == {"person", "role", "unit", "grids", "counters"}
    person = answer["person"]
    assert person.keys() == {"id", "username", "name", "role", "role_name", "officer_number", "phone_masked"}
    assert (person["username"], person["role"], person["role_name"]) == ("officer01", "officer", "网格员")
    assert person["officer_number"] is not None
    assert answer["unit"] is None
    assert answer["grids"]
    assert all(grid.keys() == {"code", "name"} for grid in answer["grids"])
    assert answer["counters"] == COUNTERS


async def test_what_an_officer_reported_elsewhere_is_not_her_work(street: House) -> None:
    assert (await me(street, "officer32"))["counters"] == {"open": 0, "due_soon": 0, "overdue": 0}


async def test_a_unit_is_told_its_own_work(street: House) -> None:
    for username in ("member-sanitation", "lead-sanitation"):
        answer = await me(street, username)
        assert answer["unit"]["code"] == "sanitation"
        assert answer["grids"] == []
        assert answer["counters"] == COUNTERS
    assert (await me(street, "lead-traffic"))["counters"] == {"open": 0, "due_soon": 0, "overdue": 0}


@pytest.mark.parametrize("username", ["dispatcher", "supervisor", "admin"])
async def test_the_desk_is_told_all_that_is_open(street: House, username: str) -> None:
    assert (await me(street, username))["counters"] == COUNTERS


async def test_what_is_overdue_is_decided_at_the_moment_of_the_question(street: House) -> None:
    street.clock.turn(hours=1, seconds=1)
    assert (await me(street, "dispatcher"))["counters"] == {"open": 4, "due_soon": 0, "overdue": 2}


async def test_names_come_in_the_callers_language(street: House) -> None:
    chinese, english = await me(street, "officer01"), await me(street, "officer01", "en-GB, zh;q=0.5")
    assert english["person"]["role_name"] == "grid officer"
    assert [grid["code"] for grid in english["grids"]] == [grid["code"] for grid in chinese["grids"]]
    assert english["grids"] != chinese["grids"]
    unit = (await me(street, "lead-sanitation", "en"))["unit"]
    assert unit["name"].isascii()


async def test_a_phone_number_is_masked(street: House) -> None:
    async with street.database.write() as session:
        her = update(Person).where(col(Person.username) == "officer01")
        await session.execute(her.values(phone="13812345678"))
    assert (await me(street, "officer01"))["person"]["phone_masked"] == "138****5678"


async def test_a_duty_that_has_ended_is_none(street: House) -> None:
    async with street.database.write() as session:
        await session.execute(update(GridPerson).values(to_on=(street.clock.now - timedelta(days=1)).date()))
    answer = await me(street, "officer01")
    assert answer["grids"] == []
    assert answer["counters"] == {"open": 0, "due_soon": 0, "overdue": 0}
