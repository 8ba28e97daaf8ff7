"""A ticket in any state, ready for any row of the table."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.domain.cases import Case
from api.domain.geo import Place
from api.domain.ledger import Timekeeping
from api.domain.lifecycle import RUNNING_IN, TABLE, State, Step
from api.domain.reports import Priority, Source
from api.domain.tickets import BY_SYSTEM, advance

EARLIER = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
NOW = EARLIER + timedelta(hours=1)
TIMEKEEPING = Timekeeping({}, 0.8)
STEPS_ON = tuple(row for row in TABLE if row.from_state is not None)
"""All rows but those that create a ticket."""


def case_in(state: State) -> Case:
    """Return a ticket in this state, with the clocks that run there and a rectification that ran before."""
    case = Case(
        id=UUID(int=1),
        category="E0406",
        category_id=1,
        place=Place(116.404, 39.915),
        reporter_id=UUID(int=7),
        source=Source.OFFICER,
        priority=Priority.NORMAL,
        observed_at=EARLIER,
        reported_at=EARLIER,
        state=state,
        suspended_until=NOW if state is State.SUSPENDED else None,
    )
    for known in {clock for row in TABLE for clock in row.starts} | set(RUNNING_IN.get(state, ())):
        case.ledger.restart(known, EARLIER, "before", None, 1, TIMEKEEPING)
        if known not in RUNNING_IN.get(state, ()):
            case.ledger.stop(known, EARLIER, "before")
    return case


def take(case: Case, row: Step) -> None:
    """Take the step now, as the system."""
    advance(case, row, BY_SYSTEM, NOW, terms={}, timekeeping=TIMEKEEPING)
