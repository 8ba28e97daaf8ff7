"""Questions about units, and about what still depends on one."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, any_, func, literal, or_, select, text
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.reference import UnitFacts
from api.domain.states import State
from api.domain.steps import HANDLED
from api.models import DispatchRule, Grid, Ticket, Unit

WORKED_ON = (State.ASSIGNED, State.IN_PROGRESS, State.SUSPENDED)
"""Where a unit, responsible or called for help, has something to do."""


async def load_units(session: ReadSession) -> dict[int, UnitFacts]:
    """Return all units by row id."""
    found: dict[int, UnitFacts] = {}
    for row in (await session.execute(select(Unit))).scalars():
        assert row.id is not None  # noqa: S101  a stored row has its id
        found[row.id] = UnitFacts(
            id=row.id,
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            kind=row.kind,
            parent_id=row.parent_id,
            phone=row.phone,
            calendar_code=row.calendar_code,
            is_fallback=row.is_fallback,
            is_active=row.is_active,
            version=row.version,
        )
    return found


async def lock_units(session: WriteSession) -> None:
    """Let nobody else store a unit until the transaction ends; reading them goes on.

    The whole table: a unit about to be made has no row, and two moves that are each right can make a circle.
    """
    await session.execute(text("LOCK TABLE units IN SHARE ROW EXCLUSIVE MODE"))


async def lock_unit(session: WriteSession, unit_id: int) -> None:
    """Wait for whoever is giving this unit something, and hold up whoever wants to, until the transaction ends."""
    await session.execute(select(col(Unit.id)).where(col(Unit.id) == unit_id).with_for_update())


@dataclass(frozen=True, slots=True)
class UnitWork:
    """What still depends on a unit.

    Ids of the rules that it leads, codes of the grids that it owns, and how many tickets wait for the check
    of its repair.
    """

    rules: list[str]
    grids: list[str]
    checks: int


async def find_work(session: ReadSession, unit_id: int) -> UnitWork:
    """Return what depends on a unit, tickets that it works on apart."""
    rules = select(col(DispatchRule.id)).where(
        col(DispatchRule.unit_id) == unit_id, col(DispatchRule.is_active)
    )
    grids = select(col(Grid.code)).where(col(Grid.unit_id) == unit_id, col(Grid.valid_to).is_(None))
    checks = (
        select(func.count())
        .select_from(Ticket)
        .where(col(Ticket.unit_id) == unit_id, col(Ticket.state) == State.RECTIFIED)
    )
    return UnitWork(
        rules=sorted((await session.execute(rules)).scalars()),
        grids=sorted((await session.execute(grids)).scalars()),
        checks=(await session.execute(checks)).scalar_one(),
    )


async def handled_by(session: ReadSession, person_ids: Sequence[UUID], unit_ids: Sequence[int]) -> list[UUID]:
    """Return the tickets of these units that these people handle, in the order in which all lock them."""
    people = any_(literal(list(person_ids), ARRAY(Uuid())))
    units = any_(literal(list(unit_ids), ARRAY(Integer())))
    statement = (
        select(col(Ticket.id))
        .where(
            col(Ticket.state).in_(HANDLED),
            col(Ticket.unit_id) == units,
            col(Ticket.handler_id) == people,
        )
        .order_by(col(Ticket.id))
    )
    return list((await session.execute(statement)).scalars())


async def worked_on(session: ReadSession, unit_id: int) -> list[UUID]:
    """Return the tickets that a unit has to rectify or to help with, in the order in which all lock them."""
    is_its = or_(col(Ticket.unit_id) == unit_id, any_(col(Ticket.open_helper_ids)) == unit_id)
    statement = (
        select(col(Ticket.id)).where(col(Ticket.state).in_(WORKED_ON), is_its).order_by(col(Ticket.id))
    )
    return list((await session.execute(statement)).scalars())
