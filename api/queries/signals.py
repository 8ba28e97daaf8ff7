"""Signals as supervisors read them: the open ones first, and what they come to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.access import Role
from api.domain.errors import NotFound
from api.domain.signals import SignalKind, SignalState, Standing, Tally, tally
from api.models import Person, SignalReview, SignalRow, Ticket
from api.pages import FlaggedCursor, Page, context_of

TALLIES_MAX: Final = 200

_LEAST_DOUBT: Final = 1e-12
"""A weight of 1 leaves no doubt, which has no logarithm."""


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """Which signals are asked for; what is None is not asked for."""

    ticket_id: UUID | None = None
    officer: str | None = None
    unit_id: int | None = None
    kind: SignalKind | None = None
    state: SignalState | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """What a supervisor said of a signal."""

    to_state: SignalState
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """A signal as it is shown, with what was last said of it."""

    id: int
    kind: SignalKind
    weight: float
    zh: str
    en: str
    facts: dict[str, Any]
    photo_id: UUID | None
    other_photo_id: UUID | None
    report_id: UUID | None
    ticket_id: UUID
    ticket_number: str
    username: str
    name: str
    role: Role
    unit_id: int | None
    raised_at: datetime
    state: SignalState
    version: int
    review: ReviewFacts | None


class TallyBy(StrEnum):
    """What signals are summed up by."""

    TICKET = "ticket"
    OFFICER = "officer"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class TallyFacts:
    """The signals of a ticket, a person or a unit. `key` is the ticket's number, the user name, or the unit's id."""

    key: Any
    name: str | None
    ticket_id: UUID | None
    tally: Tally


async def find_signals(
    session: ReadSession, which: SignalFilter, *, limit: int, cursor: str | None
) -> Page[SignalFacts]:
    """Return a page of signals: the open ones first, each part with the newest first."""
    context = context_of("signals", which)
    last = FlaggedCursor.decode(cursor, context)
    is_open, number = col(SignalRow.is_open), col(SignalRow.id)
    statement: Any = _select().where(*_conditions(which))
    if which.state is None:
        statement = statement.order_by(is_open.desc(), number.desc())
        if last is not None:
            statement = statement.where(tuple_(is_open, number) < tuple_(last.is_flagged, last.number))
    else:  # all of one part, which the planner knows as an order only if nothing else is said
        statement = statement.order_by(number.desc())
        if last is not None:
            statement = statement.where(number < last.number)
    items = [_facts(row) for row in await session.execute(statement.limit(limit + 1))]
    shown = items[:limit]
    if len(items) <= limit:
        return Page(shown, None)
    return Page(shown, FlaggedCursor(shown[-1].state is SignalState.OPEN, shown[-1].id, context).encode())


async def get_signal(session: ReadSession, signal_id: int) -> SignalFacts:
    """Return one signal; raises NotFound."""
    row = (await session.execute(_select().where(col(SignalRow.id) == signal_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such signal.", signal=signal_id)
    return _facts(row)


async def find_reviews(session: ReadSession, signal_id: int) -> list[ReviewFacts]:
    """Return all that was said of a signal, the first first."""
    statement: Any = (
        select(SignalReview, col(Person.name))
        .join(Person, col(Person.id) == col(SignalReview.by_id))
        .where(col(SignalReview.signal_id) == signal_id)
        .order_by(col(SignalReview.version))
    )
    rows: Any = (await session.execute(statement)).all()
    return [ReviewFacts(review.to_state, name, review.at, review.reason) for review, name in rows]


async def lock_signal(session: WriteSession, signal_id: int) -> Standing:
    """Return how a signal stands, locked until the transaction ends; raises NotFound."""
    statement: Any = select(
        col(SignalRow.id), col(SignalRow.person_id), col(SignalRow.state), col(SignalRow.version)
    )
    locked = statement.where(col(SignalRow.id) == signal_id).with_for_update()
    row: Any = (await session.execute(locked)).one_or_none()
    if row is None:
        raise NotFound("There is no such signal.", signal=signal_id)
    return Standing(*row)


async def find_review(session: ReadSession, signal_id: int, version: int) -> SignalReview | None:
    """Return the review that led a signal to a version."""
    statement = select(SignalReview).where(
        col(SignalReview.signal_id) == signal_id, col(SignalReview.version) == version
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def sum_up(session: ReadSession, by: TallyBy, which: SignalFilter) -> list[TallyFacts]:
    """Return what the signals of tickets, people or units come to, the most telling first; `TALLIES_MAX` at most."""
    unit = col(SignalRow.unit_id)
    keys: dict[TallyBy, tuple[Any, Any, Any]] = {
        TallyBy.TICKET: (col(Ticket.number), None, col(Ticket.id)),
        TallyBy.OFFICER: (col(Person.username), col(Person.name), None),
        TallyBy.UNIT: (unit, None, None),
    }
    columns = [column for column in keys[by] if column is not None]
    states, weights = (
        func.array_agg(aggregate_order_by(column, col(SignalRow.id)))
        for column in (col(SignalRow.state), col(SignalRow.weight))
    )
    statement: Any = select(*columns, states.label("states"), weights.label("weights")).select_from(SignalRow)
    if by is TallyBy.TICKET:
        statement = statement.join(Ticket, col(Ticket.id) == col(SignalRow.ticket_id))
    if by is TallyBy.OFFICER:
        statement = statement.join(Person, col(Person.id) == col(SignalRow.person_id))
    if by is TallyBy.UNIT:
        statement = statement.where(unit.is_not(None))
    # The order of `total_weight`, whose logarithm is a sum: so the database sends no more than what is shown.
    doubts = func.ln(func.greatest(1.0 - col(SignalRow.weight), _LEAST_DOUBT))
    telling = func.sum(doubts).filter(col(SignalRow.state) != SignalState.CLEARED)
    ranked = (
        statement.where(*_conditions(which)).group_by(*columns).order_by(telling.asc().nulls_last(), *columns)
    )
    rows: Any = await session.execute(ranked.limit(TALLIES_MAX))
    found = [
        TallyFacts(
            row[0],
            row[1] if by is TallyBy.OFFICER else None,
            row[1] if by is TallyBy.TICKET else None,
            tally(zip(map(SignalState, row.states), row.weights, strict=True)),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.tally.total, -one.tally.open, str(one.key)))


def _conditions(which: SignalFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if which.ticket_id is not None:
        conditions.append(col(SignalRow.ticket_id) == which.ticket_id)
    if which.officer is not None:
        person = select(col(Person.id)).where(col(Person.username) == which.officer).scalar_subquery()
        conditions.append(col(SignalRow.person_id) == person)
    if which.unit_id is not None:
        conditions.append(col(SignalRow.unit_id) == which.unit_id)
    if which.kind is not None:
        conditions.append(col(SignalRow.kind) == which.kind)
    if which.state is not None:
        conditions.append(col(SignalRow.state) == which.state)
        # Which part of the indexes they stand in.
        conditions.append(col(SignalRow.is_open).is_(which.state is SignalState.OPEN))
    if which.since is not None:
        conditions.append(col(SignalRow.raised_at) >= which.since)
    return conditions


_PLAIN: Final = (
    "id",
    "kind",
    "weight",
    "zh",
    "en",
    "facts",
    "photo_id",
    "other_photo_id",
    "report_id",
    "ticket_id",
    "unit_id",
    "raised_at",
    "state",
    "version",
)
_Reviewer = aliased(Person)


def _select() -> Select[Any]:
    columns: list[Any] = [getattr(SignalRow, name) for name in _PLAIN]
    columns += [
        col(Ticket.number).label("ticket_number"),
        col(Person.username),
        col(Person.name),
        col(Person.role),
        col(SignalReview.to_state),
        col(SignalReview.at),
        col(SignalReview.reason),
        col(_Reviewer.name).label("reviewer"),
    ]
    statement: Any = select(*columns)
    return (
        statement.select_from(SignalRow)
        .join(Ticket, col(Ticket.id) == col(SignalRow.ticket_id))
        .join(Person, col(Person.id) == col(SignalRow.person_id))
        .outerjoin(
            SignalReview,
            (col(SignalReview.signal_id) == col(SignalRow.id))
            & (col(SignalReview.version) == col(SignalRow.version)),
        )
        .outerjoin(_Reviewer, col(_Reviewer.id) == col(SignalReview.by_id))
    )


def _facts(row: Any) -> SignalFacts:  # noqa: ANN401  a row of the statement above
    review = None if row.to_state is None else ReviewFacts(row.to_state, row.reviewer, row.at, row.reason)
    return SignalFacts(
        **{name: getattr(row, name) for name in _PLAIN},
        ticket_number=row.ticket_number,
        username=row.username,
        name=row.name,
        role=row.role,
        review=review,
    )
