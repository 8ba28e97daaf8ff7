"""The caller's work: what this person, or this person's unit, has to do next."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, literal_column, or_
from sqlmodel import col

from api.domain.access import UNIT_ROLES, Role, Viewer
from api.domain.cases import Triage
from api.domain.lifecycle import State
from api.domain.reference import Reference
from api.domain.requests import DECIDERS, RequestState
from api.models import Ticket, TicketRequest
from api.models.tickets import HAS_PENDING_SQL
from api.queries.access import called_to_help, in_grids
from api.queries.filters import IS_OPEN, is_overdue


def work_of(viewer: Viewer, reference: Reference, now: datetime) -> ColumnElement[bool]:
    """Return the condition for the tickets that wait for this viewer.

    A unit: to sign for and to rectify, reworks included, and calls for help that it has not answered. An
    officer: what she was asked to look at, and, where nobody was or the city lets all of the grid do it, tips to verify
    and repairs to check in the own grids, not those reported by herself. A
    dispatcher: what waits for triage, requests to decide and, where the desk closes, what was checked. A
    supervisor: what is overdue, and requests to decide. An administrator: what no rule or calendar could settle.
    """
    state, triage = col(Ticket.state), col(Ticket.triage)
    if viewer.role in UNIT_ROLES:
        return _work_of_unit(viewer)
    if viewer.role is Role.OFFICER:
        own = col(Ticket.task_assignee_id) == viewer.person_id
        return or_(own, and_(IS_OPEN, _work_of_officer(viewer, reference), in_grids(viewer.grid_codes)))
    if viewer.role is Role.DISPATCHER:
        checked = and_(state == State.RECTIFIED, col(Ticket.checked_at).is_not(None))
        at_desk = and_(IS_OPEN, or_(state.in_([State.REPORTED, State.FILED]), checked))
        return or_(at_desk, _to_decide(viewer.role))
    if viewer.role is Role.SUPERVISOR:
        return or_(is_overdue(now), _to_decide(viewer.role))
    return and_(IS_OPEN, triage.in_([Triage.NO_RULE, Triage.NO_DEADLINE, Triage.OUTSIDE_GRIDS]))


def _work_of_unit(viewer: Viewer) -> ColumnElement[bool]:
    own = and_(
        IS_OPEN,
        col(Ticket.unit_id) == viewer.unit_id,
        col(Ticket.state).in_([State.ASSIGNED, State.IN_PROGRESS]),
    )
    if not viewer.helps or viewer.unit_id is None:
        return own
    pending = col(TicketRequest.state) == RequestState.PENDING
    return or_(own, and_(IS_OPEN, called_to_help(viewer.unit_id, pending)))


def _work_of_officer(viewer: Viewer, reference: Reference) -> ColumnElement[bool]:
    state, policies = col(Ticket.state), reference.policies
    checks = and_(state == State.RECTIFIED, col(Ticket.checked_at).is_(None))
    if not policies.checker_may_be_reporter:
        checks = and_(checks, col(Ticket.reporter_id) != viewer.person_id)
    looks = or_(state == State.VERIFYING, checks)
    return and_(looks, col(Ticket.task_assignee_id).is_(None)) if policies.only_assignees_check else looks


def _to_decide(role: Role) -> ColumnElement[bool]:
    """Return the condition for tickets with a request that waits for this role."""
    kinds = [kind for kind, deciders in DECIDERS.items() if role in deciders]
    agreed = col(Ticket.agreed_role)
    return and_(
        _HAS_PENDING,
        col(Ticket.pending_kinds).op("&&")(kinds),
        or_(agreed.is_(None), agreed != role),
    )


_HAS_PENDING: ColumnElement[bool] = literal_column(HAS_PENDING_SQL)
"""Written as the partial index has it, so that the planner knows it again."""
