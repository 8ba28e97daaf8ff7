"""Storing grids: all that the file says in one transaction, with the clock wrong or right."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from api.db import Database, WriteSession
from api.domain.grid_drafts import GridDraft
from api.domain.grid_files import GridFile
from api.domain.grids import GridLevel
from api.domain.imports import ImportRefused
from api.models import Grid, ReferenceVersion, Unit
from api.queries.grid_versions import load_known_grids
from api.services import catalogue
from api.services.calendars import store_calendars
from api.services.demo_files import read_street
from api.services.grids import GridPlan, grid_ids, import_grids

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STREET = read_street()
GRID = STREET.grids[-1]


@pytest.fixture
async def session(database: Database) -> AsyncIterator[WriteSession]:
    async with database.write() as opened:
        await store_calendars(opened, STREET.calendars, NOW)
        await catalogue.store_units(opened, STREET.units)
        yield opened


async def store(
    session: WriteSession, *drafts: GridDraft, now: datetime = NOW, is_complete: bool = False
) -> GridPlan:
    return await import_grids(
        session, GridFile(drafts), is_complete=is_complete, now=now, today=now.date(), by_id=None
    )


async def versions(session: WriteSession, code: str) -> list[Grid]:
    chosen = select(Grid).where(col(Grid.code) == code).order_by(col(Grid.version))
    return list((await session.execute(chosen.execution_options(populate_existing=True))).scalars())


async def test_a_street_comes_whole_with_its_parents_in_place(session: WriteSession) -> None:
    await store(session, *STREET.grids)
    ids = await grid_ids(session)
    assert ids.keys() == {grid.code for grid in STREET.grids}
    rows = (await session.execute(select(col(Grid.code), col(Grid.parent_id)))).all()
    parents = {grid.code: grid.parent for grid in STREET.grids}
    assert {row[0]: row[1] for row in rows} == {
        code: ids[parent] if parent else None for code, parent in parents.items()
    }


async def test_the_order_of_the_file_does_not_matter(session: WriteSession) -> None:
    await store(session, *reversed(STREET.grids))
    assert (await store(session, *STREET.grids)).change.is_empty


async def test_nothing_is_written_where_nothing_changes(session: WriteSession) -> None:
    await store(session, *STREET.grids)
    version = select(col(ReferenceVersion.version))
    before = (await session.execute(version)).scalar_one()
    await store(session, *STREET.grids, now=NOW + timedelta(days=1), is_complete=True)
    assert (await session.execute(version)).scalar_one() == before


async def test_a_grid_without_its_parent_is_refused(session: WriteSession) -> None:
    await store(
        session, *(grid for grid in STREET.grids if grid.level in {GridLevel.CITY, GridLevel.DISTRICT})
    )
    with pytest.raises(ImportRefused) as refused:
        await store(session, GRID)
    assert [finding.code for finding in refused.value.findings if not finding.is_warning] == [
        "grid_parent_missing"
    ]


async def test_several_corrections_within_one_instant_are_so_many_versions(session: WriteSession) -> None:
    await store(session, *STREET.grids)
    for name in ("甲", "乙", "丙"):
        await store(session, replace(GRID, name_zh=name))
    found = await versions(session, GRID.code)
    assert [(one.version, one.name_zh) for one in found] == [
        (1, GRID.name_zh),
        (2, "甲"),
        (3, "乙"),
        (4, "丙"),
    ]
    for before, after in pairwise(found):
        assert before.valid_to == after.valid_from
        assert before.valid_to is not None
        assert before.valid_to > before.valid_from


async def test_a_clock_that_was_set_back_makes_no_version_that_begins_before_the_last(
    session: WriteSession,
) -> None:
    await store(session, *STREET.grids)
    await store(session, replace(GRID, name_zh="甲"), now=NOW - timedelta(days=1))
    first, second = await versions(session, GRID.code)
    assert first.valid_from < second.valid_from
    assert first.valid_to == second.valid_from


async def test_children_follow_each_version_of_their_parent(session: WriteSession) -> None:
    await store(session, *STREET.grids)
    community = next(grid for grid in STREET.grids if grid.code == GRID.parent)
    await store(session, replace(community, name_zh="新名"))
    _, present = await versions(session, community.code)
    children = select(func.count()).select_from(Grid).where(col(Grid.parent_id) == present.id)
    assert (await session.execute(children)).scalar_one() == sum(
        grid.parent == community.code for grid in STREET.grids
    )
    assert len(await versions(session, GRID.code)) == 1


async def test_nothing_of_a_refused_file_is_there(session: WriteSession) -> None:
    with pytest.raises(ImportRefused):
        await store(session, *STREET.grids[:-1], replace(GRID, unit="navy"))
    assert await grid_ids(session) == {}


async def test_a_city_may_begin_with_one_street_and_get_its_district_later(session: WriteSession) -> None:
    above = [grid for grid in STREET.grids if len(grid.code) < 9]
    below = [grid for grid in STREET.grids if len(grid.code) >= 9]
    await store(session, *below)
    assert (await store(session, *below)).change.is_empty
    plan = await store(session, *above, *below)
    assert [one.fields for one in plan.change.changed] == [("parent",)]
    assert (await store(session, *STREET.grids, is_complete=True)).change.is_empty


async def test_a_process_reads_the_grids_again_only_after_a_write_to_them(database: Database) -> None:
    async with database.write() as session:
        await store_calendars(session, STREET.calendars, NOW)
        await catalogue.store_units(session, STREET.units)
        await store(session, *STREET.grids)
    async with database.snapshot() as session:
        first = await load_known_grids(session)
    async with database.write() as session:
        await session.execute(update(Unit).values(name_en="Renamed"))
    async with database.snapshot() as session:
        assert await load_known_grids(session, first) is first
    async with database.write() as session:
        # By hand, past every version: even that is seen.
        await session.execute(update(Grid).where(col(Grid.code) == GRID.code).values(name_zh="手改"))
    async with database.snapshot() as session:
        second = await load_known_grids(session, first)
    assert second.in_force[GRID.code].name_zh == "手改"
    assert second.in_force.keys() == first.in_force.keys()
