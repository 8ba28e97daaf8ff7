"""The caller's work: what this person, or this person's unit, has to do next."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from api.domain.access import UNIT_ROLES, Role, Viewer
from api.domain.lifecycle import State
from api.domain.reference import Reference
from api.domain.tickets import Triage
from api.models import Ticket
from api.queries.access import in_grids
from api.queries.filters import IS_OPEN, is_overdue


def work_of(viewer: Viewer, reference: Reference, now: datetime) -> ColumnElement[bool]:
    """Return the condition for the tickets that wait for this viewer.

    A unit: to sign for and to rectify, reworks included. An officer: repairs to check in the own grids, not
    those reported by herself. A dispatcher: what waits for triage, and, where the desk closes, what was
    checked. A supervisor: what is overdue. An administrator: what no rule or calendar could settle.
    """
    state = col(Ticket.state)
    if viewer.role in UNIT_ROLES:
        return and_(
            IS_OPEN, col(Ticket.unit_id) == viewer.unit_id, state.in_([State.ASSIGNED, State.IN_PROGRESS])
        )
    if viewer.role is Role.OFFICER:
        unchecked = and_(IS_OPEN, state == State.RECTIFIED, col(Ticket.checked_at).is_(None))
        checks = and_(unchecked, in_grids(viewer.grid_codes))
        if reference.policies.checker_may_be_reporter:
            return checks
        return and_(checks, col(Ticket.reporter_id) != viewer.person_id)
    if viewer.role is Role.DISPATCHER:
        checked = and_(state == State.RECTIFIED, col(Ticket.checked_at).is_not(None))
        return and_(IS_OPEN, or_(state.in_([State.REPORTED, State.FILED]), checked))
    if viewer.role is Role.SUPERVISOR:
        return is_overdue(now)
    return and_(IS_OPEN, col(Ticket.triage).in_([Triage.NO_RULE, Triage.NO_DEADLINE, Triage.OUTSIDE_GRIDS]))
