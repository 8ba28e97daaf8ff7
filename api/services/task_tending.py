"""What the worker does for tasks: gives those that nobody has, takes back what is overdue, begins what was planned.

Each ticket is a transaction of its own; whatever another worker or a person has just now is left for the next run.
Every run finds what is to be done in the data, so nothing is lost when one is cut short.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from api.db import Database, ReadSession, WriteSession
from api.domain.cases import Case
from api.domain.reference import Reference
from api.domain.states import State
from api.domain.task_turns import end_task
from api.domain.tasks import EndedTask, TaskState, is_needed, wanted_task
from api.queries import tasks as asking
from api.queries.cases import claim_case_for_system
from api.queries.tasks import PlannedTask
from api.services.task_giving import Earlier, give_task, pass_on, task_due_at
from api.services.task_rows import begin_planned, store_turn

BATCH = 200
"""Tickets that one look finds."""

LOOKS = 10
"""Looks of one kind in one run, so that the tickets of a whole city, on the day that it gets tasks, keep nothing else
waiting: the next run goes on."""

_Turn = Callable[[WriteSession, Case], Awaitable[bool]]
"""Does something to the tasks of a locked ticket; False when there was nothing to do after all."""

_Find = Callable[[ReadSession, int], Awaitable[Sequence[UUID]]]

logger = logging.getLogger(__name__)


async def tend_tasks(database: Database, reference: Reference, now: datetime) -> int:
    """Do all that tasks need at this moment; return how many tickets it met."""
    today = now.astimezone(reference.zone).date()

    async def give(session: WriteSession, case: Case) -> bool:
        kind = wanted_task(case.state, case.checked_at)
        if kind is None or case.task_id is not None:
            return False
        # One that waits since a release without tasks may be long overdue: whoever gets it now has a full limit.
        is_past = case.due_at is not None and case.due_at <= now
        due_at = task_due_at(kind, reference, now) if is_past else case.due_at
        await give_task(session, case, kind, reference, now, due_at)
        return True

    async def drop(_: WriteSession, case: Case) -> bool:
        if case.task_kind is None or is_needed(case.task_kind, case.state, case.checked_at):
            return False
        end_task(case, TaskState.MOOT, now, None)
        return True

    async def take_back(state: TaskState, session: WriteSession, case: Case) -> bool:
        is_late = case.task_due_at is not None and case.task_due_at < now
        if case.task_assignee_id is None or (state is TaskState.OVERDUE and not is_late):
            return False
        await pass_on(session, case, reference, now, state, None)
        return True

    async def find_overdue(session: ReadSession, limit: int) -> Sequence[UUID]:
        return await asking.overdue_tasks(session, now, limit)

    async def find_gone(session: ReadSession, limit: int) -> Sequence[UUID]:
        return await asking.tasks_of_the_gone(session, today, limit)

    met = await _sweep(database, reference, asking.pointless_tasks, drop)
    met += await _sweep(database, reference, find_gone, partial(take_back, TaskState.RELEASED))
    met += await _sweep(database, reference, find_overdue, partial(take_back, TaskState.OVERDUE))
    met += await _begin_planned(database, reference, now)
    met += await _sweep(database, reference, asking.tickets_without_task, give)
    return met


async def _sweep(database: Database, reference: Reference, find: _Find, turn: _Turn) -> int:
    met = 0
    for _ in range(LOOKS):
        async with database.read() as session:
            found = await find(session, BATCH)
        moved = 0
        for ticket_id in found:
            moved += await _turned(database, reference, ticket_id, turn)
        met += moved
        # What could not be moved is found again: only progress is a reason to look once more.
        if len(found) < BATCH or moved == 0:
            break
    return met


async def _begin_planned(database: Database, reference: Reference, now: datetime) -> int:
    met = 0
    for _ in range(LOOKS):
        async with database.read() as session:
            found = await asking.planned_tasks(session, now, BATCH)
        moved = 0
        for planned in found:
            begin = partial(_begin, planned, reference, now)
            moved += await _turned(database, reference, planned.ticket_id, begin)
        met += moved
        if len(found) < BATCH or moved == 0:
            break
    return met


async def _begin(
    planned: PlannedTask, reference: Reference, now: datetime, session: WriteSession, case: Case
) -> bool:
    """Put an open task in the place of a planned one; a ticket that was reopened meanwhile needs none."""
    if case.task_id is not None and case.state is State.CLOSED:
        return False  # after the one that is open
    if case.state is not State.CLOSED:
        case.ended_tasks.append(EndedTask(planned.id, TaskState.MOOT, now, None))
        return True
    due_at = task_due_at(planned.kind, reference, now)
    earlier = Earlier(planned.id, planned.attempt - 1, frozenset(), planned.choice)
    await give_task(session, case, planned.kind, reference, now, due_at, earlier)
    await begin_planned(session, case, planned.id)
    return True


async def _turned(database: Database, reference: Reference, ticket_id: UUID, turn: _Turn) -> bool:
    try:
        async with database.write() as session:
            case = await claim_case_for_system(session, reference, ticket_id)
            if case is None or not await turn(session, case):
                return False
            await store_turn(session, case)
    except Exception:
        # Whatever is wrong with this one, the others wait, too; the log says what to mend.
        logger.exception("the tasks of ticket %s could not be tended; it is tried again", ticket_id)
        return False
    return True
