"""Steps from the desk on any open ticket: merge (并案), urge (催办), supervise (督办), escalate (上报)."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import col

from api.domain.cases import Case
from api.domain.errors import FieldWrong
from api.domain.escalation import Answerer
from api.domain.lifecycle import OPEN, Action, find_step
from api.domain.reference import Reference
from api.domain.tickets import BY_SYSTEM, By, Told, advance
from api.models import Photo
from api.queries.cases import has_merged_tickets, lock_case
from api.services.notices import raise_escalation
from api.services.taking import Taker, Taking


async def _merge(taking: Taking) -> None:
    """并案: this ticket ends in its master; reporters and photos follow."""
    case, now = taking.case, taking.now
    taking.require(case.condition, has_master=taking.request.master is not None)
    if taking.master_id is None:
        raise FieldWrong("/master", "master_unknown", "There is no such ticket.")
    if taking.master_id == case.id:
        raise FieldWrong("/master", "master_is_itself", "A ticket can't be merged into itself.")
    master = await lock_case(taking.session, taking.reference, taking.viewer, taking.master_id)
    read_version = master.version
    if master.state not in OPEN:
        raise FieldWrong(
            "/master",
            "master_ended",
            "The other ticket has ended; merge open ones.",
            master_state=master.state,
        )
    if await has_merged_tickets(taking.session, case.id):
        raise FieldWrong(
            "/master", "merge_chain", "Other tickets were merged into this one; it is a master itself."
        )
    case.merged_into_id, case.triage = master.id, None
    taking.advance(master=master.number, master_id=str(master.id))
    closing, timekeeping = taking.reference.policies.closing, taking.reference.timekeeping
    step = find_step(master.state, Action.ABSORB, BY_SYSTEM.role, closing)
    told = Told(facts={"merged": case.number, "merged_id": str(case.id)})
    advance(master, step, BY_SYSTEM, now, terms={}, timekeeping=timekeeping, told=told)
    await taking.session.execute(
        update(Photo).where(col(Photo.ticket_id) == case.id).values(ticket_id=master.id)
    )
    taking.others.append((master, read_version))


async def _urge(taking: Taking) -> None:
    """催办, numbered on the ticket."""
    taking.require(taking.case.condition)
    taking.case.urged_count += 1
    taking.advance(number=taking.case.urged_count)


async def _supervise(taking: Taking) -> None:
    """督办: a supervisor's opinion, numbered on the ticket."""
    taking.require(taking.case.condition)
    taking.case.supervised_count += 1
    taking.advance(number=taking.case.supervised_count)


async def _escalate(taking: Taking) -> None:
    """上报 by the unit itself, which can't solve it alone."""
    taking.require(taking.case.condition)
    answers = escalate(taking.case, taking.reference, taking.by, taking.now, taking.told())
    await raise_escalation(taking.session, taking.case, answers, taking.reference, taking.now)


def escalate(case: Case, reference: Reference, by: By, now: datetime, told: Told) -> Answerer:
    """Move a ticket one rung up and say who has to answer for it now."""
    step = find_step(case.state, Action.ESCALATE, by.role, reference.policies.closing)
    answers = reference.policies.escalation_ladder[case.escalation_level].answers
    case.escalation_level += 1
    facts = {**told.facts, "level": case.escalation_level, "answers": answers}
    told = Told(told.note, told.photo_ids, told.device_at, facts)
    advance(case, step, by, now, terms={}, timekeeping=reference.timekeeping, told=told)
    return answers


TAKERS: dict[Action, Taker] = {
    Action.MERGE: _merge,
    Action.URGE: _urge,
    Action.SUPERVISE: _supervise,
    Action.ESCALATE: _escalate,
}
