"""Asking what is public: the grids, the forms of answers, and who was asked about."""

from collections.abc import Mapping

import httpx
from sqlalchemy import select, update
from sqlmodel import col

from api.models import GridPerson, Person
from tests.conftest import House

COMMUNITY, UNIT_GRID = "990101001001", "990101001001004"
PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ENGLISH = {"Accept-Language": "en"}
HERE = {"longitude": 116.404, "latitude": 39.915}
FORMS: Mapping[str, tuple[str, dict[str, str]]] = {
    "data": ("", {}),
    "page": ("", PAGE),
    "sheet": ("/sheet", PAGE),
    "sheets": ("/sheet?children=true", PAGE),
}


def at(code: str, form: str = "data") -> tuple[str, dict[str, str]]:
    """Return the address of what is public of a grid, and the headers that ask for a form of it."""
    path, headers = FORMS[form]
    return f"/v1/public/grids/{code}{path}", headers


async def shown(client: httpx.AsyncClient, code: str, form: str = "data", **headers: str) -> str:
    """Return what is public of a grid in a form, as text."""
    address, wanted = at(code, form)
    answer = await client.get(address, headers=wanted | headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def names(client: httpx.AsyncClient, code: str = COMMUNITY) -> list[str]:
    """Return who is told to be responsible for a grid."""
    answer = await client.get(f"/v1/public/grids/{code}")
    return [person["name"] for person in answer.json()["people"]]


async def change_person(house: House, officer_number: str, **values: object) -> None:
    async with house.database.write() as session:
        chosen = col(Person.officer_number) == officer_number
        await session.execute(update(Person).where(chosen).values(**values))


async def change_duty(house: House, officer_number: str, **values: object) -> None:
    async with house.database.write() as session:
        person = select(col(Person.id)).where(col(Person.officer_number) == officer_number).scalar_subquery()
        await session.execute(update(GridPerson).where(col(GridPerson.person_id) == person).values(**values))
