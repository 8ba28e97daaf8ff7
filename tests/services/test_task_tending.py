"""What the worker does for tasks: what is overdue goes on, who left leaves hers, what nobody has is given."""

from typing import Any

from sqlalchemy import text

from tests.conftest import House
from tests.http.side_ways import seen
from tests.http.tasking import asked, assignee, checked, policies, refuse, task_of, tasks, tended
from tests.http.walking import CHECKER, rectified, report, stepped


async def execute(house: House, statement: str, **values: object) -> None:
    """Do something to the database that no request does."""
    async with house.database.write() as session:
        await session.execute(text(statement), values)


async def without_tasks(house: House, ticket: dict[str, Any]) -> None:
    """Leave a ticket as a release that knew no tasks would have."""
    await execute(
        house,
        "UPDATE tickets SET task_id = NULL, task_kind = NULL, task_assignee_id = NULL, task_due_at = NULL"
        " WHERE id = :id",
        id=ticket["id"],
    )
    await execute(house, "DELETE FROM tasks WHERE ticket_id = :id", id=ticket["id"])


async def test_when_there_is_nothing_to_do_nothing_is_done(house: House) -> None:
    ticket = await rectified(house)
    before = await task_of(house, ticket)
    assert await tended(house) == 0
    assert await task_of(house, ticket) == before


async def test_an_overdue_task_goes_to_the_next_with_a_full_limit_and_at_last_to_a_supervisor(
    house: House,
) -> None:
    ticket = await rectified(house)
    names: list[str] = []
    for _ in range(3):
        task = await task_of(house, ticket)
        names.append(await assignee(house, task))
        house.clock.turn(hours=2, seconds=1)
        assert await tended(house) == 1
    assert len(set(names)) == 3
    last = await task_of(house, ticket)
    assert (last["assignee"], last["due_at"]) == (None, None)
    assert [one["state"] for one in await tasks(house, ticket=ticket["id"], state="overdue")] == [
        "overdue"
    ] * 3
    house.clock.turn(days=9)
    assert await tended(house) == 0
    # The ticket's own clock has run all the time: whoever let it pass did not gain a minute.
    now = await seen(house, "supervisor", ticket)
    assert (now["due_at"], now["version"]) == (ticket["due_at"], ticket["version"])


async def test_whoever_may_not_sign_in_any_more_leaves_her_tasks_to_others(house: House) -> None:
    leaving = {
        "account": "UPDATE people SET is_active = false WHERE username = :name",
        "last day": "UPDATE people SET valid_until = '2026-11-22' WHERE username = :name",
        "role": "UPDATE people SET role = 'dispatcher' WHERE username = :name",
    }
    for statement in leaving.values():
        ticket = await rectified(house)
        username = await asked(house, ticket)
        await execute(house, statement, name=username)
        assert await tended(house) == 1
        assert await asked(house, ticket) != username
        (released,) = await tasks(house, ticket=ticket["id"], state="released")
        assert released["ended_at"] is not None


async def test_tickets_from_before_tasks_get_theirs(house: House) -> None:
    tip = await report(house, "dispatcher", source="hotline")
    tip = await stepped(house, "dispatcher", tip, "ask_verification")
    repair, passed = await rectified(house), await rectified(house)
    for ticket in (tip, repair, passed):
        await without_tasks(house, ticket)
    house.clock.turn(minutes=30)
    assert await tended(house) == 3
    kinds = {(await task_of(house, one))["kind"] for one in (tip, repair, passed)}
    assert kinds == {"verification", "check"}
    assert (await task_of(house, repair))["due_at"] == repair["due_at"]
    assert await tended(house) == 0


async def test_an_overdue_ticket_from_before_tasks_gets_one_with_a_full_limit(house: House) -> None:
    ticket = await rectified(house)
    await without_tasks(house, ticket)
    house.clock.turn(days=1)
    assert await tended(house) == 1
    assert (await task_of(house, ticket))["overdue"] is False
    assert await tended(house) == 0


async def test_a_check_that_waits_for_the_desk_to_close_needs_nobody(house: House) -> None:
    await policies(house, close_after_check=False)
    ticket = await checked(house, CHECKER, await rectified(house))
    assert (ticket["state"], ticket["task"]) == ("rectified", None)
    assert await tended(house) == 0


async def test_a_task_that_a_step_of_the_release_before_left_behind_ends(house: House) -> None:
    ticket = await rectified(house)
    await execute(
        house,
        "UPDATE tickets SET state = 'closed', closed_at = :now, checked_at = :now WHERE id = :id",
        id=ticket["id"],
        now=house.clock.now,
    )
    assert await tended(house) == 1
    assert await tasks(house) == []
    assert [one["state"] for one in await tasks(house, state="moot")] == ["moot"]


async def test_with_nobody_left_a_task_waits_for_a_supervisor_and_is_not_asked_for_again_and_again(
    house: House,
) -> None:
    await execute(
        house, "UPDATE people SET is_active = false WHERE role = 'officer' AND username > 'officer02'"
    )
    await policies(house, task_attempts_max=9)
    ticket = await rectified(house)
    # Short of staff: first the colleague of the grid, then the reporter herself, then nobody.
    first = await task_of(house, ticket)
    assert await assignee(house, first) == "officer02"
    assert "人手不足，由本网格的网格员承担" in first["reasons"]
    await refuse(house, "officer02", first)
    second = await task_of(house, ticket)
    assert await assignee(house, second) == "officer01"
    assert "人手不足，由上报人承担" in second["reasons"]
    assert "pass_check" in (await seen(house, "officer01", ticket))["actions"]
    await refuse(house, "officer01", second)
    last = await task_of(house, ticket)
    assert (last["assignee"], last["reasons"]) == (None, ["没有可派的网格员，等待督查员安排"])
    assert await tended(house) == 0


async def test_one_ticket_that_can_not_be_tended_never_holds_up_the_others(house: House) -> None:
    good, bad = await rectified(house), await rectified(house)
    house.clock.turn(hours=3)
    limit = f"CHECK (ticket_id <> '{bad['id']}' OR attempt < 2)"
    await execute(house, f"ALTER TABLE tasks ADD CONSTRAINT broken {limit}")
    assert await tended(house) == 1
    assert (await task_of(house, good))["attempt"] == 2
    assert (await task_of(house, bad))["attempt"] == 1
