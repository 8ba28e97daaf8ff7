"""Load the reference data, and keep one snapshot of it per process."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from api.db import Database, ReadSession
from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.dispatch import RuleIndex
from api.domain.dispatch_rules import DispatchRule
from api.domain.reference import Reference, UnitFacts
from api.models import DispatchRule as DispatchRuleRow
from api.models import ReferenceVersion
from api.queries.areas import load_areas
from api.queries.calendars import load_calendars
from api.queries.classes import load_classes
from api.queries.dispatch_rules import rule_from_row
from api.queries.grid_versions import KnownGrids, load_known_grids
from api.queries.places import load_place_types, load_places, load_signed_by_units
from api.queries.policies import load_policies
from api.queries.units import load_units


class ReferenceCache:
    """The process's snapshot; asked with the version that a request saw, it is never older than the request."""

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        """Load from this database; `zone` is the city's, by whose clock dispatch rules name hours."""
        self._database = database
        self._zone = zone
        self._loading = asyncio.Lock()
        self._snapshot: Reference | None = None
        self._grids: KnownGrids | None = None

    async def at(self, version: int) -> Reference:
        """Return a snapshot of this version or a newer one, loading it when the kept one is older."""
        if self._snapshot is None or self._snapshot.version < version:
            async with self._loading:
                # Whoever waited for the lock finds the work done.
                if self._snapshot is None or self._snapshot.version < version:
                    async with self._database.snapshot() as session:
                        self._grids = await load_known_grids(session, self._grids)
                        self._snapshot = await load_reference(session, self._zone, self._grids)
        return self._snapshot


async def reference_version(session: ReadSession) -> int:
    """Return the present version of the reference data."""
    return (await session.execute(select(col(ReferenceVersion.version)))).scalar_one()


async def load_reference(session: ReadSession, zone: ZoneInfo, known: KnownGrids | None = None) -> Reference:
    """Read everything at one moment (the session's transaction must be repeatable-read); `zone` is the city's.

    `known` are the grids where the caller has read them in this transaction already.
    """
    version = await reference_version(session)
    units = await load_units(session)
    grids = known or await load_known_grids(session)
    classes = await _classes(session)
    calendars = await load_calendars(session)
    return Reference(
        version=version,
        catalogue=classes.in_force(),
        category_ids={classes.categories[row_id].code: row_id for row_id in classes.in_force_ids},
        known_categories=classes.categories,
        known_conditions=classes.conditions,
        condition_ids=classes.condition_ids,
        retired_condition_ids=classes.retired_condition_ids,
        units=units,
        grids=grids.in_force,
        ended_grids=grids.ended,
        grid_index=grids.index,
        rules=RuleIndex(await _rules(session, units), zone),
        calendars={code: stored.calendar for code, stored in calendars.items()},
        calendar_versions={code: stored.version for code, stored in calendars.items()},
        policies=await load_policies(session),
        areas=await load_areas(session),
        place_types=await load_place_types(session),
        places=await load_places(session),
        agreements=await load_signed_by_units(session),
    )


@dataclass(frozen=True, slots=True)
class _Classes:
    """All classes that ever were, by row id; those in force in the order of their codes."""

    categories: dict[int, Category]
    in_force_ids: list[int]
    conditions: dict[int, Condition]
    condition_ids: dict[tuple[int, int], int]
    retired_condition_ids: frozenset[int]

    def in_force(self) -> Catalogue:
        """Return what can be reported today."""
        categories = [self.categories[row_id] for row_id in self.in_force_ids]
        in_force = set(self.in_force_ids)
        conditions = [
            self.conditions[row_id]
            for (category_id, _), row_id in self.condition_ids.items()
            if category_id in in_force and row_id not in self.retired_condition_ids
        ]
        return Catalogue({one.code: one for one in categories}, {one.code: one for one in conditions})


async def _classes(session: ReadSession) -> _Classes:
    stored = await load_classes(session)
    return _Classes(
        categories={one.id: one.state.category for one in stored},
        in_force_ids=[one.id for one in stored if one.state.is_active],
        conditions={
            row_id: one.state.conditions[number]
            for one in stored
            for number, row_id in one.condition_ids.items()
        },
        condition_ids={
            (one.id, number): row_id for one in stored for number, row_id in one.condition_ids.items()
        },
        retired_condition_ids=frozenset(
            one.condition_ids[number] for one in stored for number in one.state.retired
        ),
    )


async def _rules(session: ReadSession, units: Mapping[int, UnitFacts]) -> list[DispatchRule]:
    # Columns rather than entities: thousands of rules are read again after every change of one.
    columns: tuple[Any, ...] = tuple(getattr(DispatchRuleRow, name) for name in DispatchRuleRow.model_fields)
    rows: list[Any] = list(await session.execute(select(*columns).where(col(DispatchRuleRow.is_active))))
    return [
        rule_from_row(row, units[row.unit_id].code)
        for row in rows
        # A rule whose unit was closed down must not win: the next rule or the fallback takes over.
        if units[row.unit_id].is_active
    ]
