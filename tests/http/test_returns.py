"""Return (回退), adjudication and ruling (指定管辖): it is not this unit's, so somebody says whose it is."""

from typing import Any

from tests.conftest import House
from tests.http.side_ways import WASTE, actions, at, events, queue, refused, returned, sees
from tests.http.walking import photo, report, stepped

FIRST, SECOND, THIRD = "member-sanitation", "member-cityscape", "member-street"


async def contested(house: House) -> dict[str, Any]:
    """Return a ticket that two units have sent back."""
    ticket = await returned(house, FIRST, await report(house, **WASTE))
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="cityscape")
    return await returned(house, SECOND, ticket)


async def test_a_unit_returns_what_is_not_its_own_with_a_reason_and_evidence(house: House) -> None:
    ticket = await report(house, **WASTE)
    assert (ticket["unit"]["code"], ticket["return_until"]) == ("sanitation", ticket["due_at"])
    ticket = await returned(house, FIRST, ticket)
    assert (ticket["state"], ticket["stage"]) == ("filed", "dispatch")
    assert ticket["triage"]["code"] == "returned"
    assert ticket["number"] in await queue(house, "dispatcher")
    told = (await events(house, ticket))[-1]
    assert (told["action"], told["facts"]["reason"]) == ("return", "不属于我单位职责")
    assert (told["facts"]["unit"], len(told["photos"])) == ("sanitation", 1)


async def test_a_return_after_signing_for_it_is_possible_too(house: House) -> None:
    ticket = await stepped(house, FIRST, await report(house, **WASTE), "accept")
    ticket = await returned(house, FIRST, ticket)
    assert (ticket["state"], ticket["handler"]) == ("filed", None)


async def test_a_return_without_reason_or_evidence_names_both(house: House) -> None:
    ticket = await report(house, **WASTE)
    problem = await refused(house, FIRST, ticket, "return", "evidence_missing")
    assert problem["missing"] == ["photo", "reason"]
    problem = await refused(house, FIRST, ticket, "return", "evidence_missing", reason="不归我们")
    assert problem["missing"] == ["photo"]


async def test_noise_is_returned_without_a_photo(house: House) -> None:
    ticket = await report(house, category="E0301", condition=1)
    member = f"member-{ticket['unit']['code']}"
    ticket = await stepped(house, member, ticket, "return", reason="不归我们")
    assert ticket["triage"]["code"] == "returned"


async def test_the_window_to_return_closes(house: House) -> None:
    ticket = await report(house, **WASTE)
    house.clock.now = at(ticket["return_until"])
    assert "return" in (await refused(house, FIRST, ticket, "return", "evidence_missing"))["actions"]
    house.clock.turn(seconds=1)
    proof = await photo(house, FIRST, "evidence")
    problem = await refused(house, FIRST, ticket, "return", "window_closed", reason="晚了", photos=[proof])
    assert at(problem["return_until"]) == at(ticket["return_until"])
    assert "return" not in problem["actions"]


async def test_the_window_of_a_long_limit_is_four_working_hours(house: House) -> None:
    ticket = await report(house, category="P0101", condition=4)  # five working days
    assert at(ticket["return_until"]).isoformat() == "2026-11-23T07:30:00+00:00"  # 15:30 in Shanghai


async def test_another_unit_gets_the_full_limit_and_a_window_of_its_own(house: House) -> None:
    ticket = await report(house, **WASTE)
    first_due = at(ticket["due_at"])
    house.clock.turn(minutes=45)
    ticket = await returned(house, FIRST, ticket)
    house.clock.turn(minutes=15)
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="cityscape")
    assert (ticket["state"], ticket["unit"]["code"], ticket["triage"]) == ("assigned", "cityscape", None)
    assert (at(ticket["due_at"]) - first_due).total_seconds() == 60 * 60
    assert ticket["return_until"] == ticket["due_at"]
    cycles = [one["cycle"] for one in ticket["deadline"]["clock"] if one["clock"] == "rectification"]
    assert cycles == [1, 2]


async def test_the_first_unit_keeps_it_in_sight_until_another_has_it(house: House) -> None:
    ticket = await returned(house, FIRST, await report(house, **WASTE))
    assert ticket["unit"]["code"] == "sanitation"
    assert await sees(house, FIRST, ticket)
    assert not await sees(house, SECOND, ticket)
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="cityscape")
    assert not await sees(house, FIRST, ticket)
    assert await sees(house, SECOND, ticket)


async def test_a_unit_that_returned_it_is_not_sent_it_again_without_a_ruling(house: House) -> None:
    ticket = await returned(house, FIRST, await report(house, **WASTE))
    problem = await refused(house, "dispatcher", ticket, "dispatch", "step_refused", unit="sanitation")
    assert (problem["possible"], problem["unit"]) == (["rule"], "sanitation")
    assert "rule" in problem["actions"]


async def test_the_return_of_a_second_unit_needs_a_ruling(house: House) -> None:
    ticket = await contested(house)
    assert (ticket["state"], ticket["triage"]["code"]) == ("filed", "adjudication")
    assert ticket["number"] in await queue(house, "dispatcher")
    problem = await refused(house, "dispatcher", ticket, "dispatch", "step_refused", unit="street")
    assert problem["possible"] == ["rule"]
    assert "dispatch" not in problem["actions"]


async def test_a_ruling_names_a_unit_and_a_reason_and_pins_the_ticket(house: House) -> None:
    ticket = await contested(house)
    problem = await refused(house, "dispatcher", ticket, "rule", "evidence_missing")
    assert problem["missing"] == ["reason", "unit"]
    ticket = await stepped(house, "dispatcher", ticket, "rule", unit="street", reason="属地管理")
    assert (ticket["state"], ticket["unit"]["code"], ticket["pinned"]) == ("assigned", "street", True)
    assert (ticket["return_until"], ticket["triage"]) == (None, None)
    assert "属地管理" in ticket["dispatch"]["explanation"]
    proof = await photo(house, THIRD, "evidence")
    problem = await refused(house, THIRD, ticket, "return", "pinned", reason="不归我们", photos=[proof])
    assert "accept" in problem["actions"]
    ticket = await stepped(house, THIRD, ticket, "accept")
    await refused(house, THIRD, ticket, "return", "pinned", reason="还是不归我们", photos=[proof])
    assert "return" not in ticket["actions"]


async def test_a_ruling_back_to_the_unit_that_returned_it_goes_on_with_its_old_clock(house: House) -> None:
    ticket = await report(house, **WASTE)
    due = at(ticket["due_at"])
    house.clock.turn(minutes=60)
    ticket = await returned(house, FIRST, ticket)
    house.clock.turn(minutes=20)
    ticket = await stepped(house, "dispatcher", ticket, "rule", unit="sanitation", reason="三定方案第五条")
    # One of four hours was used; the 20 minutes at the desk are not the unit's.
    assert (at(ticket["due_at"]) - due).total_seconds() == 20 * 60
    cycles = [one["cycle"] for one in ticket["deadline"]["clock"] if one["clock"] == "rectification"]
    assert cycles == [1, 1]


async def test_a_ruling_for_the_first_unit_after_another_had_it_does_not_give_it_a_second_limit(
    house: House,
) -> None:
    ticket = await report(house, **WASTE)
    due = at(ticket["due_at"])
    house.clock.turn(minutes=60)
    ticket = await returned(house, FIRST, ticket)
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="cityscape")
    ticket = await returned(house, SECOND, ticket)
    house.clock.turn(minutes=20)
    ticket = await stepped(house, "dispatcher", ticket, "rule", unit="sanitation", reason="三定方案第五条")
    assert (at(ticket["due_at"]) - due).total_seconds() == 20 * 60


async def test_each_unit_may_return_a_ticket_once(house: House) -> None:
    ticket = await returned(house, FIRST, await report(house, **WASTE))
    # A ruling would pin it; a city that allows a second return sends it back by dispatch after another's turn.
    ticket = await stepped(house, "dispatcher", ticket, "rule", unit="sanitation", reason="职责所在")
    proof = await photo(house, FIRST, "evidence")
    await refused(house, FIRST, ticket, "return", "pinned", reason="再次", photos=[proof])
    assert (await actions(house, ticket)).count("return") == 1


async def test_nobody_rules_where_nobody_returned(house: House) -> None:
    nowhere = {"longitude": 116.5, "latitude": 39.8, "crs": "wgs84"}
    ticket = await report(house, category="E0604", place=nowhere)
    ticket = await stepped(house, "dispatcher", ticket, "file")
    assert ticket["triage"]["code"] == "no_rule"
    problem = await refused(house, "dispatcher", ticket, "rule", "step_refused", unit="street", reason="属地")
    assert problem["possible"] == ["dispatch"]


async def test_only_the_responsible_unit_returns_and_only_a_dispatcher_rules(house: House) -> None:
    ticket = await report(house, **WASTE)
    problem = await refused(house, "dispatcher", ticket, "return", "not_your_step")
    assert problem["roles"] == ["unit_lead", "unit_member"]
    ticket = await returned(house, FIRST, ticket)
    for username in (FIRST, "supervisor"):
        problem = await refused(
            house, username, ticket, "rule", "not_your_step", unit="street", reason="属地"
        )
        assert problem["roles"] == ["dispatcher"]
