"""The ledger of a ticket's clocks, on the wire."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from api.domain.ledger import Stretch
from api.domain.lifecycle import Clock
from api.domain.limits import Language
from api.schemas.base import Output


class ClockShown(Output):
    """One stretch of one clock."""

    clock: Clock
    cycle: int
    started_at: datetime
    started_by: str
    stopped_at: datetime | None
    stopped_by: str | None
    extensions: int = Field(description="How often the limit had been extended when the stretch began.")
    limit: str | None
    calendar: str | None
    due_at: datetime | None


class DeadlineShown(Output):
    """How the rectification's due time came about."""

    rule: str | None
    explanation: str | None
    clock: list[ClockShown]


def clocks_shown(stretches: Sequence[Stretch], language: Language) -> list[ClockShown]:
    """Show a ledger, oldest stretch first."""
    return [_shown(stretch, language) for stretch in stretches]


def _shown(stretch: Stretch, language: Language) -> ClockShown:
    return ClockShown(
        clock=stretch.clock,
        cycle=stretch.cycle,
        started_at=stretch.started_at,
        started_by=stretch.started_by,
        stopped_at=stretch.stopped_at,
        stopped_by=stretch.stopped_by,
        extensions=stretch.extensions,
        limit=stretch.term.limit.text(language) if stretch.term else None,
        calendar=stretch.term.calendar_code if stretch.term else None,
        due_at=stretch.due_at,
    )
