"""What phones ask for again and again: 304 while nothing changed, the new answer when something did."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from api.domain.access import OPERATIONS, Role
from api.models import Grid, Policy, Unit
from api.settings import DEMO_PASSWORD, Settings
from tests.conftest import House, opened_house
from tests.http.patrolling import check_in, made, sent, started, walked
from tests.http.syncing import a_step, synced
from tests.http.walking import FINDER, UNIT, accepted, photo, rectified, report, stepped
from tests.sweeping import COVER, told

PHONES = {Role.OFFICER, Role.UNIT_MEMBER, Role.UNIT_LEAD}
MEMBER = f"member-{UNIT}"
GRID = "990101001001"

SAID_ONCE = {
    "deadline_explain": "asked for by the desk, about one moment",
    "event_stream": "told as it happens; nobody asks again",
    "form_get": "ODK Collect asks for what the list of forms says is new: by hashes, as OpenRosa has it",
    "form_list": "the same",
    "manifest_get": "the same",
    "media_get": "the same",
    "overdue_list": "tells seconds, so it is never the same twice",
    "overdue_summary": "the same",
    "reading_list": "who looked for whom stays in no cache",
    "shift_get": "tells seconds on duty, so it is never the same twice",
    "shift_list": "the same",
    "track_get": "where somebody was stays in no cache",
}
"""Reads of a phone's roles that carry no tag, and why."""

Change = Callable[[House, dict[str, Any]], Awaitable[object]]


async def reported(house: House, _: dict[str, Any]) -> None:
    await report(house)


async def accept(house: House, ticket: dict[str, Any]) -> None:
    await stepped(house, MEMBER, ticket, "accept")


async def other_rules(house: House, _: dict[str, Any]) -> None:
    async with house.database.write() as session:
        await session.merge(Policy(key="close_after_check", value=False))


async def renamed(house: House, _: dict[str, Any]) -> None:
    async with house.database.write() as session:
        await session.execute(update(Unit).where(col(Unit.code) == UNIT).values(name_zh="市容所"))
        await session.execute(update(Grid).where(col(Grid.code) == GRID).values(name_zh="钟楼"))


async def waiting(house: House, _: dict[str, Any]) -> None:
    ticket_to_come = str(uuid4())
    step = a_step(house, ticket_to_come, "pass_check", after=ticket_to_come)
    assert [result["status"] for result in await synced(house, [step])] == [202]


async def signed_in(house: House, _: dict[str, Any]) -> None:
    form = {"grant_type": "password", "username": FINDER, "password": DEMO_PASSWORD, "device_id": "second"}
    async with house.client() as phone:
        assert (await phone.post("/v1/auth/token", data=form)).status_code == 200


async def overdue(house: House, _: dict[str, Any]) -> None:
    await accepted(house, **COVER)
    house.clock.now = datetime.fromisoformat("2026-11-23T15:30:01+08:00")
    await told(house)


async def another_gate(house: House, _: dict[str, Any]) -> None:
    await made(house)


async def arrived(house: House, _: dict[str, Any]) -> None:
    await made(house)
    assert (await check_in(house, FINDER)).status_code == 201


async def planned(house: House, _: dict[str, Any]) -> None:
    plan = {"name_zh": "学校", "name_en": "Schools", "place_type": "school", "period": "week"}
    supervisor = await house.caller("supervisor")
    answer = await supervisor.put("/v1/patrols/plans/schools", json=plan | {"from_on": "2026-01-01"})
    assert answer.status_code == 201, answer.text


async def patrolled(house: House, _: dict[str, Any]) -> None:
    shift, began = await started(house, FINDER), house.clock.now
    house.clock.turn(minutes=30)
    await sent(house, shift, walked(began, [(0, 0), (300, 0)]), FINDER)


async def repaired(house: House, _: dict[str, Any]) -> None:
    await rectified(house)


@dataclass(frozen=True, slots=True)
class Poll:
    """Who asks for what, and what changes the answer."""

    username: str
    path: str
    change: Change


POLLS = {
    "me_get": Poll(FINDER, "/v1/me", reported),
    "catalog_get": Poll(FINDER, "/v1/catalog", other_rules),
    "lifecycle_get": Poll(FINDER, "/v1/lifecycle", other_rules),
    "policy_list": Poll(FINDER, "/v1/policies", other_rules),
    "unit_list": Poll(FINDER, "/v1/units", renamed),
    "grid_list": Poll(FINDER, "/v1/grids?level=community", renamed),
    "grid_get": Poll(FINDER, f"/v1/grids/{GRID}", renamed),
    "queue_list": Poll(MEMBER, "/v1/queue", reported),
    "ticket_list": Poll(FINDER, "/v1/tickets", reported),
    "ticket_count": Poll(FINDER, "/v1/tickets/counts?by=state", reported),
    "ticket_get": Poll(MEMBER, "/v1/tickets/{id}", accept),
    "ticket_get_by_number": Poll(MEMBER, "/v1/tickets/by-number/{number}", accept),
    "ticket_history": Poll(MEMBER, "/v1/tickets/{id}/history", accept),
    "change_list": Poll(FINDER, "/v1/changes", reported),
    "notice_list": Poll("member-water", "/v1/notices", overdue),
    "device_list": Poll(FINDER, "/v1/devices", signed_in),
    "sync_list": Poll(FINDER, "/v1/sync/waiting", waiting),
    "task_list": Poll("supervisor", "/v1/tasks", repaired),
    "checkpoint_list": Poll(FINDER, "/v1/checkpoints", another_gate),
    "checkin_list": Poll(FINDER, "/v1/check-ins", arrived),
    "plan_list": Poll(FINDER, "/v1/patrols/plans", planned),
    "coverage_list": Poll(FINDER, "/v1/patrols/coverage?from_on=2026-11-23", patrolled),
}


async def asked(client: httpx.AsyncClient, path: str, tag: str) -> httpx.Response:
    return await client.get(path, headers={"If-None-Match": tag})


@pytest.mark.parametrize("poll", POLLS.values(), ids=POLLS.keys())
async def test_it_is_304_while_nothing_changed_and_200_afterwards(house: House, poll: Poll) -> None:
    ticket = await report(house)
    phone = await house.caller(poll.username)
    path = poll.path.format_map(ticket)
    first = await phone.get(path)
    assert first.status_code == 200, first.text
    again = await asked(phone, path, first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    for one in (first, again):
        assert one.headers["cache-control"] == "private, no-cache"
        assert "Accept-Encoding" in one.headers["vary"].split(", ")
    await poll.change(house, ticket)
    changed = await asked(phone, path, first.headers["etag"])
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]
    assert changed.content != first.content
    assert (await asked(phone, path, changed.headers["etag"])).status_code == 304


async def test_the_oldest_app_that_is_served_is_no_secret_and_tagged_too(settings: Settings) -> None:
    tags: list[str] = []
    for minimum in (None, "1.2.0"):
        served = settings.model_copy(update={"min_client_version": minimum})
        async with opened_house(served) as house, house.client() as phone:
            first = await phone.get("/v1/client")
            assert first.headers["cache-control"] == "public, max-age=60"
            tags.append(first.headers["etag"])
            assert (await asked(phone, "/v1/client", tags[-1])).status_code == 304
            assert (await asked(phone, "/v1/client", tags[0])).status_code == (304 if len(tags) == 1 else 200)


async def test_copies_of_a_photo_are_kept_for_good(house: House) -> None:
    path = f"/v1/photos/{await photo(house, FINDER, 'before')}?variant=thumb"
    officer = await house.caller(FINDER)
    first = await officer.get(path)
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert (await asked(officer, path, first.headers["etag"])).status_code == 304


async def test_what_is_told_to_one_person_is_no_answer_to_another(house: House) -> None:
    await report(house)
    tags = [(await (await house.caller(name)).get("/v1/me")).headers["etag"] for name in (FINDER, MEMBER)]
    assert tags[0] != tags[1]
    assert (await asked(await house.caller(MEMBER), "/v1/me", tags[0])).status_code == 200


async def test_whatever_else_a_phone_reads_has_a_tag_or_a_reason(shared_house: House) -> None:
    described: dict[str, Any] = shared_house.app.openapi()
    reads = {
        operation["operationId"]: operation["responses"]
        for item in described["paths"].values()
        for method, operation in item.items()
        if method == "get"
    }
    for_phones = {name for name in reads if OPERATIONS.get(name, frozenset()) & PHONES}
    assert for_phones >= POLLS.keys()
    untagged = {name for name in for_phones if "304" not in reads[name]}
    assert untagged == SAID_ONCE.keys()
