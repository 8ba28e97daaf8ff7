"""Tasks on a phone: heard of by the feed, answered by steps, refused and handed over without a network."""

from uuid import UUID

import pytest

from gridphone import Phone
from tests.conftest import House
from tests.http.tasking import policies, task_of, tasks
from tests.http.walking import UNIT
from tests.phone.network import Fault, Street, stall, states

FINDER, MEMBER, SECOND = "officer01", f"member-{UNIT}", "officer30"


async def strict(house: House) -> None:
    """Let only who was asked check, and draw no lots."""
    await policies(house, only_assignees_check=True, second_check_share=0, look_back_share=0)


async def asked(street: Street) -> tuple[UUID, Phone]:
    """Let a repair be reported; return its ticket and the phone of whoever is asked to check it."""
    await strict(street.house)
    finder, unit = await street.phone_of(FINDER), await street.phone_of(MEMBER)
    ticket = stall(finder)
    await street.exchanged(finder, unit)
    unit.step(ticket, "accept")
    unit.step(ticket, "rectify", note="已劝离", photos=[street.picture(2, tidy=True)])
    await street.exchanged(unit)
    return ticket, await asked_now(street, ticket)


async def asked_now(street: Street, ticket: UUID) -> Phone:
    """Return the phone of whoever is asked to check a ticket."""
    (task,) = await tasks(street.house, ticket=str(ticket))
    people = (await (await street.house.caller("admin")).get("/v1/people?limit=200")).json()["items"]
    (username,) = [one["username"] for one in people if one["id"] == task["assignee"]["id"]]
    return await street.phone_of(username)


async def test_a_task_is_worked_off_by_the_step_that_answers_it(street: Street) -> None:
    ticket, phone = await asked(street)
    (task,) = phone.tasks.open()
    assert (task.id, task.body["task"]["kind"]) == (ticket, "check")
    street.network.is_off = True
    phone.step(ticket, "pass_check", photos=[street.picture(3, tidy=True)])
    assert phone.tasks.open() == [], "it is done, as far as she is concerned"
    street.network.is_off = False
    await street.exchanged(phone)
    assert states(phone) == ["stored"] * 2
    assert phone.tasks.open() == []
    assert await tasks(street.house, ticket=str(ticket)) == []


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_refused_task_goes_to_the_next_officer_and_to_one_only(street: Street, fault: Fault) -> None:
    ticket, phone = await asked(street)
    (task,) = phone.tasks.open()
    phone.tasks.refuse(UUID(task.body["task"]["id"]), "今日请假")
    assert phone.tasks.open() == []
    street.network.plan("POST", "/v1/tasks/", fault)
    assert (await phone.exchange()).cut is not None
    assert states(phone) == ["sent"]
    street.house.clock.turn(seconds=10)
    await street.exchanged(phone)
    assert states(phone) == ["stored"]
    other = await asked_now(street, ticket)
    assert other.username != phone.username
    assert [one.id for one in other.tasks.open()] == [ticket]
    (refused,) = await tasks(street.house, ticket=str(ticket), state="refused")
    assert refused["reason"] == "今日请假"


async def test_a_task_is_handed_over_to_somebody_who_may_have_it(street: Street) -> None:
    ticket, phone = await asked(street)
    (task,) = phone.tasks.open()
    task_id = UUID(task.body["task"]["id"])
    phone.tasks.hand_over(task_id, FINDER, "离得近")
    await street.exchanged(phone)
    (wrong,) = phone.items()
    assert (wrong.state, (wrong.problem or {})["code"]) == ("refused", "officer_involved")
    assert [one.id for one in phone.tasks.open()] == [ticket], "it is hers as before"
    phone.tasks.hand_over(task_id, SECOND, "正在附近")
    await street.exchanged(phone)
    assert states(phone) == ["refused", "stored"]
    second = await street.phone_of(SECOND)
    assert [one.id for one in second.tasks.open()] == [ticket]
    assert phone.tasks.open() == []


async def test_a_task_that_somebody_else_has_by_now_is_refused_with_the_reason(street: Street) -> None:
    ticket, phone = await asked(street)
    (task,) = phone.tasks.open()
    phone.tasks.refuse(UUID(task.body["task"]["id"]), "今日请假")
    supervisor = await street.house.caller("supervisor")
    now = await task_of(street.house, {"id": str(ticket)})
    body = {"officer": SECOND, "reason": "改派"}
    await supervisor.post(f"/v1/tasks/{now['id']}/hand-over", json=body)
    await street.exchanged(phone)
    (item,) = phone.items()
    assert (item.state, (item.problem or {})["code"]) == ("refused", "step_refused")
