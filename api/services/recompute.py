"""Compute anew when the open tickets are due, and store what differs, a batch of tickets at a time."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import anyio
import orjson
from sqlalchemy import (
    JSON,
    Table,
    TableValuedAlias,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal,
    select,
    update,
)

from api.db import Database, ReadSession, WriteSession
from api.domain.actions import Action
from api.domain.cases import Case
from api.domain.ledger import Term
from api.domain.recomputation import Move, recompute, record
from api.domain.reference import Reference
from api.domain.states import CLOCK_OF, Clock
from api.models import metadata
from api.queries.cases import lock_versions
from api.queries.ledgers import named_open_cases, open_cases
from api.queries.reference import ReferenceCache, reference_version
from api.services.cases import measure_columns, new_event_rows
from api.services.dispatch import rectification_term

BATCH = 1_000
"""Tickets in one transaction; they are locked for about a quarter of a second."""

LANES = 2
"""Batches that are in memory at a time."""

_TICKETS = metadata.tables["tickets"]
_CLOCKS = metadata.tables["ticket_clocks"]
_EVENTS = metadata.tables["ticket_events"]


class _Moved(NamedTuple):
    case: Case
    move: Move


@dataclass(frozen=True, slots=True)
class Batch:
    """How many tickets were computed anew, and those that moved."""

    examined: int
    moves: Sequence[Move]


async def examine_tickets(
    session: ReadSession, reference: Reference, now: datetime, calendar_code: str | None = None
) -> AsyncGenerator[Batch]:
    """Say what computing the open tickets anew would change, batch by batch; nothing is stored.

    With `calendar_code` only tickets whose time is counted in that calendar so far.
    """
    after: UUID | None = None
    while True:
        cases = await open_cases(session, reference, after, BATCH, calendar_code)
        yield Batch(len(cases), [one.move for one in _moved(cases, reference, now)])
        if len(cases) < BATCH:
            return
        after = cases[-1].id


@dataclass(slots=True)
class Recomputation:
    """All open tickets, computed anew and stored batch by batch, each in a transaction of its own.

    Two lanes go over the tickets: while the database stores the one's batch, the other's is computed. `now` reads
    the clock. What is done is told to `on_batch` when it is committed, so a run that is cut short has lost nothing,
    and the next one does the rest.
    """

    database: Database
    references: ReferenceCache
    now: Callable[[], datetime]
    on_batch: Callable[[Batch], None]
    calendar_code: str | None = None
    _turn: anyio.Lock = field(default_factory=anyio.Lock)
    _after: UUID | None = None
    _is_done: bool = False

    async def run(self) -> None:
        """Compute all of them; the first error ends both lanes, and what they had not committed is undone."""
        async with anyio.create_task_group() as lanes:
            for _ in range(LANES):
                lanes.start_soon(self._lane)

    async def _lane(self) -> None:
        while not self._is_done:
            async with self.database.write() as session:
                batch = await self._next(session)
            self.on_batch(batch)

    async def _next(self, session: WriteSession) -> Batch:
        async with self._turn:
            reference = await self._reference(session)
            cases = await open_cases(session, reference, self._after, BATCH, self.calendar_code)
            if cases:
                self._after = cases[-1].id
            self._is_done = len(cases) < BATCH
            moved = _moved(cases, reference, self.now())
        if moved:
            moved = await self._locked(session, moved, reference)
            await _store(session, [one.case for one in moved])
        return Batch(len(cases), [one.move for one in moved])

    async def _locked(
        self, session: WriteSession, moved: Sequence[_Moved], reference: Reference
    ) -> list[_Moved]:
        """Lock the tickets that moved, in the order of their ids, and write their moves into them.

        One that somebody changed between reading and locking is computed again as it is then, and so are all of
        them when the reference data changed meanwhile: a step that was taken with the newer data came before the
        lock, so they are seen after it.
        """
        versions = await lock_versions(session, [one.case.id for one in moved])
        newest, now = await self._reference(session), self.now()
        fresh = [one for one in moved if newest is reference and versions[one.case.id] == one.case.version]
        stale = {one.case.id for one in moved} - {one.case.id for one in fresh}
        if stale:
            fresh += _moved(await named_open_cases(session, newest, stale), newest, now)
        for one in fresh:
            record(one.case, one.move, now, newest.timekeeping, newest.policies.closing)
        return fresh

    async def _reference(self, session: ReadSession) -> Reference:
        return await self.references.at(await reference_version(session))


def _moved(cases: Iterable[Case], reference: Reference, now: datetime) -> list[_Moved]:
    """Compute cases anew; return those that moved."""
    timekeeping = reference.timekeeping
    found: list[_Moved] = []
    for case in cases:
        move = recompute(case, term_in_force(case, reference, now), timekeeping)
        if move is not None:
            found.append(_Moved(case, move))
    return found


def term_in_force(case: Case, reference: Reference, now: datetime) -> Term | None:
    """Return the term by which the clock of an open ticket's stage is measured now; None to keep the one it has.

    A unit keeps its term when nobody can say any more what it would get today: the class was retired, the unit
    is no longer active, the rule that sent the ticket is gone or has expired, or the ticket came back to the
    unit by a ruling, which does not tell by what rule it went there first.
    """
    assert case.state is not None  # noqa: S101  an open ticket has a state
    clock = CLOCK_OF[case.state]
    if clock is not Clock.RECTIFICATION:
        stage_limit = reference.policies.stage_limits.get(clock)
        return stage_limit.term if stage_limit else None
    unit = reference.units.get(case.unit_id) if case.unit_id is not None else None
    is_retired = reference.category_ids.get(case.category) != case.category_id
    if unit is None or not unit.is_active or is_retired or case.condition is None:
        return None
    if case.dispatch_rule_id is None:
        came_back = any(one.stopped_by == Action.RETURN for one in case.ledger.cycle(clock))
        return None if came_back else rectification_term(case, unit, reference)
    rule = reference.rules.by_id.get(case.dispatch_rule_id)
    if rule is None or (rule.valid_until is not None and rule.valid_until <= now):
        return None
    return rectification_term(case, unit, reference)


_MOVED = (
    "id",
    "version",
    "updated_at",
    "due_at",
    "yellow_at",
    "escalates_at",
    "triage",
    "due_rule",
    "due_explanation",
    "history_count",
    "history_sha256",
)
_MEASURED = ("id", "calendar_code", "limit_value", "limit_unit", "milestones", "due_at", "yellow_at")
_APPENDED = (
    "ticket_id",
    "seq",
    "action",
    "from_state",
    "to_state",
    "actor_role",
    "at",
    "note",
    "facts",
    "previous_sha256",
    "sha256",
)


async def _store(session: WriteSession, cases: Sequence[Case]) -> None:
    """Store locked cases: three statements, however many there are."""
    if not cases:
        return
    rows = ({name: getattr(case, name) for name in _MOVED} for case in cases)
    await session.execute(_UPDATE_TICKETS, _sent(rows, _MOVED))
    await session.execute(_UPDATE_CLOCKS, _sent(map(_measured, cases), _MEASURED))
    events = [row for case in cases for row in new_event_rows(case)]
    if events:
        await session.execute(_INSERT_EVENTS, _sent(events, _APPENDED))


def _measured(case: Case) -> dict[str, Any]:
    assert case.state is not None  # noqa: S101  an open ticket has a state
    stretch = case.ledger.latest(CLOCK_OF[case.state])
    assert stretch is not None  # noqa: S101  it was measured
    return {"id": stretch.row_id, **measure_columns(stretch)}


def _sent(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> dict[str, str]:
    """Return rows as the one parameter that `_sent_rows` reads."""
    return {"rows": orjson.dumps([{name: row[name] for name in names} for row in rows]).decode()}


def _sent_rows(table: Table, names: Sequence[str]) -> TableValuedAlias:
    """Return rows that arrive as one JSON text: a fifth of what a statement or a list of parameters a row cost."""
    columns = (column(name, table.c[name].type) for name in names)
    rows = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
    return rows.table_valued(*columns).render_derived(name="new", with_types=True)


def _update(table: Table, names: Sequence[str]) -> Update:
    new = _sent_rows(table, names)
    values = {name: new.c[name] for name in names if name != "id"}
    return update(table).where(table.c.id == new.c.id).values(values)


# Another due time is to be noticed anew, as after a step (`services.cases`).
_UPDATE_TICKETS = _update(_TICKETS, _MOVED).values(noticed=0)
_UPDATE_CLOCKS = _update(_CLOCKS, _MEASURED)
_NEW_EVENTS = _sent_rows(_EVENTS, _APPENDED)
_INSERT_EVENTS = insert(_EVENTS).from_select(
    [*_APPENDED, "photo_ids"],
    select(*_NEW_EVENTS.c, literal([], _EVENTS.c.photo_ids.type)),
    include_defaults=False,
)
