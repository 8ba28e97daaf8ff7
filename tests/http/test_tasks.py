"""Tasks (任务): who is asked to verify, to check and to look again; and what becomes of what she was asked."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from api.domain.access import Role
from api.models import Person, Ticket
from tests.conftest import House
from tests.http.patrolling import check_in, made, point, sent, shift_step, started, walked
from tests.http.side_ways import actions, events, queue, refused, sees
from tests.http.tasking import (
    asked,
    assignee,
    checked,
    hand_over,
    policies,
    refuse,
    task_of,
    tasks,
    tended,
)
from tests.http.walking import CHECKER, FINDER, UNIT, photo, rectified, report, stepped

REGULARS = {FINDER, CHECKER}
"""The two officers of the community where the stall is."""


@pytest.fixture
async def strict(house: House) -> House:
    """Return a house of a city where only who was asked checks, and where no lot is drawn."""
    await policies(house, only_assignees_check=True, second_check_share=0, look_back_share=0)
    return house


async def test_a_repair_is_checked_by_an_outsider_who_is_asked_in_the_very_step(strict: House) -> None:
    ticket = await rectified(strict)
    task = await task_of(strict, ticket)
    assert (task["kind"], task["state"], task["due_at"]) == ("check", "open", ticket["due_at"])
    assert task["answers"] == ["pass_check", "fail_check"]
    assert task["ticket"]["number"] == ticket["number"]
    username = await assignee(strict, task)
    assert username not in REGULARS
    assert task["reasons"][0].startswith("距网格中心")
    (hers,) = await tasks(strict, username, longitude=116.404, latitude=39.915)
    assert (hers["id"], hers["overdue"]) == (task["id"], False)
    assert 0 < hers["distance_m"] < 5_000
    assert await sees(strict, username, ticket)
    assert ticket["number"] in await queue(strict, username)
    closed = await checked(strict, username, ticket)
    assert (closed["state"], closed["task"]) == ("closed", None)
    assert await tasks(strict, username) == []
    (done,) = await tasks(strict, username, state="done")
    assert (done["answer"], done["answers"]) == ("pass_check", [])
    assert await sees(strict, username, ticket), "who did the last task goes on seeing what became of it"


async def test_nobody_else_checks_but_a_supervisor(strict: House) -> None:
    ticket = await rectified(strict)
    look = await photo(strict, CHECKER, "check")
    for username in (CHECKER, FINDER):
        photos = [look] if username == CHECKER else []
        problem = await refused(strict, username, ticket, "pass_check", "not_your_step", photos=photos)
        assert problem.get("task") == ("check" if username == CHECKER else None)  # the reporter never might
        assert ticket["number"] not in await queue(strict, username)
    outsider = await asked(strict, ticket)
    closed = await checked(strict, "supervisor", ticket)
    assert closed["state"] == "closed"
    assert await tasks(strict, outsider) == []
    (done,) = await tasks(strict, state="done")
    assert done["answer"] == "pass_check"
    assert not await sees(strict, outsider, ticket)


async def test_where_the_city_lets_them_other_officers_of_the_grid_check_and_the_task_is_over(
    house: House,
) -> None:
    ticket = await rectified(house)
    outsider = await asked(house, ticket)
    assert ticket["number"] in await queue(house, CHECKER)
    closed = await checked(house, CHECKER, ticket)
    assert closed["state"] == "closed"
    assert await tasks(house, outsider) == []
    assert ticket["number"] not in await queue(house, outsider)


async def test_a_tip_is_verified_by_an_officer_of_the_grid(strict: House) -> None:
    ticket = await report(strict, "dispatcher", source="hotline")
    ticket = await stepped(strict, "dispatcher", ticket, "ask_verification")
    username = await asked(strict, ticket)
    assert username in REGULARS
    (other,) = REGULARS - {username}
    assert ticket["number"] not in await queue(strict, other)
    look = await photo(strict, other, "evidence")
    await refused(strict, other, ticket, "answer_verification", "not_your_step", photos=[look])
    look = await photo(strict, username, "evidence")
    answered = await stepped(strict, username, ticket, "answer_verification", photos=[look], confirmed=True)
    assert (answered["state"], answered["task"]) == ("reported", None)


async def test_what_the_desk_does_without_waiting_ends_the_task(strict: House) -> None:
    ticket = await report(strict, "dispatcher", source="hotline")
    ticket = await stepped(strict, "dispatcher", ticket, "ask_verification")
    username = await asked(strict, ticket)
    await stepped(strict, "dispatcher", ticket, "file", condition=1)
    assert await tasks(strict, username) == []
    (over,) = await tasks(strict, username, state="moot")
    assert (over["kind"], over["answer"]) == ("verification", None)


async def test_a_failed_check_is_checked_again_after_the_rework_by_somebody_else(strict: House) -> None:
    ticket = await rectified(strict)
    first = await asked(strict, ticket)
    ticket = await checked(strict, first, ticket, "fail_check", reason="未清理干净")
    after = await photo(strict, f"member-{UNIT}", "after")
    ticket = await stepped(strict, f"member-{UNIT}", ticket, "rectify", note="再清理", photos=[after])
    task = await task_of(strict, ticket)
    assert await assignee(strict, task) != first, "a recent task on the same unit's work weighs a kilometre"


async def test_a_refused_task_goes_to_the_next_and_at_last_to_a_supervisor(strict: House) -> None:
    ticket = await rectified(strict)
    names: list[str] = []
    for attempt in (1, 2, 3):
        task = await task_of(strict, ticket)
        username = await assignee(strict, task)
        assert (task["attempt"], username in names) == (attempt, False)
        names.append(username)
        answer = await refuse(strict, username, task)
        assert (answer.status_code, answer.json()["state"]) == (200, "refused"), answer.text
        assert answer.json()["reason"] == "今日请假"
        again = await refuse(strict, username, task)
        assert again.json() == answer.json()
        assert not await sees(strict, username, ticket)
    task = await task_of(strict, ticket)
    assert (task["assignee"], task["due_at"], task["attempt"]) == (None, None, 4)
    assert task["reasons"] == ["多人未办，等待督查员安排"]
    assert [one["id"] for one in await tasks(strict, unassigned="true")] == [task["id"]]
    # Nobody is held to it now: an officer of the grid may, and a supervisor names somebody.
    assert ticket["number"] in await queue(strict, CHECKER)
    answer = await hand_over(strict, "supervisor", task, "officer31")
    assert answer.status_code == 200, answer.text
    assert await asked(strict, ticket) == "officer31"
    assert (await task_of(strict, ticket))["reasons"][0] == "由supervisor指定"
    assert (await checked(strict, "officer31", ticket))["state"] == "closed"


async def test_a_task_is_handed_over_only_to_whom_the_rules_would_have_sent(strict: House) -> None:
    ticket = await rectified(strict)
    task = await task_of(strict, ticket)
    username = await assignee(strict, task)
    for insider, why in ((FINDER, ["regular_officer", "reporter"]), (CHECKER, ["regular_officer"])):
        answer = await hand_over(strict, username, task, insider)
        assert answer.status_code == 422, answer.text
        assert (answer.json()["code"], answer.json()["because"]) == ("officer_involved", why)
    for nobody in ("nobody", "dispatcher", f"member-{UNIT}"):
        answer = await hand_over(strict, username, task, nobody)
        assert (answer.status_code, answer.json()["code"]) == (422, "officer_unknown")
    answer = await hand_over(strict, username, task, "officer30")
    assert (answer.status_code, answer.json()["state"]) == (200, "handed_over")
    assert (await hand_over(strict, username, task, "officer30")).json() == answer.json()
    problem = await hand_over(strict, username, task, "officer29")
    assert (problem.status_code, problem.json()["code"]) == (409, "step_refused")
    passed = await task_of(strict, ticket)
    assert (await assignee(strict, passed), passed["due_at"]) == ("officer30", task["due_at"])


async def test_who_is_near_by_her_track_or_a_check_in_is_sent(strict: House) -> None:
    walker, other, sender = (await outsiders(strict))[:3]
    shift, began = await started(strict, walker), strict.clock.now
    strict.clock.turn(minutes=10)
    await sent(strict, shift, walked(began, [(300, 0), (0, 0)]), walker)
    ticket = await rectified(strict)
    assert await asked(strict, ticket) == walker
    assert (await task_of(strict, ticket))["reasons"][0] == "距最近位置1米"
    # A check-in is a later word than a track; whoever ended her shift is where her grid is.
    await made(strict, "afar", longitude=116.43, latitude=39.92)
    far = {"longitude": 116.43, "latitude": 39.92, "crs": "wgs84", "accuracy_m": 5.0}
    assert (await check_in(strict, walker, "afar", place=far)).status_code == 201
    await made(strict)
    assert (await check_in(strict, other)).status_code == 201
    assert await asked(strict, await rectified(strict)) == other
    shift, began = await started(strict, sender), strict.clock.now
    strict.clock.turn(minutes=121)
    await sent(strict, shift, walked(began + timedelta(minutes=115), [(100, 0), (0, 0)]), sender)
    assert await asked(strict, await rectified(strict)) == sender
    strict.clock.turn(minutes=1)
    await shift_step(strict, shift, "stop", sender)
    last = await task_of(strict, await rectified(strict))
    assert last["reasons"][0].startswith("距网格中心")


async def outsiders(house: House) -> list[str]:
    """Return officers of other communities, those who have their grids farthest from the stall."""
    async with house.database.read() as session:
        chosen = select(col(Person.username)).where(col(Person.role) == Role.OFFICER)
        names = (await session.execute(chosen.order_by(col(Person.username).desc()))).scalars()
        return [name for name in names if name not in REGULARS]


async def test_a_task_does_not_go_back_to_whoever_refused_it_but_by_the_desk(strict: House) -> None:
    ticket = await rectified(strict)
    task = await task_of(strict, ticket)
    first = await assignee(strict, task)
    assert (await refuse(strict, first, task)).status_code == 200
    task = await task_of(strict, ticket)
    second = await assignee(strict, task)
    back = await hand_over(strict, second, task, first)
    assert (back.status_code, back.json()["because"]) == (422, ["had_it"])
    # To oneself nothing is handed over.
    to_herself = await hand_over(strict, second, task, second)
    assert (to_herself.status_code, to_herself.json()["state"]) == (200, "open")
    assert (await hand_over(strict, "supervisor", task, first)).status_code == 200
    assert await asked(strict, ticket) == first


async def test_a_task_is_never_handed_over_to_whoever_left_or_fixed_it(strict: House) -> None:
    ticket = await rectified(strict)
    task = await task_of(strict, ticket)
    async with strict.database.write() as session:
        gone = update(Person).where(col(Person.username) == "officer30").values(is_active=False)
        await session.execute(gone)
        ended = update(Person).where(col(Person.username) == "officer31")
        await session.execute(ended.values(valid_until=strict.clock.now.date() - timedelta(days=1)))
    for username in ("officer30", "officer31"):
        answer = await hand_over(strict, "supervisor", task, username)
        assert (answer.status_code, answer.json()["code"]) == (422, "officer_unknown"), username
    async with strict.database.write() as session:
        fixer = select(col(Person.id)).where(col(Person.username) == "officer29").scalar_subquery()
        fixed = update(Ticket).where(col(Ticket.id) == UUID(ticket["id"])).values(fixed_by_id=fixer)
        await session.execute(fixed)
    answer = await hand_over(strict, "supervisor", task, "officer29")
    assert (answer.status_code, answer.json()["because"]) == (422, ["fixer"])


async def test_who_is_on_patrol_beside_a_repair_is_asked_to_check_it(strict: House) -> None:
    """Officer32's grids lie at the other end of the street; her track is here."""
    shift = await started(strict, "officer32")
    place = point(strict.clock.now)
    await sent(strict, shift, [place], "officer32")
    assert await asked(strict, await rectified(strict)) == "officer32"


async def test_who_checked_in_beside_a_repair_is_asked_to_check_it(strict: House) -> None:
    await made(strict)
    assert (await check_in(strict, "officer32")).status_code == 201
    assert await asked(strict, await rectified(strict)) == "officer32"


async def test_the_desk_may_send_an_insider_and_it_is_told(strict: House) -> None:
    ticket = await rectified(strict)
    answer = await hand_over(strict, "dispatcher", await task_of(strict, ticket), CHECKER)
    assert answer.status_code == 200, answer.text
    task = await task_of(strict, ticket)
    assert "人手不足，由本网格的网格员承担" in task["reasons"]
    assert (await checked(strict, CHECKER, ticket))["state"] == "closed"


async def test_a_task_is_no_business_of_other_officers_and_of_no_unit(strict: House) -> None:
    ticket = await rectified(strict)
    task = await task_of(strict, ticket)
    for username, status in {
        CHECKER: 404,
        "officer32": 404,
        "admin": 200,
        "dispatcher": 200,
        f"lead-{UNIT}": 403,
    }.items():
        caller = await strict.caller(username)
        assert (await caller.get(f"/v1/tasks/{task['id']}")).status_code == status, username
    assert (await refuse(strict, CHECKER, task)).status_code == 404
    assert (await hand_over(strict, CHECKER, task, "officer30")).status_code == 404
    unit = await strict.caller(f"lead-{UNIT}")
    shown = (await unit.get(f"/v1/tickets/{ticket['id']}")).json()
    assert shown["task"] is None
    for officer in (CHECKER, await assignee(strict, task)):
        caller = await strict.caller(officer)
        told = (await caller.get(f"/v1/tickets/{ticket['id']}")).json()["task"]
        assert (told["id"], told["yours"]) == (task["id"], officer != CHECKER)


async def test_tasks_are_paged_and_a_cursor_belongs_to_its_list(strict: House) -> None:
    for _ in range(3):
        await rectified(strict)
    supervisor = await strict.caller("supervisor")
    first = (await supervisor.get("/v1/tasks", params={"limit": 2})).json()
    rest = (await supervisor.get("/v1/tasks", params={"limit": 2, "cursor": first["next"]})).json()
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    assert len({one["id"] for one in (*first["items"], *rest["items"])}) == 3
    elsewhere = await supervisor.get("/v1/tasks", params={"kind": "check", "cursor": first["next"]})
    assert elsewhere.json()["code"] == "cursor_wrong"


@pytest.mark.parametrize(
    "query",
    [
        {"longitude": 116.4},
        {"longitude": 116.4, "latitude": 39.9, "crs": "mars"},
        {"state": "lost"},
        {"kind": "walk"},
        {"ticket": "E0406"},
        {"unassigned": "perhaps"},
        {"near": "me"},
    ],
)
async def test_nonsense_is_refused(shared_house: House, query: dict[str, Any]) -> None:
    officer = await shared_house.caller(FINDER)
    answer = await officer.get("/v1/tasks", params=query)
    assert answer.status_code == 422, answer.text


async def test_a_refusal_says_why_and_names_a_task_that_is_there(shared_house: House) -> None:
    officer = await shared_house.caller(FINDER)
    for body in ({}, {"reason": ""}, {"reason": "忙", "next": "officer02"}):
        answer = await officer.post(f"/v1/tasks/{uuid4()}/refuse", json=body)
        assert answer.status_code == 422, answer.text
    answer = await officer.post(f"/v1/tasks/{uuid4()}/refuse", json={"reason": "忙"})
    assert answer.status_code == 404


async def test_a_drawn_ticket_is_checked_a_second_time_by_somebody_who_did_not_check_it(
    strict: House,
) -> None:
    await policies(strict, second_check_share=1)
    ticket = await rectified(strict)
    first = await asked(strict, ticket)
    ticket = await checked(strict, first, ticket)
    assert await tended(strict) == 1
    task = await task_of(strict, ticket)
    second = await assignee(strict, task)
    assert (task["kind"], second in {first, *REGULARS}) == ("second_check", False)
    assert task["reasons"][0].startswith("随机抽中：")
    assert task["reasons"][0].endswith("< 1.0")
    assert ticket["number"] in await queue(strict, second)
    problem = await refused(strict, first, ticket, "recheck", "not_your_step")
    assert problem["task"] == "second_check"
    assert (await checked(strict, second, ticket, "recheck"))["state"] == "closed"
    assert (await actions(strict, ticket))[-1] == "recheck"
    assert (await events(strict, ticket))[-1]["facts"]["task"] == "second_check"
    assert await tasks(strict) == []
    await refused(strict, second, await seen_by(strict, ticket), "recheck", "step_refused")


async def seen_by(house: House, ticket: dict[str, Any]) -> dict[str, Any]:
    return (await (await house.caller("supervisor")).get(f"/v1/tickets/{ticket['id']}")).json()


async def test_a_look_back_comes_after_its_days_and_a_relapse_reopens_the_ticket(strict: House) -> None:
    await policies(strict, look_back_share=1, look_back_days=60)
    ticket = await rectified(strict)
    ticket = await checked(strict, await asked(strict, ticket), ticket)
    assert [one["kind"] for one in await tasks(strict, state="planned")] == ["look_back"]
    strict.clock.turn(days=59)
    assert await tended(strict) == 0
    strict.clock.turn(days=1)
    assert await tended(strict) == 1
    task = await task_of(strict, ticket)
    username = await assignee(strict, task)
    assert task["kind"] == "look_back"
    again = await checked(strict, username, ticket, "reopen", reason="摊贩又回来了")
    assert (again["state"], again["reopened"], again["task"]) == ("assigned", 1, None)
    (done,) = await tasks(strict, username, state="done")
    assert done["answer"] == "reopen"


async def test_what_was_planned_is_dropped_with_the_closing_it_was_planned_for(strict: House) -> None:
    await policies(strict, look_back_share=1)
    ticket = await rectified(strict)
    ticket = await checked(strict, await asked(strict, ticket), ticket)
    await checked(strict, "supervisor", ticket, "reopen", reason="反弹")
    assert await tasks(strict, state="planned") == []
    assert [one["kind"] for one in await tasks(strict, state="moot")] == ["look_back"]


async def test_a_fix_on_the_spot_is_looked_at_by_somebody_else(strict: House) -> None:
    await policies(strict, second_check_share=1)
    before, after = [await photo(strict, FINDER, purpose) for purpose in ("before", "after")]
    fixed = await report(strict, category="E0112", self_fix=True, photos=[before, after])
    assert fixed["state"] == "closed"
    assert await tended(strict) == 1
    assert await asked(strict, fixed) != FINDER
