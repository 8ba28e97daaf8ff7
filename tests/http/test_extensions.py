"""Extension (延期): the unit asks before the limit ends, a dispatcher grants or denies, at most twice."""

from datetime import timedelta

from tests.conftest import House
from tests.http.side_ways import WASTE, actions, at, events, fixed, queue, refused, returned, seen
from tests.http.walking import accepted, photo, report, stepped

MEMBER, LEAD = "member-sanitation", "lead-sanitation"
WHY = "需要吊车"


async def test_a_granted_extension_adds_one_original_limit(house: House) -> None:
    ticket = await accepted(house)  # a stall: two hours around the clock
    due = at(ticket["due_at"])
    ticket = await stepped(house, "member-cityscape", ticket, "request_extension", reason=WHY)
    assert (ticket["state"], ticket["pending"], at(ticket["due_at"])) == ("in_progress", ["extension"], due)
    house.clock.turn(minutes=30)
    ticket = await stepped(house, "dispatcher", ticket, "grant_extension")
    assert (ticket["state"], ticket["pending"]) == ("in_progress", [])
    assert at(ticket["due_at"]) == due + timedelta(hours=2)
    assert "延" in ticket["deadline"]["explanation"]
    last = ticket["deadline"]["clock"][-1]
    assert (last["clock"], last["cycle"], last["extensions"]) == ("rectification", 1, 1)


async def test_working_hours_are_extended_by_working_hours(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    assert at(ticket["due_at"]).isoformat() == "2026-11-23T07:30:00+00:00"  # Monday 15:30
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    ticket = await stepped(house, "dispatcher", ticket, "grant_extension")
    # 2.5 hours are left on Monday and 1.5 of the four fall on Tuesday morning.
    assert at(ticket["due_at"]).isoformat() == "2026-11-24T01:30:00+00:00"


async def test_the_request_and_its_decision_stay_to_be_read(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    (asked,) = ticket["requests"]
    assert (asked["kind"], asked["state"], asked["made_in"]) == ("extension", "pending", "in_progress")
    assert (asked["unit"]["code"], asked["reason"], asked["decided_at"]) == ("sanitation", WHY, None)
    house.clock.turn(minutes=5)
    ticket = await stepped(house, "dispatcher", ticket, "deny_extension", reason="人手已够")
    (denied,) = ticket["requests"]
    assert (denied["id"], denied["state"], denied["decision"]) == (asked["id"], "denied", "人手已够")
    assert at(denied["decided_at"]) == house.clock.now
    assert (await actions(house, ticket))[-2:] == ["request_extension", "deny_extension"]


async def test_a_request_waits_in_the_dispatchers_queue(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    assert ticket["number"] not in await queue(house, "dispatcher")
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    assert ticket["number"] in await queue(house, "dispatcher")
    assert ticket["number"] not in await queue(house, "supervisor")
    ticket = await stepped(house, "dispatcher", ticket, "deny_extension", reason="不必")
    assert ticket["number"] not in await queue(house, "dispatcher")


async def test_denied_is_not_counted_and_leaves_the_due_time(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    due = ticket["due_at"]
    for _ in range(3):
        ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
        ticket = await stepped(house, "dispatcher", ticket, "deny_extension", reason="不必")
    assert (ticket["due_at"], "request_extension" in ticket["actions"]) == (due, False)
    assert "request_extension" in (await seen(house, MEMBER, ticket))["actions"]


async def test_the_limit_is_extended_twice_and_no_more(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    for _ in range(2):
        ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
        ticket = await stepped(house, "dispatcher", ticket, "grant_extension")
    problem = await refused(house, MEMBER, ticket, "request_extension", "limit_reached", reason=WHY)
    assert (problem["extensions_max"], problem["state"]) == (2, "in_progress")
    assert "request_extension" not in problem["actions"]


async def test_another_unit_may_ask_again_for_its_own_limit(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    for _ in range(2):
        ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
        ticket = await stepped(house, "dispatcher", ticket, "grant_extension")
    ticket = await returned(house, MEMBER, ticket)
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="cityscape")
    ticket = await stepped(house, "member-cityscape", ticket, "accept")
    ticket = await stepped(house, "member-cityscape", ticket, "request_extension", reason=WHY)
    assert ticket["pending"] == ["extension"]


async def test_more_time_is_asked_for_before_the_limit_ends(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    house.clock.now = at(ticket["due_at"])
    problem = await refused(house, MEMBER, ticket, "request_extension", "window_closed", reason=WHY)
    assert at(problem["due_at"]) == at(ticket["due_at"])
    house.clock.turn(seconds=-1)
    await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)


async def test_a_request_that_came_in_time_is_granted_after_the_due_time_too(house: House) -> None:
    ticket = await accepted(house)
    due = at(ticket["due_at"])
    house.clock.now = due - timedelta(minutes=1)
    ticket = await stepped(house, "member-cityscape", ticket, "request_extension", reason=WHY)
    house.clock.turn(minutes=30)
    ticket = await stepped(house, "dispatcher", ticket, "grant_extension")
    assert at(ticket["due_at"]) == due + timedelta(hours=2)


async def test_a_request_needs_a_reason_and_so_does_a_denial_but_not_a_grant(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    for empty in ("", "  \t"):
        problem = await refused(house, MEMBER, ticket, "request_extension", "evidence_missing", reason=empty)
        assert problem["missing"] == ["reason"]
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    problem = await refused(house, "dispatcher", ticket, "deny_extension", "evidence_missing")
    assert problem["missing"] == ["reason"]
    await stepped(house, "dispatcher", ticket, "grant_extension")


async def test_only_one_request_of_a_kind_is_pending(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    problem = await refused(house, LEAD, ticket, "request_extension", "step_refused", reason="再申请")
    assert problem["pending"] == "extension"
    assert "request_extension" not in (await seen(house, MEMBER, ticket))["actions"]


async def test_nothing_is_granted_or_denied_that_nobody_asked_for(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    for action in ("grant_extension", "deny_extension"):
        problem = await refused(house, "dispatcher", ticket, action, "step_refused", reason="无")
        assert (problem["pending"], action in problem["actions"]) == ([], False)


async def test_whoever_asks_does_not_decide(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    for username in (MEMBER, LEAD, "supervisor"):
        problem = await refused(house, username, ticket, "grant_extension", "not_your_step")
        assert problem["roles"] == ["dispatcher"]


async def test_a_pending_request_dies_with_the_state_it_was_made_in(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    ticket = await fixed(house, MEMBER, ticket)
    assert (ticket["state"], ticket["pending"]) == ("rectified", [])
    assert [one["state"] for one in ticket["requests"]] == ["lapsed"]
    assert ticket["number"] not in await queue(house, "dispatcher")
    await refused(house, "dispatcher", ticket, "grant_extension", "step_refused")
    check = await photo(house, "officer02", "check")
    ticket = await stepped(house, "officer02", ticket, "fail_check", reason="未清净", photos=[check])
    # Back in the same state the old request is not alive again.
    await refused(house, "dispatcher", ticket, "grant_extension", "step_refused")
    house.clock.turn(minutes=1)  # requests come in the order in which they were made
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason="再申请")
    assert [one["state"] for one in ticket["requests"]] == ["lapsed", "pending"]


async def test_time_is_asked_for_after_signing_for_it(house: House) -> None:
    ticket = await report(house, **WASTE)
    await refused(house, MEMBER, ticket, "request_extension", "step_refused", reason=WHY)


async def test_the_history_tells_the_new_due_time(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    ticket = await stepped(house, "dispatcher", ticket, "grant_extension", note="同意")
    told = (await events(house, ticket))[-1]
    assert (told["action"], told["note"]) == ("grant_extension", "同意")
    assert at(told["facts"]["due_at"]) == at(ticket["due_at"])
