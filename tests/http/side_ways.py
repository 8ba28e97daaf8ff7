"""The side ways of a ticket, as short sentences for tests: what is refused, returned, closed, seen and queued."""

from datetime import datetime
from typing import Any

import httpx

from tests.conftest import House
from tests.http.walking import CHECKER, accepted, photo, report, step, stepped

WASTE: dict[str, Any] = {"category": "E0110", "condition": 1}
"""暴露垃圾: sanitation clears it within four working hours; on Monday 9:30 that is until 15:30."""

COVER: dict[str, Any] = {"category": "P0123", "condition": 3}
"""A manhole cover of unknown owner: municipal leads; water, power and telecom help. Two working days."""


async def refused(
    house: House,
    username: str,
    ticket: dict[str, Any],
    action: str,
    code: str,
    **what: Any,  # noqa: ANN401  what the action needs
) -> dict[str, Any]:
    """Take a step that must be refused with this code and change nothing; return the problem.

    Every refusal of a step says what was asked for, how the ticket stands, and what this person may do instead.
    """
    answer = await step(house, username, ticket, action, **what)
    assert answer.status_code in {403, 409, 422}, answer.text
    problem = answer.json()
    assert problem["code"] == code, answer.text
    assert problem["detail"]
    assert problem["action"] == action
    now = await seen(house, "supervisor", ticket)
    assert (problem["state"], problem["version"]) == (now["state"], now["version"])
    if code == "not_your_step":
        assert problem["roles"], "a refusal names who may"
        assert action not in problem["actions"]
    return problem


async def seen(house: House, username: str, ticket: dict[str, Any]) -> dict[str, Any]:
    """Return the ticket as this person sees it now."""
    answer = await (await house.caller(username)).get(f"/v1/tickets/{ticket['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sees(house: House, username: str, ticket: dict[str, Any]) -> bool:
    """Tell whether this person sees the ticket at all."""
    answer: httpx.Response = await (await house.caller(username)).get(f"/v1/tickets/{ticket['id']}")
    assert answer.status_code in {200, 404}, answer.text
    return answer.status_code == 200


async def queue(house: House, username: str) -> list[str]:
    """Return the numbers of the tickets that wait for this person."""
    answer = await (await house.caller(username)).get("/v1/queue")
    assert answer.status_code == 200, answer.text
    return [one["number"] for one in answer.json()["items"]]


async def events(house: House, ticket: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the ticket's history, which must verify."""
    supervisor = await house.caller("supervisor")
    history = (await supervisor.get(f"/v1/tickets/{ticket['id']}/history?verify=true")).json()
    assert history["verified"] is True
    return history["items"]


async def actions(house: House, ticket: dict[str, Any]) -> list[str]:
    """Return the actions of the ticket's history, which must verify."""
    return [event["action"] for event in await events(house, ticket)]


def at(text: str) -> datetime:
    """Read an instant of an answer."""
    return datetime.fromisoformat(text)


async def returned(house: House, username: str, ticket: dict[str, Any]) -> dict[str, Any]:
    """Return the ticket after this person of its unit has sent it back with a reason and a photo."""
    proof = await photo(house, username, "evidence")
    return await stepped(house, username, ticket, "return", reason="不属于我单位职责", photos=[proof])


async def fixed(house: House, username: str, ticket: dict[str, Any]) -> dict[str, Any]:
    """Return the ticket after this person of its unit has signed for it, if need be, and rectified it."""
    if ticket["state"] == "assigned":
        ticket = await stepped(house, username, ticket, "accept")
    after = await photo(house, username, "after")
    return await stepped(house, username, ticket, "rectify", note="已处置", photos=[after])


async def checked(house: House, ticket: dict[str, Any], username: str = CHECKER) -> dict[str, Any]:
    """Return the ticket after this person has passed its check."""
    check = await photo(house, username, "check")
    return await stepped(house, username, ticket, "pass_check", photos=[check])


async def closed(
    house: House,
    minutes: float = 10,
    **changes: Any,  # noqa: ANN401  any member of a report
) -> dict[str, Any]:
    """Return a ticket that was rectified so many minutes after its report, then checked and closed."""
    ticket = await report(house, **changes)
    house.clock.turn(minutes=minutes)
    ticket = await fixed(house, f"member-{ticket['unit']['code']}", ticket)
    return await checked(house, ticket)


async def suspended(house: House, until: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a ticket that a dispatcher has suspended until then, as its unit asked."""
    ticket = await accepted(house, **changes)
    member = f"member-{ticket['unit']['code']}"
    ticket = await stepped(house, member, ticket, "request_suspension", reason="等待材料", until=until)
    return await stepped(house, "dispatcher", ticket, "grant_suspension")
