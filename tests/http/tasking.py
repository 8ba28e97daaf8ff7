"""Tasks in short sentences for tests: who is asked, who refuses, what the worker does about it."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlmodel import col

from api.models import Person
from api.services.task_tending import tend_tasks
from tests.conftest import House
from tests.http.walking import photo, stepped
from tests.sweeping import rules_of


async def policies(house: House, **values: object) -> None:
    """Change some of the street's policies."""
    admin = await house.caller("admin")
    answer = await admin.get("/v1/policies")
    kept = {one["key"]: one["value"] for one in answer.json()["items"]} | values
    changed = await admin.put(
        "/v1/policies", json={"values": kept}, headers={"If-Match": answer.headers["etag"]}
    )
    assert changed.status_code == 200, changed.text


async def tasks(house: House, username: str = "supervisor", **query: str | float) -> list[dict[str, Any]]:
    """Return the tasks that somebody sees."""
    answer = await (await house.caller(username)).get("/v1/tasks", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def task_of(house: House, ticket: dict[str, Any]) -> dict[str, Any]:
    """Return the one open task on a ticket."""
    (task,) = await tasks(house, ticket=ticket["id"])
    return task


async def assignee(house: House, task: dict[str, Any]) -> str:
    """Return the user name of whoever has a task."""
    async with house.database.read() as session:
        chosen = select(col(Person.username)).where(col(Person.id) == UUID(task["assignee"]["id"]))
        return (await session.execute(chosen)).scalar_one()


async def asked(house: House, ticket: dict[str, Any]) -> str:
    """Return the user name of whoever is asked to go and look at a ticket."""
    return await assignee(house, await task_of(house, ticket))


async def refuse(
    house: House, username: str, task: dict[str, Any], reason: str = "今日请假"
) -> httpx.Response:
    """Refuse a task."""
    caller = await house.caller(username)
    return await caller.post(f"/v1/tasks/{task['id']}/refuse", json={"reason": reason})


async def hand_over(house: House, username: str, task: dict[str, Any], officer: str) -> httpx.Response:
    """Hand a task over."""
    caller = await house.caller(username)
    body = {"officer": officer, "reason": "正在附近"}
    return await caller.post(f"/v1/tasks/{task['id']}/hand-over", json=body)


async def checked(
    house: House, username: str, ticket: dict[str, Any], action: str = "pass_check", **what: str
) -> dict[str, Any]:
    """Take a step with a photo of the check, which must succeed; return the ticket after it."""
    look = await photo(house, username, "check")
    return await stepped(house, username, ticket, action, photos=[look], **what)


async def tended(house: House) -> int:
    """Let the worker do what tasks need; return how many tickets it met."""
    return await tend_tasks(house.database, await rules_of(house.database), house.clock.now)
