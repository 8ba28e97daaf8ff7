"""Many hands on one task: it ends once, one officer has the next, and nothing is done twice."""

import asyncio
from collections import Counter
from typing import Any

import httpx

from tests.conftest import House
from tests.http.side_ways import actions
from tests.http.tasking import asked, assignee, hand_over, policies, refuse, task_of, tasks, tended
from tests.http.walking import photo, rectified, step

AT_ONCE = 12


async def of_ticket(house: House, ticket: dict[str, Any]) -> Counter[str]:
    """Count the tasks of a ticket by their states."""
    states = ("open", "done", "refused", "handed_over", "overdue", "released", "moot")
    counts = {one: len(await tasks(house, ticket=ticket["id"], state=one)) for one in states}
    return Counter({state: count for state, count in counts.items() if count})


async def test_of_many_refusals_at_once_one_ends_the_task_and_one_officer_has_the_next(house: House) -> None:
    ticket = await rectified(house)
    task = await task_of(house, ticket)
    username = await assignee(house, task)
    answers = await asyncio.gather(*(refuse(house, username, task) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await of_ticket(house, ticket) == {"refused": 1, "open": 1}


async def test_a_refusal_and_hand_overs_at_once_leave_one_officer_with_the_task(house: House) -> None:
    for _ in range(4):
        ticket = await rectified(house)
        task = await task_of(house, ticket)
        username = await assignee(house, task)
        answers = await asyncio.gather(
            refuse(house, username, task),
            hand_over(house, username, task, "officer30"),
            hand_over(house, "supervisor", task, "officer31"),
        )
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == [200, 409, 409], [answer.text for answer in answers]
        kept = await of_ticket(house, ticket)
        assert kept["open"] == 1
        assert kept.total() == 2


async def test_a_hand_over_during_the_step_comes_before_or_after_it_and_never_between(house: House) -> None:
    await policies(house, only_assignees_check=True, second_check_share=0, look_back_share=0)
    won: Counter[str] = Counter()
    for _ in range(6):
        ticket = await rectified(house)
        task = await task_of(house, ticket)
        username = await assignee(house, task)
        look = await photo(house, username, "check")
        answers: tuple[httpx.Response, ...] = await asyncio.gather(
            step(house, username, ticket, "pass_check", photos=[look]),
            hand_over(house, "supervisor", task, "officer31"),
        )
        stepped, handed = (answer.status_code for answer in answers)
        if stepped == 200:
            won["step"] += 1
            assert handed == 409, answers[1].text
            assert await of_ticket(house, ticket) == {"done": 1}
        else:
            won["hand-over"] += 1
            # She has lost the task, and perhaps sight of the ticket.
            assert (stepped, handed) in {(403, 200), (404, 200)}, answers[0].text
            assert await asked(house, ticket) == "officer31"
            assert await of_ticket(house, ticket) == {"handed_over": 1, "open": 1}
        taken = await actions(house, ticket)
        assert taken.count("pass_check") == (1 if stepped == 200 else 0)


async def test_two_workers_and_a_person_at_once_give_each_ticket_one_task(house: House) -> None:
    tickets = [await rectified(house) for _ in range(4)]
    house.clock.turn(hours=3)
    task = await task_of(house, tickets[0])
    username = await assignee(house, task)
    *_, refused = await asyncio.gather(tended(house), tended(house), refuse(house, username, task))
    assert refused.status_code in {200, 409}, refused.text
    await tended(house)
    for ticket in tickets:
        kept = await of_ticket(house, ticket)
        assert kept["open"] == 1
        assert kept["overdue"] + kept["refused"] == 1
