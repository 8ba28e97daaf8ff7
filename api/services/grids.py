"""Store grids (网格) as a file has them: whole or not at all, with a version for each change of each code.

Look first (`plan_import`), then store (`store_plan`), both under one lock; a preview only looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from anyio import to_thread
from geoalchemy2.shape import from_shape
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.grid_changes import GridChange, compare_grids, reused_codes
from api.domain.grid_checks import GridFault, GridReport, check_grids
from api.domain.grid_drafts import GridDraft
from api.domain.grid_files import GridFile, InvalidGrid, fault_feature, invalid_feature
from api.domain.grid_warnings import left_behind, moved_away, short_of_people
from api.domain.grids import GridLevel
from api.domain.imports import Finding, Imported, require_no_fault
from api.domain.policies import Policies
from api.models import Grid, metadata
from api.queries.dispatch_rules import StoredUnit, find_units
from api.queries.geometry import EPSG_WGS84
from api.queries.grid_dependents import count_open_tickets, find_people_on_grids, find_rules_for_grids
from api.queries.grid_versions import StoredGrid, find_ended_grids, find_grids_in_force, lock_grids
from api.queries.policies import load_policies
from api.services.kept_changes import keep_changes

_GRIDS = metadata.tables["grids"]
_NEXT_ID = func.nextval("grids_id_seq")
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class GridPlan:
    """What a file would do, and all that was found on the way; nothing is stored yet."""

    change: GridChange
    findings: tuple[Finding, ...]
    faults: tuple[GridFault, ...]
    """Where grids don't fit together, for a map."""
    in_force: Mapping[str, StoredGrid]
    ended: Mapping[str, StoredGrid]
    """Codes that had ended and come back."""
    units: Mapping[str, StoredUnit]
    invalid: tuple[InvalidGrid, ...]

    def faults_drawn(self) -> list[dict[str, Any]]:
        """Return every place where something is wrong as a GeoJSON feature."""
        return [*map(fault_feature, self.faults), *map(invalid_feature, self.invalid)]

    def imported(self, *, is_preview: bool) -> Imported:
        """Return what every import tells."""
        return Imported(self.change.told, self.findings, is_preview=is_preview)


async def import_grids(
    session: WriteSession,
    file: GridFile,
    *,
    is_complete: bool,
    now: datetime,
    today: date,
    by_id: UUID | None,
    allow_gaps: bool = False,
) -> GridPlan:
    """Store the grids of a file; raises ImportRefused with all that stands against it.

    What it lacks stays in force, or ends where the file `is_complete`. `by_id` None: the command line.
    """
    await lock_grids(session)
    plan = await plan_import(session, file, is_complete=is_complete, today=today, allow_gaps=allow_gaps)
    await store_plan(session, plan, now=now, by_id=by_id)
    return plan


async def plan_import(
    session: ReadSession, file: GridFile, *, is_complete: bool, today: date, allow_gaps: bool = False
) -> GridPlan:
    """Say what a file would do, with everything that is wrong or odd in it; faults don't raise here.

    The check goes over all grids that would be in force, in a thread: ten thousand take seconds.
    """
    in_force = await find_grids_in_force(session)
    policies = await load_policies(session)
    change, report = await to_thread.run_sync(_examine, file, in_force, policies, is_complete, allow_gaps)
    ended = await find_ended_grids(session, [grid.code for grid in change.added])
    reused = reused_codes(change.added, {code: one.draft for code, one in ended.items()})
    units = await find_units(session)
    people = await find_people_on_grids(session, today)
    left = left_behind(
        change,
        people,
        await find_rules_for_grids(session),
        await count_open_tickets(session, change.ended_codes),
    )
    few = short_of_people(change.after, people, policies.officers_per_grid_min) if not change.is_empty else ()
    findings = (
        *file.findings,
        *reused,
        *_unknown_units(change, units),
        *report.findings,
        *moved_away(change),
        *left,
        *few,
    )
    return GridPlan(change, findings, report.faults, in_force, ended, units, file.invalid)


async def store_plan(session: WriteSession, plan: GridPlan, *, now: datetime, by_id: UUID | None) -> None:
    """Store what was planned since `lock_grids`; raises ImportRefused when something stands against it.

    New versions begin at `now`; where a clock was set back, just after the newest that is stored.
    """
    require_no_fault(plan.findings)
    change = plan.change
    if change.is_empty:
        return
    known = [*plan.in_force.values(), *plan.ended.values()]
    begins_at = max([now, *(stored.valid_from + _TICK for stored in known)])
    await _end(session, plan, begins_at)
    await _begin(session, plan, begins_at)
    await _adopt(session)
    versions = {stored.draft.code: stored.version for stored in known}
    await keep_changes(session, list(change.kept(versions)), by_id, now)


async def grid_ids(session: ReadSession) -> dict[str, int]:
    """Return the row ids of the grids in force by code."""
    rows = await session.execute(select(col(Grid.code), col(Grid.id)).where(col(Grid.valid_to).is_(None)))
    return {code: row_id for code, row_id in rows if row_id is not None}


def _examine(
    file: GridFile,
    in_force: Mapping[str, StoredGrid],
    policies: Policies,
    is_complete: bool,  # noqa: FBT001  a thread is handed its arguments by place
    allow_gaps: bool,  # noqa: FBT001  the same
) -> tuple[GridChange, GridReport]:
    change = compare_grids(
        {code: stored.draft for code, stored in in_force.items()},
        file.drafts,
        is_complete=is_complete,
        sliver_m2=policies.grid_sliver_m2,
        has_units=file.has_units,
    )
    sliver_m2 = policies.grid_sliver_m2
    return change, check_grids(change.after.values(), sliver_m2, change.codes, allow_gaps=allow_gaps)


def _unknown_units(change: GridChange, units: Mapping[str, StoredUnit]) -> list[Finding]:
    named = [*change.added, *(one.after for one in change.changed if "unit" in one.fields)]
    return [
        Finding(
            "unit_unknown",
            f"There is no unit {grid.unit!r} at work.",
            line=grid.number,
            column="unit",
            key=grid.code,
        )
        for grid in named
        if grid.unit is not None and not (grid.unit in units and units[grid.unit].is_active)
    ]


async def _end(session: WriteSession, plan: GridPlan, at: datetime) -> None:
    """End the versions in force of all codes that change or end."""
    changed = [plan.in_force[one.after.code].id for one in plan.change.changed]
    if changed:
        await session.execute(update(Grid).where(col(Grid.id).in_(changed)).values(valid_to=at))
    if plan.change.ended:
        statement = (
            update(_GRIDS)
            .where(_GRIDS.c.id == bindparam("row_id"))
            .values(valid_to=at, replaced_by=bindparam("heirs"))
        )
        rows = [
            {"row_id": plan.in_force[one.before.code].id, "heirs": list(one.replaced_by)}
            for one in plan.change.ended
        ]
        await session.execute(statement, rows)


async def _begin(session: WriteSession, plan: GridPlan, at: datetime) -> None:
    """Insert the new versions, from the widest level down: each parent has its id before its children need it."""
    ids = {code: stored.id for code, stored in plan.in_force.items()}
    begun = [*plan.change.added, *(one.after for one in plan.change.changed)]
    # Drawn beforehand: rows whose ids are to be told go in by a few huge statements, which takes far longer.
    drawn = select(_NEXT_ID).select_from(func.generate_series(1, len(begun)))
    new_ids = dict(zip((grid.code for grid in begun), (await session.execute(drawn)).scalars(), strict=True))
    for level in GridLevel:
        rows = [
            {"id": new_ids[grid.code], **_row(grid, plan, ids, at)} for grid in begun if grid.level is level
        ]
        if rows:
            await session.execute(insert(_GRIDS), rows)
            ids.update({row["code"]: row["id"] for row in rows})


async def _adopt(session: WriteSession) -> None:
    """Put the grids whose parent has a new version into that one."""
    before, present = aliased(Grid), aliased(Grid)
    await session.execute(
        update(Grid)
        .where(
            col(Grid.valid_to).is_(None),
            col(Grid.parent_id) == col(before.id),
            col(before.valid_to).is_not(None),
            col(present.code) == col(before.code),
            col(present.valid_to).is_(None),
        )
        .values(parent_id=col(present.id))
        .execution_options(synchronize_session=False)
    )


def _row(grid: GridDraft, plan: GridPlan, ids: Mapping[str, int], at: datetime) -> dict[str, Any]:
    before = plan.in_force.get(grid.code) or plan.ended.get(grid.code)
    return {
        "code": grid.code,
        "level": grid.level,
        "name_zh": grid.name_zh,
        "name_en": grid.name_en,
        "parent_id": ids[grid.parent] if grid.parent is not None else None,
        "unit_id": plan.units[grid.unit].id if grid.unit is not None else None,
        "geometry": from_shape(grid.shape, srid=EPSG_WGS84),
        "valid_from": at,
        "valid_to": None,
        "version": before.version + 1 if before else 1,
        "replaced_by": [],
    }
