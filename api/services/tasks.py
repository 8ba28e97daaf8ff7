"""What people do with tasks apart from doing them: refuse one, hand one over, name somebody for one."""

from datetime import datetime
from uuid import UUID

from api.db import WriteSession
from api.domain.access import Role, Viewer
from api.domain.cases import Case
from api.domain.checkers import RELAXED_IN_ORDER, Avoided, avoided, is_barred, judge
from api.domain.errors import FieldWrong, NotYourStep, StepRefused
from api.domain.reference import Reference
from api.domain.task_turns import duty_of, end_task, open_task
from api.domain.tasks import TaskState
from api.queries.cases import lock_case_for_system
from api.queries.checkers import find_candidate
from api.queries.tasks import TaskFacts, get_task
from api.services.task_giving import (
    find_earlier,
    looked_for,
    pass_on,
    task_due_at,
    weights_of,
)
from api.services.task_rows import store_turn


async def refuse_task(
    session: WriteSession, reference: Reference, viewer: Viewer, task_id: UUID, reason: str, now: datetime
) -> None:
    """Refuse an own task, with a reason: the next officer gets it. The same again changes nothing.

    Raises NotFound, NotYourStep for a task of somebody else, StepRefused for one that has ended otherwise.
    """
    task, case = await _locked(session, reference, viewer, task_id)
    if task.state is TaskState.REFUSED and task.ended_by_id == viewer.person_id:
        return
    _require_open(task)
    if task.assignee_id != viewer.person_id:
        raise NotYourStep("Only who has the task refuses it.", state=task.state)
    await pass_on(session, case, reference, now, TaskState.REFUSED, viewer.person_id, reason)
    await store_turn(session, case)


async def reassign_task(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer,
    task_id: UUID,
    username: str,
    reason: str,
    now: datetime,
) -> None:
    """Give a task to a certain officer: an own one, or any from the desk. The same again changes nothing.

    An officer hands over only to whom the rules would have sent, or would have had to send like herself, and to nobody
    who had it before. The desk may name anybody but the fixer. Raises NotFound, NotYourStep, StepRefused, FieldWrong
    (`officer_unknown`, `officer_involved`).
    """
    task, case = await _locked(session, reference, viewer, task_id)
    candidate = await find_candidate(session, looked_for(case, reference, now), username)
    if candidate is None:
        raise FieldWrong("/officer", "officer_unknown", "No officer who may sign in is called so.")
    if task.state is TaskState.HANDED_OVER and task.next_assignee_id == candidate.person_id:
        return
    _require_open(task)
    if task.assignee_id == candidate.person_id:
        return
    is_desk = viewer.role is not Role.OFFICER
    if not is_desk and task.assignee_id != viewer.person_id:
        raise NotYourStep("Only who has the task hands it over, or the desk.", state=task.state)
    earlier = await find_earlier(session, case)
    duty = duty_of(case, task.kind, reference.policies)
    against = avoided(duty, candidate) - _given_up(task, is_desk=is_desk)
    # The desk may ask somebody again who had it; officers don't pass it to and fro.
    had_it = not is_desk and candidate.person_id in earlier.passed_over
    if is_barred(duty, candidate.person_id) or against or had_it:
        raise FieldWrong(
            "/officer",
            "officer_involved",
            "This officer has to do with the ticket; somebody else goes.",
            because=[str(one) for one in RELAXED_IN_ORDER if one in against]
            or ["had_it" if had_it else "fixer"],
        )
    kind, due_at = task.kind, case.task_due_at
    end_task(case, TaskState.HANDED_OVER, now, viewer.person_id, reason=reason)
    open_task(
        case,
        kind,
        judge(duty, candidate, weights_of(reference)),
        now,
        due_at or task_due_at(kind, reference, now),
        duty_id=earlier.duty_id,
        attempt=earlier.attempts + 1,
        more={**earlier.lot, "named_by": str(viewer.role)},
    )
    await store_turn(session, case)


def _given_up(task: TaskFacts, *, is_desk: bool) -> frozenset[Avoided]:
    """Return what does not count any more: all of it for the desk, else what the present choice had to give up."""
    if is_desk:
        return frozenset(Avoided)
    return frozenset(Avoided(one) for one in task.choice.get("relaxed", ()))


async def _locked(
    session: WriteSession, reference: Reference, viewer: Viewer, task_id: UUID
) -> tuple[TaskFacts, Case]:
    """Return a task that the viewer sees, and its ticket, locked; the task as it stands then."""
    seen = await get_task(session, viewer, task_id)
    case = await lock_case_for_system(session, reference, seen.ticket_id)
    # Read again: whoever held the ticket until now may have ended it.
    return await get_task(session, viewer, task_id), case


def _require_open(task: TaskFacts) -> None:
    if task.state is not TaskState.OPEN:
        raise StepRefused("This task has ended.", state=task.state, answer=task.answer)
