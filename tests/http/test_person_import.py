"""People come in as the table that an office keeps: all of them, or none and a report by line."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.domain.person_files import person_rows
from api.models import SignIn
from api.queries.personnel import find_all_people
from tests.conftest import House
from tests.http.side_ways import fixed, suspended
from tests.http.table_sending import faults, send_rows, send_workbook
from tests.http.test_people import editable, events, put, read
from tests.http.walking import accepted

IMPORT = "/v1/people/import"
HEADINGS = ("用户名", "姓名", "角色", "单位", "手机", "工号", "职务", "网格", "公示电话")
ZHAO = ("zhao", "赵晓燕", "网格员", "", "13812345678", "WG0900", "组长", "990101001001、990101001002", "是")
QIAN = ("qian", "钱明", "责任单位负责人", "water", "", "", "", "", "")
MEMBER = "/v1/people/member-cityscape"


async def people(house: House) -> Any:  # noqa: ANN401  any answer
    return (await read(house, "/v1/people?limit=200"))["items"]


async def exported(house: House) -> list[tuple[str, ...]]:
    """Return everybody as the rows of a table."""
    today = house.wiring.settings.today(house.clock.now)
    async with house.database.read() as session:
        return [tuple(row) for row in person_rows(one.draft for one in await find_all_people(session, today))]


async def ticket_of(house: House, ticket: dict[str, Any]) -> dict[str, Any]:
    return await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher")


@pytest.mark.parametrize("sending", [send_rows, send_workbook])
async def test_new_people_come_in_and_the_same_table_again_changes_nothing(
    house: House,
    sending: Any,  # noqa: ANN401  either way
) -> None:
    tried = await sending(house, IMPORT, HEADINGS, ZHAO, QIAN, query="dry_run=true")
    assert (tried.json()["added"], tried.json()["is_acceptable"]) == (["zhao", "qian"], True), tried.text
    assert (await (await house.caller("admin")).get("/v1/people/zhao")).status_code == 404
    stored = await sending(house, IMPORT, HEADINGS, ZHAO, QIAN)
    assert (stored.status_code, stored.json()["added"]) == (200, ["zhao", "qian"]), stored.text
    zhao = await read(house, "/v1/people/zhao")
    assert (zhao["post"], zhao["phone"], zhao["has_password"], zhao["version"]) == (
        "组长",
        "13812345678",
        False,
        1,
    )
    assert [(one["code"], one["from_on"], one["is_phone_public"]) for one in zhao["grids"]] == [
        ("990101001001", "2026-11-23", True),
        ("990101001002", "2026-11-23", True),
    ]
    assert (await read(house, "/v1/people/qian"))["unit"] == "water"
    assert [deed for deed, _ in await events(house)] == ["created", "phone_read"]
    again = await sending(house, IMPORT, HEADINGS, ZHAO, QIAN)
    assert (again.json()["added"], again.json()["changed"], again.json()["unchanged"]) == ([], [], 2)


async def test_a_person_changes_in_the_columns_of_the_table_and_the_deed_is_kept(house: House) -> None:
    await send_rows(house, IMPORT, HEADINGS, ZHAO)
    before = await read(house, "/v1/people/zhao")
    house.clock.turn(days=3)
    answer = await send_rows(house, IMPORT, ("username", "grids"), ("zhao", "990101001002 990101001003"))
    assert answer.json()["changed"] == ["zhao"], answer.text
    after = await read(house, "/v1/people/zhao")
    assert [(one["code"], one["from_on"]) for one in after["grids"]] == [
        ("990101001002", "2026-11-23"),
        ("990101001003", "2026-11-26"),
    ]
    assert {**after, "grids": [], "version": 1} == {**before, "grids": []}
    assert (await events(house))[-2] == ("changed", {"fields": ["duties"]})


async def test_an_export_imported_again_changes_nothing(house: House) -> None:
    rows = await exported(house)
    before = await people(house)
    told = (await send_rows(house, IMPORT, *rows)).json()
    assert (told["added"], told["changed"], told["unchanged"]) == ([], [], len(before)), told
    assert await people(house) == before


async def test_one_bad_row_among_five_hundred_changes_nothing(house: House) -> None:
    rows = [
        (f"p{number}", f"人{number}", "网格员", "", "", f"N{number}", "", "", "") for number in range(500)
    ]
    rows[300] = ("p300", "", "king", "nobody", "call me", "N299", "", "990101001999", "")
    before = await people(house)
    refused = await send_rows(house, IMPORT, HEADINGS, *rows)
    assert faults(refused)[:4] == [
        ("cell_empty", 302, "姓名"),
        ("cell_wrong", 302, "角色"),
        ("cell_wrong", 302, "手机"),
        ("unit_unknown", 302, "单位"),
    ]
    assert ("grid_unknown", 302, "网格") in faults(refused)
    assert await people(house) == before


async def test_a_number_that_somebody_else_has_is_refused_and_numbers_may_be_swapped(house: House) -> None:
    taken = await send_rows(house, IMPORT, ("username", "officer_number"), ("officer01", "WG0002"))
    assert faults(taken) == [("officer_number_taken", 2, "officer_number")]
    swapped = await send_rows(
        house, IMPORT, ("username", "officer_number"), ("officer01", "WG0002"), ("officer02", "WG0001")
    )
    assert swapped.json()["changed"] == ["officer01", "officer02"], swapped.text
    assert (await read(house, "/v1/people/officer02"))["officer_number"] == "WG0001"


async def test_the_last_administrator_stays_whatever_the_whole_table_says(house: House) -> None:
    for column, cell in (("role", "dispatcher"), ("is_active", "否"), ("valid_until", "2030-01-01")):
        refused = await send_rows(house, IMPORT, ("username", column), ("admin", cell))
        assert faults(refused) == [("last_administrator", 2, "role")]
    # A new one has no password yet, and lets nobody in.
    heir = await send_rows(
        house,
        IMPORT,
        ("username", "name", "role"),
        ("heir", "新", "administrator"),
        ("admin", "旧", "officer"),
    )
    assert faults(heir) == [("last_administrator", 3, "role")]
    body = await editable(house, "/v1/people/dispatcher", role="administrator")
    assert (await put(house, body, "/v1/people/dispatcher")).status_code == 200
    handed = await send_rows(house, IMPORT, ("username", "role"), ("admin", "officer"))
    assert handed.json()["changed"] == ["admin"], handed.text


async def test_an_account_that_ends_is_out_at_once_and_leaves_its_tickets_to_the_lead(house: House) -> None:
    ticket = await accepted(house)
    handler = ticket["handler"]["name"] if "name" in ticket["handler"] else ticket["handler"]
    assert handler
    username = "member-cityscape"
    ended = await send_rows(house, IMPORT, ("username", "启用"), (username, "否"))
    assert ended.json()["changed"] == [username], ended.text
    seen = await ticket_of(house, ticket)
    assert (seen["handler"], seen["state"], seen["due_at"]) == (None, "in_progress", ticket["due_at"])
    history = await read(house, f"/v1/tickets/{ticket['id']}/history?verify=true", "dispatcher")
    last = history["items"][-1]
    assert history["verified"] is True
    assert (last["action"], last["facts"]) == (
        "hand_over",
        {"handler": None, "from_handler": username, "by": "admin"},
    )
    async with house.database.read() as session:
        left = select(col(SignIn.revoked_why)).where(col(SignIn.revoked_at).is_not(None))
        assert "deactivated" in (await session.execute(left)).scalars().all()


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"unit": "water"}, {"role": "officer", "unit": None}], ids=str
)
async def test_a_put_leaves_the_tickets_to_the_lead_as_well(house: House, change: dict[str, Any]) -> None:
    ticket = await accepted(house)
    answer = await put(house, await editable(house, MEMBER, **change), MEMBER)
    assert answer.status_code == 200, answer.text
    assert (await ticket_of(house, ticket))["handler"] is None


async def test_who_stays_in_the_unit_keeps_her_tickets(house: House) -> None:
    ticket = await accepted(house)
    for change in ({"name": "新名"}, {"role": "unit_lead"}, {"post": "科长"}):
        assert (await put(house, await editable(house, MEMBER, **change), MEMBER)).status_code == 200
    assert (await ticket_of(house, ticket))["handler"] is not None


@pytest.mark.parametrize("way", [suspended, fixed])
async def test_a_ticket_that_waits_is_left_to_the_lead_too(house: House, way: Any) -> None:  # noqa: ANN401  either way
    if way is suspended:
        ticket = await suspended(house, "2026-12-01T09:00:00+08:00")
    else:
        ticket = await fixed(house, "member-cityscape", await accepted(house))
    state = ticket["state"]
    assert (await put(house, await editable(house, MEMBER, is_active=False), MEMBER)).status_code == 200
    seen = await ticket_of(house, ticket)
    assert (seen["handler"], seen["state"], seen["due_at"]) == (None, state, ticket["due_at"])


async def test_a_post_is_stored_and_shown(house: House) -> None:
    body = await editable(house, "/v1/people/officer01", post="组长")
    assert (await put(house, body, "/v1/people/officer01")).json()["post"] == "组长"
    assert [one["post"] for one in await people(house) if one["username"] == "officer01"] == ["组长"]
