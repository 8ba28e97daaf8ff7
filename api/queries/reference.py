"""Load the reference data, and keep one snapshot of it per process."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from geoalchemy2.shape import to_shape
from sqlalchemy import select
from sqlmodel import col

from api.db import Database, ReadSession
from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.category_codes import Kind
from api.domain.deadlines import Milestone
from api.domain.dispatch import RuleIndex
from api.domain.dispatch_rules import DispatchRule
from api.domain.grids import GridIndex
from api.domain.limits import Limit
from api.domain.reference import GridFacts, Reference, UnitFacts
from api.models import Category as CategoryRow
from api.models import Condition as ConditionRow
from api.models import DispatchRule as DispatchRuleRow
from api.models import Grid, ReferenceVersion
from api.queries.calendars import load_calendars
from api.queries.dispatch_rules import rule_from_row
from api.queries.policies import load_policies
from api.queries.units import load_units


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
    units = await load_units(session)
    grids, grid_index = await _grids(session)
    classes = await _classes(session)
    calendars = await load_calendars(session)
    return Reference(
        version=version,
        catalogue=classes.in_force(),
        category_ids={classes.categories[row_id].code: row_id for row_id in classes.in_force_ids},
        known_categories=classes.categories,
        known_conditions=classes.conditions,
        condition_ids=classes.condition_ids,
        units=units,
        grids=grids,
        grid_index=grid_index,
        rules=RuleIndex(await _rules(session, units)),
        calendars={code: stored.calendar for code, stored in calendars.items()},
        calendar_versions={code: stored.version for code, stored in calendars.items()},
        policies=await load_policies(session),
    )


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


@dataclass(frozen=True, slots=True)
class _Classes:
    """All classes that ever were, by row id; those in force in the order of their codes."""

    categories: dict[int, Category]
    in_force_ids: list[int]
    conditions: dict[int, Condition]
    condition_ids: dict[tuple[int, int], int]

    def in_force(self) -> Catalogue:
        """Return what can be reported today."""
        categories = [self.categories[row_id] for row_id in self.in_force_ids]
        in_force = set(self.in_force_ids)
        conditions = [
            self.conditions[row_id]
            for (category_id, _), row_id in self.condition_ids.items()
            if category_id in in_force
        ]
        return Catalogue({one.code: one for one in categories}, {one.code: one for one in conditions})


async def _classes(session: ReadSession) -> _Classes:
    categories: dict[int, Category] = {}
    in_force: list[int] = []
    for row in (await session.execute(select(CategoryRow).order_by(col(CategoryRow.code)))).scalars():
        assert row.id is not None  # noqa: S101  a stored row has its id
        categories[row.id] = Category(
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
        if row.is_active:
            in_force.append(row.id)
    conditions: dict[int, Condition] = {}
    condition_ids: dict[tuple[int, int], int] = {}
    for row in (await session.execute(select(ConditionRow).order_by(col(ConditionRow.id)))).scalars():
        assert row.id is not None  # noqa: S101  a stored row has its id
        condition_ids[row.category_id, row.number] = row.id
        conditions[row.id] = Condition(
            category_code=categories[row.category_id].code,
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
    return _Classes(categories, in_force, conditions, condition_ids)


async def _rules(session: ReadSession, units: Mapping[int, UnitFacts]) -> list[DispatchRule]:
    rows = (await session.execute(select(DispatchRuleRow).where(col(DispatchRuleRow.is_active)))).scalars()
    return [
        rule_from_row(row, units[row.unit_id].code)
        for row in rows
        # A rule whose unit was closed down must not win: the next rule or the fallback takes over.
        if units[row.unit_id].is_active
    ]
