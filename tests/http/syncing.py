"""What a phone sends in one go, as short sentences for tests."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.conftest import House
from tests.http.walking import FINDER, stall

DEVICE = "phone-1"


def item(house: House, kind: str, body: dict[str, Any], **what: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return something that a phone made just now."""
    made_at: datetime = what.pop("made_at", house.clock.now)
    return {"kind": kind, "id": str(uuid4()), "body": body, "made_at": made_at.isoformat(), **what}


def a_report(house: House, *, item_id: str | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a report as an item; its id becomes the ticket's."""
    return item(house, "report", stall(house, **changes), **({"id": item_id} if item_id else {}))


def a_step(house: House, ticket: str, action: str, **what: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a step as an item; `made_at` and `id` are the item's, the rest is its body's."""
    outside = {name: what.pop(name) for name in ("made_at", "id") if name in what}
    return item(house, "step", {"ticket": ticket, "action": action, **what}, **outside)


async def synced(
    house: House,
    items: list[Any],
    username: str = FINDER,
    **more: Any,  # noqa: ANN401  any member
) -> list[dict[str, Any]]:
    """Send a batch; return its results."""
    caller = await house.caller(username)
    answer = await caller.post("/v1/sync", json={"device_id": DEVICE, "items": items, **more})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert len(results) == len(items)
    return results


def statuses(results: list[dict[str, Any]]) -> list[int]:
    """Return the statuses of results."""
    return [result["status"] for result in results]


def codes(results: list[dict[str, Any]]) -> list[str | None]:
    """Return the codes of the problems in results, None for what went well."""
    return [result["problem"]["code"] if result["problem"] else None for result in results]


async def actions(house: House, ticket: str) -> list[str]:
    """Return the actions of a ticket's history, which must verify."""
    supervisor = await house.caller("supervisor")
    answer = (await supervisor.get(f"/v1/tickets/{ticket}/history?verify=true")).json()
    assert answer["verified"] is True
    return [event["action"] for event in answer["items"]]


async def waiting(house: House, username: str = FINDER) -> list[dict[str, Any]]:
    """Return what this person's phones sent and what waits or waited in vain."""
    return (await (await house.caller(username)).get("/v1/sync/waiting")).json()["items"]
