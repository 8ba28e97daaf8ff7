"""Signals on the wire, for supervisors."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.domain.access import Role
from api.domain.limits import Language
from api.domain.reference import Reference
from api.domain.signals import KIND_NAMES, STATE_NAMES, SignalKind, SignalState
from api.pages import PageQuery
from api.queries.signals import ReviewFacts, SignalFacts, SignalFilter, TallyBy, TallyFacts
from api.schemas.base import Code, Input, Instant, Line, Note, Output


class SignalListQuery(PageQuery):
    """Which signals are listed: the open ones first, each part with the newest first."""

    ticket: UUID | None = Field(default=None, description="Signals of one ticket.")
    officer: Line | None = Field(default=None, description="Of what one person sent, by user name.")
    unit: Code | None = Field(default=None, description="Of what the people of one unit sent, by its code.")
    kind: SignalKind | None = None
    state: SignalState | None = None

    def filter(self, unit_id: int | None) -> SignalFilter:
        """Return what the query takes."""
        return SignalFilter(self.ticket, self.officer, unit_id, self.kind, self.state)


class DecisionInput(Input):
    """What a supervisor says of a signal."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(description="The version that you saw.")
    reason: Annotated[Note, Field(min_length=1, pattern=r"\S")] = Field(
        description="Why; it is kept with your name."
    )


class SignalPerson(Output):
    """Who sent the photo or report that a signal is of."""

    username: str
    name: str
    role: Role


class SignalTicket(Output):
    """The ticket that a signal belongs to."""

    id: UUID
    number: str


class ReviewShown(Output):
    """What a supervisor said of a signal."""

    state: SignalState
    by: str
    at: datetime
    reason: str


class DeskSignalShown(Output):
    """A signal, as supervisors see it."""

    id: int
    kind: SignalKind
    kind_name: str
    weight: float = Field(description="How telling it is on its own, 0 to 1.")
    explanation: str
    facts: dict[str, Any] = Field(description="What was measured: metres, seconds, bits, shares.")
    photo: UUID | None
    other_photo: UUID | None = Field(description="The photo that it was compared with.")
    report: UUID | None
    ticket: SignalTicket
    sender: SignalPerson
    unit: str | None = Field(description="Code of the sender's unit at the time.")
    raised_at: datetime
    state: SignalState
    state_name: str
    version: int
    review: ReviewShown | None = Field(description="What was last said of it.")


class SignalHistoryShown(DeskSignalShown):
    """A signal with all that was said of it."""

    reviews: list[ReviewShown]


class SignalPage(Output):
    """A page of signals."""

    items: list[DeskSignalShown]
    next: str | None


class SignalTotalQuery(Input):
    """What is summed up, and since when."""

    by: TallyBy
    since: Instant | None = Field(default=None, description="Signals raised since then; else all.")
    ticket: UUID | None = None
    officer: Line | None = None
    unit: Code | None = None
    kind: SignalKind | None = None

    def filter(self, unit_id: int | None) -> SignalFilter:
        """Return what the query takes."""
        return SignalFilter(self.ticket, self.officer, unit_id, self.kind, since=self.since)


class SignalTotalShown(Output):
    """What the signals of a ticket, a person or a unit come to."""

    key: str = Field(description="The ticket's number, the user name, or the unit's code.")
    name: str
    ticket: UUID | None
    open: int
    confirmed: int
    cleared: int
    total_weight: float = Field(
        description="How telling those are together that were not cleared: 1 - (1 - a)(1 - b)..., 0 to 1."
    )


class SignalTotals(Output):
    """Totals, the most telling first, 200 at most."""

    items: list[SignalTotalShown]


SignalId = Annotated[int, Field(ge=1, le=2**63 - 1)]


def signal_shown(facts: SignalFacts, reference: Reference, language: Language) -> DeskSignalShown:
    """Show a signal."""
    return DeskSignalShown(**_shown(facts, reference, language))


def signal_history_shown(
    facts: SignalFacts, reviews: list[ReviewFacts], reference: Reference, language: Language
) -> SignalHistoryShown:
    """Show a signal with all that was said of it."""
    said = [_review_shown(review) for review in reviews]
    return SignalHistoryShown(**_shown(facts, reference, language), reviews=said)


def total_shown(facts: TallyFacts, by: TallyBy, reference: Reference, language: Language) -> SignalTotalShown:
    """Show a total."""
    key, name = str(facts.key), facts.name
    if by is TallyBy.UNIT:
        unit = reference.units[facts.key]
        key, name = unit.code, unit.name_en if language == "en" else unit.name_zh
    return SignalTotalShown(
        key=key,
        name=name or key,
        ticket=facts.ticket_id,
        open=facts.tally.open,
        confirmed=facts.tally.confirmed,
        cleared=facts.tally.cleared,
        total_weight=round(facts.tally.total, 4),
    )


def _shown(facts: SignalFacts, reference: Reference, language: Language) -> dict[str, Any]:
    is_english = language == "en"
    return {
        "id": facts.id,
        "kind": facts.kind,
        "kind_name": KIND_NAMES[facts.kind][is_english],
        "weight": facts.weight,
        "explanation": facts.en if is_english else facts.zh,
        "facts": facts.facts,
        "photo": facts.photo_id,
        "other_photo": facts.other_photo_id,
        "report": facts.report_id,
        "ticket": SignalTicket(id=facts.ticket_id, number=facts.ticket_number),
        "sender": SignalPerson(username=facts.username, name=facts.name, role=facts.role),
        "unit": reference.units[facts.unit_id].code if facts.unit_id is not None else None,
        "raised_at": facts.raised_at,
        "state": facts.state,
        "state_name": STATE_NAMES[facts.state][is_english],
        "version": facts.version,
        "review": None if facts.review is None else _review_shown(facts.review),
    }


def _review_shown(review: ReviewFacts) -> ReviewShown:
    return ReviewShown(state=review.to_state, by=review.by, at=review.at, reason=review.reason)
