"""Dispatch rules as they are stored, in force or switched off, and the codes that rules may name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, text
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.dispatch_conflicts import Known
from api.domain.dispatch_hours import hours_from_json
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import FieldWrong
from api.domain.limits import Limit
from api.domain.reports import Source
from api.models import Area, Category, Condition, Grid, PlaceType, Unit
from api.models import DispatchRule as DispatchRuleRow
from api.models import Place as PlaceRow
from api.pages import CodeCursor, Page, context_of


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule, the version that it is at, and whether it counts."""

    rule: DispatchRule
    version: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class RuleFilters:
    """What the list of rules is narrowed to; None leaves it wide.

    `unit` leads or helps. `category` and `grid` are beginnings of what the rules name, so that rules for all
    classes or for everywhere are only among those without them. Which rules are broken the caller has to say.
    """

    unit: str | None = None
    category: str | None = None
    grid: str | None = None
    place: str | None = None
    area: str | None = None
    place_type: str | None = None
    is_active: bool | None = None
    is_broken: bool | None = None


@dataclass(frozen=True, slots=True)
class StoredUnit:
    """A unit as rules need it."""

    id: int
    is_active: bool


async def lock_rules(session: WriteSession) -> None:
    """Let nobody else store a rule until the transaction ends; reading them and dispatching go on.

    The whole table, because whether a rule may be stored depends on all the others.
    """
    await session.execute(text("LOCK TABLE dispatch_rules IN SHARE ROW EXCLUSIVE MODE"))


async def load_rules(session: ReadSession) -> dict[str, StoredRule]:
    """Return all rules by id, in the order of their ids."""
    statement = select(DispatchRuleRow, col(Unit.code)).join(
        Unit, col(Unit.id) == col(DispatchRuleRow.unit_id)
    )
    rows = await session.execute(statement.order_by(col(DispatchRuleRow.id)))
    return {row.id: _stored(row, unit) for row, unit in rows}


async def load_rules_in_force(session: ReadSession) -> list[DispatchRule]:
    """Return the rules that count, by id; those of units that were closed down stay among them."""
    return [stored.rule for stored in (await load_rules(session)).values() if stored.is_active]


async def find_rule(session: ReadSession, rule_id: str) -> StoredRule | None:
    """Return a rule as it is now, newer perhaps than the snapshot; None when there is none with this id."""
    statement = (
        select(DispatchRuleRow, col(Unit.code))
        .join(Unit, col(Unit.id) == col(DispatchRuleRow.unit_id))
        .where(col(DispatchRuleRow.id) == rule_id)
    )
    found = (await session.execute(statement)).one_or_none()
    return _stored(*found) if found is not None else None


async def find_rules(
    session: ReadSession,
    filters: RuleFilters,
    *,
    limit: int,
    cursor: str | None,
    ids: Collection[str] | None = None,
) -> Page[StoredRule]:
    """Return a page of rules by id, of these ids only if some are given.

    FieldWrong for a unit that does not exist or a cursor of another list.
    """
    context = context_of("dispatch_rules", filters)
    last = CodeCursor.decode(cursor, context)
    statement = (
        select(DispatchRuleRow, col(Unit.code))
        .join(Unit, col(Unit.id) == col(DispatchRuleRow.unit_id))
        .where(*await _conditions(session, filters))
        .order_by(col(DispatchRuleRow.id))
    )
    if ids is not None:
        statement = statement.where(col(DispatchRuleRow.id).in_(ids))
    if last is not None:
        statement = statement.where(col(DispatchRuleRow.id) > last.code)
    rows = (await session.execute(statement.limit(limit + 1))).all()
    items = [_stored(row, unit) for row, unit in rows[:limit]]
    more = CodeCursor(items[-1].rule.id, context).encode() if len(rows) > limit else None
    return Page(items, more)


async def _conditions(session: ReadSession, filters: RuleFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.unit is not None:
        unit = (await find_units(session)).get(filters.unit)
        if unit is None:
            raise FieldWrong("/query/unit", "unit_unknown", "There is no such unit.")
        helps = col(DispatchRuleRow.helping_units).contains([filters.unit])
        found.append(or_(col(DispatchRuleRow.unit_id) == unit.id, helps))
    if filters.category is not None:
        found.append(col(DispatchRuleRow.category_prefix).startswith(filters.category, autoescape=True))
    if filters.grid is not None:
        found.append(col(DispatchRuleRow.grid_prefix).startswith(filters.grid, autoescape=True))
    for column, code in (
        (col(DispatchRuleRow.place_code), filters.place),
        (col(DispatchRuleRow.area_code), filters.area),
        (col(DispatchRuleRow.place_type), filters.place_type),
    ):
        if code is not None:
            found.append(column == code)
    if filters.is_active is not None:
        found.append(col(DispatchRuleRow.is_active).is_(filters.is_active))
    return found


async def find_units(session: ReadSession) -> dict[str, StoredUnit]:
    """Return all units by code, also those that were closed down."""
    rows = await session.execute(select(col(Unit.code), col(Unit.id), col(Unit.is_active)))
    return {row.code: StoredUnit(row.id, row.is_active) for row in rows if row.id is not None}


async def load_known_codes(session: ReadSession, units: Mapping[str, StoredUnit]) -> Known:
    """Return the codes that a rule in force may name: what is retired or closed down is not among them."""
    in_force = select(col(Category.id), col(Category.code)).where(col(Category.is_active))
    categories = {row.id: row.code for row in await session.execute(in_force)}
    numbers = await session.execute(
        select(col(Condition.category_id), col(Condition.number)).where(col(Condition.is_active))
    )
    grids = await session.execute(select(col(Grid.code)).where(col(Grid.valid_to).is_(None)))
    places = await session.execute(select(col(PlaceRow.code)).where(col(PlaceRow.is_active)))
    areas = await session.execute(select(col(Area.code)).where(col(Area.is_active)))
    types = await session.execute(select(col(PlaceType.code)).where(col(PlaceType.is_active)))
    return Known(
        categories=frozenset(categories.values()),
        conditions=frozenset(
            f"{categories[row.category_id]}-{row.number}" for row in numbers if row.category_id in categories
        ),
        grids=frozenset(grids.scalars()),
        places=frozenset(places.scalars()),
        areas=frozenset(areas.scalars()),
        place_types=frozenset(types.scalars()),
        sources=frozenset(source.value for source in Source),
        units=frozenset(code for code, unit in units.items() if unit.is_active),
    )


async def load_ever_known(session: ReadSession, units: Mapping[str, StoredUnit]) -> Known:
    """Return the codes that a rule may name that is switched off: all that its row can point at."""
    places = await session.execute(select(col(PlaceRow.code)))
    areas = await session.execute(select(col(Area.code)))
    types = await session.execute(select(col(PlaceType.code)))
    return Known(
        places=frozenset(places.scalars()),
        areas=frozenset(areas.scalars()),
        place_types=frozenset(types.scalars()),
        units=units.keys(),
    )


def rule_from_row(row: DispatchRuleRow, lead_unit: str) -> DispatchRule:
    """Return the rule of a row; `lead_unit` is the code of its unit."""
    return DispatchRule(
        id=row.id,
        category=row.category_prefix,
        lead_unit=lead_unit,
        name_zh=row.name_zh,
        name_en=row.name_en,
        condition=row.condition_number,
        place=row.place_code,
        grid_prefix=row.grid_prefix,
        area=row.area_code,
        place_type=row.place_type,
        source=row.source,
        helping_units=tuple(row.helping_units),
        limit=Limit(row.limit_value, row.limit_unit) if row.limit_value and row.limit_unit else None,
        priority=row.priority,
        order=row.order,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        hours=hours_from_json(row.hours),
    )


def _stored(row: DispatchRuleRow, lead_unit: str) -> StoredRule:
    return StoredRule(rule_from_row(row, lead_unit), row.version, row.is_active)
