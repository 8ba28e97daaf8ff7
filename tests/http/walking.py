"""What the people of the demo street do, as short sentences for tests: report, photograph, take a step."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from api.adapters.demo_pictures import demo_picture
from tests.conftest import House

FINDER, CHECKER, UNIT = "officer01", "officer02", "cityscape"


def stall(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a report
    """Return the interface's example report: a fruit stall on the pavement, seen two minutes ago."""
    body: dict[str, Any] = {
        "category": "E0406",
        "condition": 1,
        "description": "水果摊占用人行道",
        "observed_at": (house.clock.now - timedelta(minutes=2)).isoformat(),
        "place": {"longitude": 116.41024, "latitude": 39.91640, "crs": "gcj02", "accuracy_m": 8.5},
    }
    return {**body, **changes}


async def photo(
    house: House, username: str, purpose: str, *, seed: int | None = None, photo_id: str | None = None
) -> str:
    """Store a picture, under a new id unless one is given; return the id."""
    picture = demo_picture(
        seed if seed is not None else uuid4().int % 10**6,
        taken_at=house.clock.now,
        longitude=116.404,
        latitude=39.915,
        tidy=purpose != "before",
    )
    photo_id = photo_id or str(uuid4())
    caller = await house.caller(username)
    answer = await caller.put(
        f"/v1/photos/{photo_id}",
        files={"file": ("photo.jpg", picture, "image/jpeg")},
        data={"purpose": purpose},
    )
    assert answer.status_code == 201, answer.text
    return photo_id


async def report(house: House, username: str = FINDER, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """File a report; return its ticket."""
    caller = await house.caller(username)
    answer = await caller.put(f"/v1/reports/{uuid4()}", json=stall(house, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()["ticket"]


async def step(
    house: House,
    username: str,
    ticket: dict[str, Any],
    action: str,
    **what: Any,  # noqa: ANN401  what the action needs
) -> httpx.Response:
    """Take a step on the ticket as it was seen; return the answer."""
    caller = await house.caller(username)
    body = {"action": action, "version": ticket["version"], **what}
    return await caller.post(f"/v1/tickets/{ticket['id']}/steps", json=body)


async def stepped(
    house: House,
    username: str,
    ticket: dict[str, Any],
    action: str,
    **what: Any,  # noqa: ANN401  what the action needs
) -> dict[str, Any]:
    """Take a step that must succeed; return the ticket after it."""
    answer = await step(house, username, ticket, action, **what)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def accepted(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a report
    """Return a ticket that its unit has signed for."""
    ticket = await report(house, **changes)
    return await stepped(house, f"member-{ticket['unit']['code']}", ticket, "accept")


async def rectified(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a report
    """Return a ticket whose unit says that it is done."""
    ticket = await accepted(house, **changes)
    member = f"member-{ticket['unit']['code']}"
    after = await photo(house, member, "after")
    return await stepped(house, member, ticket, "rectify", note="已劝离", photos=[after])
