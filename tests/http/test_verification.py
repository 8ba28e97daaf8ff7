"""Verification (核实): an officer of the grid looks whether a tip is true before anybody is sent."""

from typing import Any
from uuid import uuid4

from tests.conftest import House
from tests.http.side_ways import actions, at, events, queue, refused, sees
from tests.http.walking import CHECKER, FINDER, photo, report, stepped

ELSEWHERE = "officer03"
"""Patrols the next community."""


async def asked(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a report
    """Return a hotline's tip that an officer is to verify."""
    ticket = await report(house, "dispatcher", source="hotline", **changes)
    return await stepped(house, "dispatcher", ticket, "ask_verification", note="请核实是否属实")


async def test_a_tip_is_verified_by_an_officer_of_the_grid_and_then_filed(house: House) -> None:
    ticket = await asked(house)
    assert (ticket["state"], ticket["stage"]) == ("verifying", "verification")
    house.clock.turn(minutes=30)
    look = await photo(house, FINDER, "evidence")
    ticket = await stepped(house, FINDER, ticket, "answer_verification", photos=[look], confirmed=True)
    assert (ticket["state"], ticket["stage"]) == ("reported", "intake")
    ticket = await stepped(house, "dispatcher", ticket, "file", condition=1)
    assert (ticket["state"], ticket["unit"]["code"]) == ("assigned", "cityscape")
    assert [one["id"] for one in ticket["photos"]] == [look]
    history = await events(house, ticket)
    assert [one["action"] for one in history] == [
        "report",
        "ask_verification",
        "answer_verification",
        "file",
        "dispatch",
    ]
    assert history[2]["facts"]["confirmed"] is True


async def test_while_an_officer_looks_the_desks_own_clock_stands_still(house: House) -> None:
    ticket = await report(house, "dispatcher", source="hotline")
    intake_due = at(ticket["due_at"])
    house.clock.turn(minutes=5)
    ticket = await stepped(house, "dispatcher", ticket, "ask_verification")
    # 120 minutes of the patrols' hours, which run until 21:00.
    assert (at(ticket["due_at"]) - house.clock.now).total_seconds() == 120 * 60
    house.clock.turn(minutes=40)
    look = await photo(house, CHECKER, "evidence")
    ticket = await stepped(house, CHECKER, ticket, "answer_verification", photos=[look])
    assert (at(ticket["due_at"]) - intake_due).total_seconds() == 40 * 60


async def test_a_tip_that_is_not_true_is_rejected_after_the_answer(house: House) -> None:
    ticket = await asked(house)
    look = await photo(house, FINDER, "evidence")
    ticket = await stepped(
        house, FINDER, ticket, "answer_verification", photos=[look], confirmed=False, note="现场无摊贩"
    )
    ticket = await stepped(house, "dispatcher", ticket, "reject", reason="经核实不存在")
    assert (ticket["state"], ticket["due_at"], ticket["actions"]) == ("rejected", None, [])


async def test_the_desk_need_not_wait_for_the_answer(house: House) -> None:
    filed = await stepped(house, "dispatcher", await asked(house), "file", condition=1)
    assert (filed["state"], filed["stage"]) == ("assigned", "rectification")
    rejected = await stepped(house, "dispatcher", await asked(house), "reject", reason="重复来电")
    assert rejected["state"] == "rejected"
    late = await refused(house, FINDER, filed, "answer_verification", "step_refused")
    assert late["state"] == "assigned"


async def test_the_answer_needs_a_photo(house: House) -> None:
    ticket = await asked(house)
    problem = await refused(house, FINDER, ticket, "answer_verification", "evidence_missing", confirmed=True)
    assert problem["missing"] == ["photo"]


async def test_noise_is_verified_by_ear(house: House) -> None:
    ticket = await asked(house, category="E0301", condition=1)
    ticket = await stepped(house, FINDER, ticket, "answer_verification", confirmed=True)
    assert ticket["state"] == "reported"


async def test_nobody_can_be_sent_where_no_grid_is_until_the_desk_names_one(house: House) -> None:
    nowhere = {"longitude": 116.5, "latitude": 39.8, "crs": "wgs84"}
    ticket = await report(house, "dispatcher", source="hotline", place=nowhere)
    problem = await refused(house, "dispatcher", ticket, "ask_verification", "evidence_missing")
    assert problem["missing"] == ["grid"]
    unknown = await refused(house, "dispatcher", ticket, "ask_verification", "grid_unknown", grid="9" * 15)
    assert unknown["errors"][0]["pointer"] == "/grid"
    ticket = await stepped(house, "dispatcher", ticket, "ask_verification", grid="990101001001001")
    assert (ticket["state"], ticket["grid"]["code"]) == ("verifying", "990101001001001")
    assert ticket["number"] in await queue(house, FINDER)


async def test_a_tip_waits_in_the_queues_of_its_grids_officers_and_of_nobody_else(house: House) -> None:
    ticket = await asked(house)
    for username in (FINDER, CHECKER):
        assert ticket["number"] in await queue(house, username), username
    for username in (ELSEWHERE, "member-cityscape"):
        assert ticket["number"] not in await queue(house, username), username
        assert not await sees(house, username, ticket), username
    look = await photo(house, FINDER, "evidence")
    await stepped(house, FINDER, ticket, "answer_verification", photos=[look])
    assert ticket["number"] not in await queue(house, FINDER)
    assert ticket["number"] in await queue(house, "dispatcher")


async def test_another_grids_officer_does_not_answer_not_even_for_an_own_report(house: House) -> None:
    ticket = await report(house, ELSEWHERE, condition=None, category="P0101")
    assert (ticket["state"], ticket["triage"]["code"]) == ("reported", "condition_open")
    ticket = await stepped(house, "dispatcher", ticket, "ask_verification")
    look = await photo(house, ELSEWHERE, "evidence")
    problem = await refused(
        house, ELSEWHERE, ticket, "answer_verification", "not_your_step", photos=[look], confirmed=True
    )
    assert problem["roles"] == ["officer"]


async def test_the_dispatcher_asks_and_the_officer_answers_never_the_other_way_round(house: House) -> None:
    ticket = await report(house, "dispatcher", source="hotline")
    problem = await refused(house, "supervisor", ticket, "ask_verification", "not_your_step")
    assert problem["roles"] == ["dispatcher"]
    ticket = await stepped(house, "dispatcher", ticket, "ask_verification")
    problem = await refused(house, "dispatcher", ticket, "answer_verification", "not_your_step")
    assert problem["roles"] == ["officer"]
    assert "file" in problem["actions"]


async def test_the_desk_can_ask_again(house: House) -> None:
    ticket = await asked(house)
    look = await photo(house, FINDER, "evidence")
    ticket = await stepped(house, FINDER, ticket, "answer_verification", photos=[look])
    house.clock.turn(hours=3)
    ticket = await stepped(house, "dispatcher", ticket, "ask_verification", note="请再看背面")
    assert (at(ticket["due_at"]) - house.clock.now).total_seconds() == 120 * 60
    assert (await actions(house, ticket)).count("ask_verification") == 2


async def test_a_photo_that_comes_while_an_officer_looks_is_stored_and_files_nothing(house: House) -> None:
    awaited = str(uuid4())
    ticket = await report(house, photos=[awaited])
    assert ticket["triage"]["code"] == "photos_awaited"
    ticket = await stepped(house, "dispatcher", ticket, "ask_verification")
    assert ticket["triage"] is None
    await photo(house, FINDER, "before", photo_id=awaited)
    ticket = (await (await house.caller("dispatcher")).get(f"/v1/tickets/{ticket['id']}")).json()
    assert (ticket["state"], [one["id"] for one in ticket["photos"]]) == ("verifying", [awaited])
    ticket = await stepped(house, "dispatcher", ticket, "file", condition=1)
    assert ticket["state"] == "assigned"
