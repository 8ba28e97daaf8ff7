"""Tasks: who is asked to verify, to check and to look back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Now, Reading, Writing
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.pages import Cursor, context_of
from api.queries.tasks import find_tasks, get_task
from api.schemas.tasks import (
    ReassignmentInput,
    RefusalInput,
    TaskListQuery,
    TaskPage,
    TaskShown,
    task_page,
    task_shown,
)
from api.services.tasks import reassign_task, refuse_task

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])


@router.get("", operation_id="task_list", response_model=TaskPage, responses=UNCHANGED)
async def list_tasks(
    query: Annotated[TaskListQuery, Query()],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
    fresh: Fresh,
) -> Response:
    """List tasks, the most urgent first: an officer's own, for the desk all; open ones unless you name a `state`.

    With `longitude` and `latitude` each says how far away it is.
    """
    filters, here = query.filters(), query.here()
    context = context_of("tasks", caller.viewer.person_id, filters)
    page = await find_tasks(
        session,
        caller.viewer,
        filters,
        here,
        Cursor.decode(query.cursor, context),
        limit=query.limit,
        context=context,
    )
    return fresh.answer(task_page(page, caller.reference, caller.viewer, now, language))


@router.get("/{task_id}", operation_id="task_get", response_model=TaskShown, responses=UNCHANGED)
async def read_task(
    task_id: UUID, caller: Caller, session: Reading, now: Now, language: Language, fresh: Fresh
) -> Response:
    """Get a task with the reasons why this officer was chosen."""
    task = await get_task(session, caller.viewer, task_id)
    return fresh.answer(task_shown(task, caller.reference, caller.viewer, now, language))


@router.post("/{task_id}/refuse", operation_id="task_refuse", responses={409: {}, 415: {}})
async def refuse(
    task_id: UUID, body: RefusalInput, caller: Caller, session: Writing, now: Now, language: Language
) -> TaskShown:
    """Refuse a task of yours, with a reason; the next officer gets it. The same again changes nothing."""
    await refuse_task(session, caller.reference, caller.viewer, task_id, body.reason, now)
    task = await get_task(session, caller.viewer, task_id)
    return task_shown(task, caller.reference, caller.viewer, now, language)


@router.post("/{task_id}/hand-over", operation_id="task_reassign", responses={409: {}, 415: {}})
async def hand_over(
    task_id: UUID, body: ReassignmentInput, caller: Caller, session: Writing, now: Now, language: Language
) -> TaskShown:
    """Hand a task of yours over to another officer; a dispatcher or supervisor names somebody for any task.

    Never to whoever fixed it. An officer hands over only to whom the rules would have chosen, too. The same again
    changes nothing. The answer is the task that ended; its ticket has the new one.
    """
    await reassign_task(session, caller.reference, caller.viewer, task_id, body.officer, body.reason, now)
    task = await get_task(session, caller.viewer, task_id)
    return task_shown(task, caller.reference, caller.viewer, now, language)
