"""Load the reference data, and keep one snapshot of it per process."""

import asyncio
from collections.abc import Mapping

from geoalchemy2.shape import to_shape
from sqlalchemy import select
from sqlmodel import col

from api.db import Database, ReadSession
from api.domain.calendars import CalendarDay, WorkCalendar
from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.category_codes import Kind
from api.domain.deadlines import Milestone
from api.domain.dispatch import RuleIndex
from api.domain.dispatch_rules import DispatchRule
from api.domain.grids import GridIndex
from api.domain.limits import Limit
from api.domain.policies import Policies
from api.domain.reference import GridFacts, Reference, UnitFacts
from api.models import (
    Calendar,
    Grid,
    Policy,
    ReferenceVersion,
    Unit,
)
from api.models import CalendarDay as CalendarDayRow
from api.models import Category as CategoryRow
from api.models import Condition as ConditionRow
from api.models import DispatchRule as DispatchRuleRow


class ReferenceCache:
    """The process's snapshot; asked with the version that a request saw, it is never older than the request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loading = asyncio.Lock()
        self._snapshot: Reference | None = None

    async def at(self, version: int) -> Reference:
        """Return a snapshot of this version or a newer one, loading it when the kept one is older."""
        if self._snapshot is None or self._snapshot.version < version:
            async with self._loading:
                # Whoever waited for the lock finds the work done.
                if self._snapshot is None or self._snapshot.version < version:
                    async with self._database.snapshot() as session:
                        self._snapshot = await load_reference(session)
        return self._snapshot


async def reference_version(session: ReadSession) -> int:
    """Return the present version of the reference data."""
    return (await session.execute(select(col(ReferenceVersion.version)))).scalar_one()


async def load_reference(session: ReadSession) -> Reference:
    """Read everything at one moment (the session's transaction must be repeatable-read)."""
    version = await reference_version(session)
    units = await _units(session)
    grids, grid_index = await _grids(session)
    catalogue, category_ids, condition_ids = await _catalogue(session)
    policies = {row.key: row.value for row in (await session.execute(select(Policy))).scalars()}
    return Reference(
        version=version,
        catalogue=catalogue,
        category_ids=category_ids,
        condition_ids=condition_ids,
        units=units,
        grids=grids,
        grid_index=grid_index,
        rules=RuleIndex(await _rules(session, units)),
        calendars=await _calendars(session),
        policies=Policies.from_mapping(policies),
    )


async def _units(session: ReadSession) -> dict[int, UnitFacts]:
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
        )
    return found


async def _grids(session: ReadSession) -> tuple[dict[str, GridFacts], GridIndex]:
    rows = (await session.execute(select(Grid).where(col(Grid.valid_to).is_(None)))).scalars().all()
    codes = {row.id: row.code for row in rows}
    facts: dict[str, GridFacts] = {}
    for row in rows:
        assert row.id is not None  # noqa: S101  a stored row has its id
        facts[row.code] = GridFacts(
            id=row.id,
            code=row.code,
            level=row.level,
            name_zh=row.name_zh,
            name_en=row.name_en,
            parent_code=codes.get(row.parent_id),
            unit_id=row.unit_id,
        )
    areas = [(row.code, row.level, to_shape(row.geometry)) for row in rows]
    return facts, GridIndex(areas)


async def _catalogue(session: ReadSession) -> tuple[Catalogue, dict[str, int], dict[str, int]]:
    categories: dict[str, Category] = {}
    category_ids: dict[str, int] = {}
    codes: dict[int | None, str] = {}
    rows = await session.execute(
        select(CategoryRow).where(col(CategoryRow.is_active)).order_by(col(CategoryRow.code))
    )
    for row in rows.scalars():
        assert row.id is not None  # noqa: S101  a stored row has its id
        category_ids[row.code], codes[row.id] = row.id, row.code
        categories[row.code] = Category(
            code=row.code,
            scheme=row.scheme,
            kind=Kind(row.kind),
            major_code=row.major_code,
            major_zh=row.major_zh,
            major_en=row.major_en,
            minor_code=row.minor_code,
            minor_zh=row.minor_zh,
            minor_en=row.minor_en,
        )
    conditions: dict[str, Condition] = {}
    condition_ids: dict[str, int] = {}
    for row in (await session.execute(select(ConditionRow))).scalars():
        code = codes.get(row.category_id)
        if code is None or row.id is None:
            continue
        condition = Condition(
            category_code=code,
            number=row.number,
            condition_zh=row.condition_zh,
            condition_en=row.condition_en,
            closing_zh=row.closing_zh,
            closing_en=row.closing_en,
            limit=Limit(row.limit_value, row.limit_unit),
            milestones=tuple(Milestone.from_json(one) for one in row.milestones),
            after_photo=row.needs_after_photo,
            self_fix=row.may_self_fix,
        )
        conditions[condition.code], condition_ids[condition.code] = condition, row.id
    return Catalogue(categories, conditions), category_ids, condition_ids


async def _rules(session: ReadSession, units: Mapping[int, UnitFacts]) -> list[DispatchRule]:
    rows = (await session.execute(select(DispatchRuleRow).where(col(DispatchRuleRow.is_active)))).scalars()
    return [
        DispatchRule(
            id=row.id,
            category=row.category_prefix,
            lead_unit=units[row.unit_id].code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            condition=row.condition_number,
            grid_prefix=row.grid_prefix,
            source=row.source,
            helping_units=tuple(row.helping_units),
            limit=Limit(row.limit_value, row.limit_unit) if row.limit_value and row.limit_unit else None,
            priority=row.priority,
            order=row.order,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        for row in rows
        # A rule whose unit was closed down must not win: the next rule or the fallback takes over.
        if units[row.unit_id].is_active
    ]


async def _calendars(session: ReadSession) -> dict[str, WorkCalendar]:
    days: dict[str, list[CalendarDay]] = {}
    for row in (await session.execute(select(CalendarDayRow))).scalars():
        ranges = tuple((first, last) for first, last in row.ranges)
        days.setdefault(row.calendar_code, []).append(
            CalendarDay(row.on, row.kind, ranges, row.name_zh, row.name_en)
        )
    return {
        row.code: WorkCalendar(
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            time_zone=row.time_zone,
            weekly=[tuple((first, last) for first, last in day) for day in row.weekly],
            exceptions=days.get(row.code, []),
            first_on=row.first_on,
            last_on=row.last_on,
            working_day_minutes=row.working_day_minutes,
        )
        for row in (await session.execute(select(Calendar))).scalars()
    }
