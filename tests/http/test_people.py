"""People: read by supervisors and administrators, made and changed by administrators."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from api.models import GridPerson, Person, PersonEvent
from tests.conftest import House

PATH = "/v1/people/zhao"
ZHAO: dict[str, Any] = {
    "version": None,
    "name": "赵晓燕",
    "role": "officer",
    "unit": None,
    "phone": "13812345678",
    "officer_number": "WG0900",
    "grids": [{"code": "990101001001", "from_on": "2026-11-01", "to_on": None, "is_phone_public": True}],
    "valid_until": None,
    "is_active": True,
}
COMPUTED = ("id", "username", "role_name", "phone_masked", "has_password")
PASSWORD = "drei-Esel-im-Regen"


async def read(house: House, path: str = PATH, username: str = "admin") -> Any:  # noqa: ANN401  any answer
    answer = await (await house.caller(username)).get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(
    house: House,
    body: dict[str, Any],
    path: str = PATH,
    headers: dict[str, str] | None = None,
    username: str = "admin",
) -> httpx.Response:
    return await (await house.caller(username)).put(
        path, json=body, headers={"Accept-Language": "en", **(headers or {})}
    )


async def editable(house: House, path: str = PATH, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a person as she can be sent back, with changes."""
    shown = await read(house, path)
    return {name: value for name, value in shown.items() if name not in COMPUTED} | changes


async def events(house: House, username: str = "zhao") -> list[tuple[str, Any]]:
    """Return what is kept of an account's life."""
    statement = (
        select(col(PersonEvent.deed), col(PersonEvent.facts))
        .join(Person, col(Person.id) == col(PersonEvent.person_id))
        .where(col(Person.username) == username)
        .order_by(col(PersonEvent.id))
    )
    async with house.database.read() as session:
        return [(row.deed, row.facts) for row in await session.execute(statement)]


async def test_people_are_listed_by_user_name_page_by_page_with_masked_phones(shared_house: House) -> None:
    supervisor = await shared_house.caller("supervisor")
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": "7"} | ({"cursor": cursor} if cursor else {})
        page = (await supervisor.get("/v1/people", params=params)).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    names = [one["username"] for one in found]
    assert names == sorted(names)
    assert {"admin", "dispatcher", "officer01", "lead-water"} <= set(names)
    officer = found[names.index("officer01")]
    assert officer["phone_masked"] == "199****0101"
    assert [duty["code"] for duty in officer["grids"]] == ["990101001001"]
    assert "phone" not in officer
    assert "19900000101" not in str(found)


FILTERS = {
    "unit=water": {"lead-water", "member-water"},
    "role=supervisor": {"supervisor"},
    "q=WG0002": {"officer02"},
    "q=officer03": {"officer03"},
    "q=%25": set[str](),
    "active=false": set[str](),
    "unit=nowhere": set[str](),
    "unit=water&role=unit_lead&active=true": {"lead-water"},
}


@pytest.mark.parametrize("query", FILTERS)
async def test_a_list_is_narrowed(shared_house: House, query: str) -> None:
    items = (await read(shared_house, f"/v1/people?{query}"))["items"]
    assert {one["username"] for one in items} == FILTERS[query]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("role=king", "/query/role"),
        ("active=perhaps", "/query/active"),
        ("q=", "/query/q"),
        ("q=%00", "/query/q"),
        ("unit=a%20b", "/query/unit"),
        ("limit=0", "/query/limit"),
        ("cursor=bm8", "/query/cursor"),
        ("name=x", "/query/name"),
    ],
)
async def test_a_wrong_filter_is_refused(shared_house: House, query: str, pointer: str) -> None:
    answer = await (await shared_house.caller("admin")).get(f"/v1/people?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_cursor_belongs_to_its_filters(shared_house: House) -> None:
    cursor = (await read(shared_house, "/v1/people?limit=1"))["next"]
    answer = await (await shared_house.caller("admin")).get(f"/v1/people?role=officer&cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_wrong")


async def test_who_reads_a_phone_number_in_full_is_kept(house: House) -> None:
    answer = await (await house.caller("supervisor")).get("/v1/people/officer01")
    assert answer.json()["phone"] == "19900000101"
    assert answer.headers["cache-control"] == "no-store"
    assert await events(house, "officer01") == [("phone_read", {})]
    async with house.database.read() as session:
        reader = select(col(Person.username)).join(PersonEvent, col(PersonEvent.by_id) == col(Person.id))
        assert (await session.execute(reader)).scalar_one() == "supervisor"


async def test_what_was_done_to_an_account_is_never_changed(house: House) -> None:
    for statement in (
        "UPDATE person_events SET facts = '{}'",
        "DELETE FROM person_events",
        "TRUNCATE person_events",
    ):
        with pytest.raises(DBAPIError, match="what was done to an account is never changed"):
            async with house.database.write() as session:
                await session.execute(text(statement))


async def test_nobody_is_not_found(house: House) -> None:
    admin = await house.caller("admin")
    assert (await admin.get("/v1/people/nobody")).status_code == 404
    answer = await put(house, ZHAO | {"version": 1}, "/v1/people/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_new_officer_works_at_once_in_her_grids(house: House) -> None:
    answer = await put(house, ZHAO)
    assert (answer.status_code, answer.json()["version"]) == (201, 1), answer.text
    assert answer.json()["has_password"] is False
    again = await put(house, ZHAO)
    assert (again.status_code, again.json()) == (200, answer.json())
    me = await read(house, "/v1/me", "zhao")
    assert [grid["code"] for grid in me["grids"]] == ["990101001001"]
    assert {name: (await read(house))[name] for name in ZHAO} == ZHAO | {"version": 1}


async def test_a_change_is_a_new_version_that_says_which_fields_it_touched(house: House) -> None:
    await put(house, ZHAO)
    first = await put(house, await editable(house, phone=None, name="赵燕"))
    assert (first.status_code, first.json()["version"], first.json()["phone"]) == (200, 2, None)
    again = await put(house, await editable(house))
    assert (again.status_code, again.json()) == (200, first.json())
    told = await events(house)
    assert told[0] == ("created", {})
    assert told[-1] == ("changed", {"fields": ["name", "phone"]})
    assert "13812345678" not in str(told)
    got = await (await house.caller("admin")).get(PATH, headers={"Accept-Language": "en"})
    assert got.headers["etag"] == first.headers["etag"]


async def test_whoever_was_slower_learns_the_present_version(house: House) -> None:
    etag = (await put(house, ZHAO)).headers["etag"]
    changed = ZHAO | {"name": "赵燕"}
    assert (await put(house, changed)).status_code == 428
    contradicting = await put(house, changed | {"version": 4}, headers={"If-Match": etag})
    assert (contradicting.status_code, contradicting.json()["code"]) == (422, "version_contradicts")
    assert (await put(house, changed, headers={"If-Match": etag})).status_code == 200
    for stale in (1, 3, 0):
        answer = await put(house, ZHAO | {"version": stale})
        told = answer.json()
        assert (answer.status_code, told["code"], told["version"]) == (409, "version_conflict", 2)


async def test_duties_begin_change_and_end_and_those_that_are_over_stay(house: House) -> None:
    await put(house, ZHAO)
    old, other, coming = (
        {"code": "990101001001", "from_on": "2026-11-01", "to_on": "2026-12-31", "is_phone_public": False},
        {"code": "990101001002", "from_on": "2026-11-23", "to_on": None, "is_phone_public": False},
        {"code": "990101001003", "from_on": "2027-01-01", "to_on": None, "is_phone_public": False},
    )
    assert (await put(house, await editable(house, grids=[other, coming, old]))).status_code == 200
    assert (await read(house))["grids"] == [old, other, coming]
    assert (await put(house, await editable(house, grids=[]))).json()["grids"] == []
    async with house.database.read() as session:
        kept = (
            select(col(GridPerson.from_on), col(GridPerson.to_on))
            .join(Person)
            .where(col(Person.username) == "zhao")
        )
        rows = [(str(row.from_on), str(row.to_on)) for row in await session.execute(kept)]
    assert rows == [("2026-11-01", "2026-11-22")], "what had begun ended yesterday, the rest never was"
    again = await put(house, await editable(house, grids=[old]))
    assert (again.status_code, again.json()["grids"]) == (200, [old])


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no name": ({"name": ""}, "/name", "string_too_short"),
    "a name with a bell": ({"name": "a\x07"}, "/name", "value_error"),
    "a name of two lines": ({"name": "a\nb"}, "/name", "value_error"),
    "a name of blanks": ({"name": "  "}, "/name", "value_error"),
    "a name that turns writing round": ({"name": "a\u202eb"}, "/name", "value_error"),
    "a number of two lines": ({"officer_number": "1\n2"}, "/officer_number", "value_error"),
    "an unknown role": ({"role": "king"}, "/role", "enum"),
    "a member of no unit": ({"role": "unit_member"}, "/unit", "unit_needed"),
    "a lead of no unit": ({"role": "unit_lead"}, "/unit", "unit_needed"),
    "a unit that is not there": ({"unit": "nowhere"}, "/unit", "unit_unknown"),
    "a phone in words": ({"phone": "call me"}, "/phone", "string_pattern_mismatch"),
    "an empty officer number": ({"officer_number": ""}, "/officer_number", "string_too_short"),
    "somebody else's officer number": (
        {"officer_number": "WG0001"},
        "/officer_number",
        "officer_number_taken",
    ),
    "a grid that is not there": (
        {"grids": [{"code": "1", "from_on": "2026-11-01"}]},
        "/grids/0/code",
        "grid_unknown",
    ),
    "a duty that ends before it begins": (
        {"grids": [{"code": "990101001001", "from_on": "2026-11-01", "to_on": "2026-10-31"}]},
        "/grids/0/to_on",
        "duty_backwards",
    ),
    "two duties at once on one grid": (
        {
            "grids": [
                {"code": "990101001002", "from_on": "2026-11-01"},
                {"code": "990101001001", "from_on": "2026-12-01"},
                {"code": "990101001001", "from_on": "2026-11-01", "to_on": "2026-12-01"},
            ]
        },
        "/grids/2",
        "duty_repeated",
    ),
    "a day that does not exist": (
        {"valid_until": "2026-02-30"},
        "/valid_until",
        "date_from_datetime_parsing",
    ),
    "a day as a number": ({"valid_until": 20261231}, "/valid_until", "value_error"),
    "a short password": ({"password": "short"}, "/password", "password_weak"),
    "a password that everybody tries": ({"password": "1234567890"}, "/password", "password_weak"),
    "her user name as her password": ({"password": "zhao-ZHAO-zhao"}, "/password", "password_weak"),
    "one letter as a password": ({"password": "aaaaaaaaaaaaaaaa"}, "/password", "password_weak"),
    "a password without an end": ({"password": "ab" * 101}, "/password", "string_too_long"),
    "a member too many": ({"colour": "red"}, "/colour", "extra_forbidden"),
}


async def test_a_wrong_person_is_refused_at_her_field_and_not_stored(house: House) -> None:
    for name, (wrong, pointer, code) in WRONG.items():
        answer = await put(house, ZHAO | wrong)
        assert answer.status_code == 422, f"{name}: {answer.text}"
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)], name
        assert str(wrong.get("password")) not in answer.text, name
    assert (await (await house.caller("admin")).get(PATH)).status_code == 404


async def test_whatever_is_left_out_is_asked_for(house: House) -> None:
    for member in set(ZHAO) - {"version"}:
        body = {name: value for name, value in ZHAO.items() if name != member}
        errors = (await put(house, body)).json()["errors"]
        assert [(one["pointer"], one["code"]) for one in errors] == [(f"/{member}", "missing")]


async def test_a_user_name_that_nobody_could_type_is_refused(shared_house: House) -> None:
    for username in ("Zhao", "-zhao", "zh%20ao", "z" * 65, "赵"):
        answer = await put(shared_house, ZHAO, f"/v1/people/{username}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/path/username"), (
            username
        )


async def test_an_account_that_ends_signs_out_everywhere_at_once(house: House) -> None:
    officer = await house.caller("officer01")
    assert (await officer.get("/v1/me")).status_code == 200
    path = "/v1/people/officer01"
    assert (await put(house, await editable(house, path, is_active=False), path)).status_code == 200
    assert (await officer.get("/v1/me")).status_code == 401
    assert (await put(house, await editable(house, path, is_active=True), path)).status_code == 200
    assert (await officer.get("/v1/me")).status_code == 401, "what ended does not come back"


async def test_an_account_ends_by_itself_after_its_last_day(house: House) -> None:
    await put(house, ZHAO | {"valid_until": "2026-11-23", "password": PASSWORD})
    zhao = await house.caller("zhao")
    form = {"grant_type": "password", "username": "zhao", "password": PASSWORD}
    async with house.client() as phone:
        assert (await phone.post("/v1/auth/token", data=form)).status_code == 200
        house.clock.turn(hours=14)
        assert (await zhao.get("/v1/me")).status_code == 200, "23:30 on the last day"
        house.clock.turn(hours=1)
        assert (await zhao.get("/v1/me")).status_code == 401
        assert (await phone.post("/v1/auth/token", data=form)).status_code == 401


async def test_the_last_administrator_stays(house: House) -> None:
    path = "/v1/people/admin"
    changes: list[dict[str, Any]] = [
        {"is_active": False},
        {"role": "dispatcher"},
        {"valid_until": "2027-12-31"},
    ]
    second = "/v1/people/second"
    boss: dict[str, Any] = ZHAO | {"role": "administrator", "officer_number": None, "grids": []}
    assert (await put(house, boss, second)).status_code == 201, "without a password she is no help"
    for change in changes:
        answer = await put(house, await editable(house, path, **change), path)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator"), change
    assert (await read(house, path))["version"] == 1
    given = await put(house, {"password": PASSWORD}, f"{second}/password")
    assert given.status_code == 204, given.text
    assert (await put(house, await editable(house, path, role="dispatcher"), path)).status_code == 200
    assert (await put(house, ZHAO)).status_code == 403, "it counts at once"
