"""Who is responsible here: what nobody is told, and what a page can't be made to do."""

import base64
import hashlib
import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlmodel import col

from api.db import WriteSession
from api.models import Grid, GridPerson, Person, Unit
from tests.conftest import MONDAY_MORNING, House
from tests.http.public_asking import (
    COMMUNITY,
    ENGLISH,
    FORMS,
    HERE,
    UNIT_GRID,
    at,
    change_duty,
    change_person,
    names,
    shown,
)


@pytest.mark.parametrize("form", ["data", "page", "sheet"])
async def test_whoever_is_no_longer_on_duty_is_gone_at_once(
    house: House, resident: httpx.AsyncClient, form: str
) -> None:
    first, second = await names(resident)
    tag = (await resident.get(at(COMMUNITY, form)[0], headers=FORMS[form][1])).headers["etag"]
    for changed, back in (
        ({"is_active": False}, {"is_active": True}),
        ({"valid_until": MONDAY_MORNING.date() - timedelta(days=1)}, {"valid_until": MONDAY_MORNING.date()}),
    ):
        await change_person(house, "WG0001", **changed)
        answer = await resident.get(at(COMMUNITY, form)[0], headers=FORMS[form][1] | {"If-None-Match": tag})
        assert answer.status_code == 200
        assert first not in answer.text
        assert "19900000101" not in answer.text
        assert second in answer.text
        await change_person(house, "WG0001", **back)
        assert first in await shown(resident, COMMUNITY, form)
    house.clock.turn(days=1)  # her last valid day is over
    assert first not in await shown(resident, COMMUNITY, form)
    await change_duty(house, "WG0002", to_on=MONDAY_MORNING.date())
    assert second not in await shown(resident, COMMUNITY, form)


async def test_a_phone_is_public_as_soon_as_the_register_says_so_and_no_longer(
    house: House, resident: httpx.AsyncClient
) -> None:
    admin = await house.caller("admin")
    person = (await admin.get("/v1/people/officer01")).json()
    computed = {"id", "username", "role_name", "phone_masked", "has_password"}
    for is_public in (False, True):
        sent: dict[str, Any] = {name: value for name, value in person.items() if name not in computed}
        sent["grids"] = [duty | {"is_phone_public": is_public} for duty in person["grids"]]
        stored = await admin.put("/v1/people/officer01", json=sent)
        assert stored.status_code == 200, stored.text
        person = stored.json()
        for form in ("data", "page", "sheet"):
            assert ("19900000101" in await shown(resident, COMMUNITY, form)) is is_public
    sent = {name: value for name, value in person.items() if name not in computed} | {"grids": []}
    assert (await admin.put("/v1/people/officer01", json=sent)).status_code == 200
    assert person["name"] not in await names(resident)


async def test_nothing_that_names_an_account_or_was_not_released_is_in_any_answer(
    house: House, resident: httpx.AsyncClient
) -> None:
    async with house.database.write() as session:
        every_other = text("UPDATE grid_people SET is_phone_public = (id % 2 = 0)")
        await session.execute(every_other)
        withheld, released = await phones(session)
        secrets = await account_facts(session)
        codes = (await session.execute(select(col(Grid.code)))).scalars().all()
    assert withheld
    assert released
    seen: set[str] = set()
    for code in codes:
        for form in FORMS:
            if form == "sheets" and len(code) == len(UNIT_GRID):
                continue
            said = await shown(resident, code, form, **(ENGLISH if len(code) % 2 else {}))
            words = set(re.findall(r"[\w-]+", unescape(said)))
            assert not words & withheld, f"{code} {form}"
            assert not words & secrets, f"{code} {form}"
            seen |= words & released
    assert seen == released


async def phones(session: WriteSession) -> tuple[set[str], set[str]]:
    """Return the phones of people that were not released for any duty, and those that were."""
    rows = await session.execute(
        select(col(Person.phone), col(GridPerson.is_phone_public)).outerjoin(
            GridPerson, col(GridPerson.person_id) == col(Person.id)
        )
    )
    known = [(phone, bool(is_public)) for phone, is_public in rows if phone]
    released = {phone for phone, is_public in known if is_public}
    return {phone for phone, _ in known} - released, released


async def account_facts(session: WriteSession) -> set[str]:
    """Return what names an account: ids, user names, officer numbers."""
    rows = await session.execute(select(col(Person.id), col(Person.username), col(Person.officer_number)))
    return {str(fact) for row in rows for fact in row if fact}


async def test_hostile_names_stay_text(house: House, resident: httpx.AsyncClient) -> None:
    hostile = "<script>alert('1')</script>\"><img src=x onerror=alert(2)>&amp;"
    async with house.database.write() as session:
        await session.execute(update(Person).values(name=hostile, phone='"><b>1'))
        await session.execute(update(Grid).values(name_zh=hostile, name_en=hostile))
        await session.execute(update(Unit).values(name_zh=hostile, name_en=hostile, phone="<i>&"))
    for form in ("page", "sheet", "sheets"):
        said = await shown(resident, COMMUNITY, form)
        assert "<script" not in said
        assert "<img" not in said
        assert "<b>" not in said
        assert "<i>" not in said
        assert hostile in unescape(said)
    assert (await names(resident))[0] == hostile


@pytest.mark.parametrize("form", FORMS)
async def test_pages_load_nothing_run_nothing_and_are_in_nobodys_frame(
    visitor: httpx.AsyncClient, form: str
) -> None:
    address, headers = at(COMMUNITY, form)
    answer = await visitor.get(address, headers=headers)
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    if form == "data":
        return
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script|<link|<iframe|<object|\bsrc=|url\(|@import|\bstyle=|\bon\w+=", answer.text)
    assert not re.findall(r'href="(?!tel:)', answer.text)
    assert "http://" not in answer.text


async def test_the_policy_lets_the_page_have_its_own_style(visitor: httpx.AsyncClient) -> None:
    for form in ("page", "sheet"):
        address, headers = at(COMMUNITY, form)
        answer = await visitor.get(address, headers=headers)
        (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]


async def test_an_office_that_does_not_publish_it_answers_nothing(
    house: House, resident: httpx.AsyncClient
) -> None:
    async with house.database.write() as session:
        await session.execute(
            text(
                "INSERT INTO policies (key, value) VALUES ('public_responsibility', 'false')"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            )
        )
    for form in FORMS:
        address, headers = at(COMMUNITY, form)
        answer = await resident.get(address, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = await resident.get("/v1/public/responsible", params=HERE)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_sign_in_changes_nothing_of_it(house: House, resident: httpx.AsyncClient) -> None:
    for username in ("admin", "member-cityscape"):
        caller = await house.caller(username)
        for form in FORMS:
            assert await shown(caller, COMMUNITY, form) == await shown(resident, COMMUNITY, form)
