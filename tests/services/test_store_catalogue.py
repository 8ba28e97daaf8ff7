"""Storing reference data: the same again changes nothing, and what can't be meant is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from api.db import Database, WriteSession
from api.domain.catalogue import Catalogue, CatalogueProblem, CatalogueRefused
from api.domain.dispatch_changes import RuleSet, RulesRefused
from api.domain.errors import FieldWrong
from api.domain.grid_files import GridFile
from api.models import (
    Calendar,
    CalendarDay,
    CalendarVersion,
    CatalogueVersion,
    Category,
    Condition,
    DispatchRule,
    Policy,
    Unit,
)
from api.services import catalogue
from api.services.calendars import store_calendars
from api.services.classes import CatalogueEditor, store_catalogue
from api.services.demo_files import StreetFiles, read_street
from api.services.dispatch_rules import Editor, store_rule_set
from api.services.grids import import_grids
from api.services.policies import put_policies

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BY = Editor(None, NOW, ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def street() -> StreetFiles:
    return read_street()


@pytest.fixture
async def session(database: Database) -> AsyncIterator[WriteSession]:
    async with database.write() as opened:
        yield opened


async def store(session: WriteSession, street: StreetFiles) -> dict[str, int]:
    """Store all but grids and rules, which have tests of their own."""
    await store_calendars(session, street.calendars, NOW)
    units = await catalogue.store_units(session, street.units)
    await store_catalogue(session, street.catalogue, CatalogueEditor(None, NOW, "classes.csv"))
    await put_policies(session, street.policies, NOW, None)
    return units


async def store_grids(session: WriteSession, street: StreetFiles) -> None:
    file = GridFile(street.grids)
    await import_grids(session, file, is_complete=True, now=NOW, today=NOW.date(), by_id=None)


async def rows(session: WriteSession) -> dict[str, int]:
    tables = (
        Calendar,
        CalendarDay,
        CalendarVersion,
        CatalogueVersion,
        Unit,
        Category,
        Condition,
        Policy,
        DispatchRule,
    )
    return {
        table.table_name: (await session.execute(select(func.count()).select_from(table))).scalar_one()
        for table in tables
    }


async def test_storing_the_same_again_changes_nothing(session: WriteSession, street: StreetFiles) -> None:
    units = await store(session, street)
    await store_grids(session, street)
    await store_rule_set(session, RuleSet(street.rules), BY)
    before = await rows(session)
    assert await store(session, street) == units
    await store_rule_set(session, RuleSet(street.rules), BY)
    assert await rows(session) == before


async def test_a_unit_keeps_its_id_when_it_gets_another_name(
    session: WriteSession, street: StreetFiles
) -> None:
    before = await store(session, street)
    renamed = [replace(unit, name_en="New name") for unit in street.units if unit.code == "water"]
    assert await catalogue.store_units(session, renamed) == before
    name = select(col(Unit.name_en)).where(col(Unit.code) == "water")
    assert (await session.execute(name)).scalar_one() == "New name"


async def test_a_unit_below_an_unknown_one_is_refused(session: WriteSession, street: StreetFiles) -> None:
    await store_calendars(session, street.calendars, NOW)
    with pytest.raises(FieldWrong, match="There is no unit 'nobody'") as refused:
        await catalogue.store_units(session, [replace(street.units[0], parent="nobody")])
    assert (refused.value.pointer, refused.value.field_code) == ("/units/0/parent", "unit_unknown")
    await session.rollback()


async def test_rules_that_tie_or_name_unknown_codes_are_refused_together(
    session: WriteSession, street: StreetFiles
) -> None:
    await store(session, street)
    await store_grids(session, street)
    first = street.rules[0]
    tie, stray = replace(first, id="tie", lead_unit="water"), replace(first, id="stray", category="E99")
    with pytest.raises(RulesRefused) as refused:
        await store_rule_set(session, RuleSet((*street.rules, tie, stray)), BY)
    last = len(street.rules)
    assert [(wrong.pointer, wrong.code, wrong.rules) for wrong in refused.value.wrong] == [
        (f"/rules/{last}/order", "tie", (first.id,)),
        (f"/rules/{last + 1}/category", "category_unknown", ()),
    ]
    assert (await rows(session))["dispatch_rules"] == 0


async def test_a_rule_that_is_left_out_is_switched_off(session: WriteSession, street: StreetFiles) -> None:
    await store(session, street)
    await store_grids(session, street)
    await store_rule_set(session, RuleSet(street.rules), BY)
    await store_rule_set(session, RuleSet(street.rules[1:]), BY)
    off = select(col(DispatchRule.id)).where(~col(DispatchRule.is_active))
    assert list((await session.execute(off)).scalars()) == [street.rules[0].id]


async def test_a_catalogue_with_problems_is_not_stored(session: WriteSession, street: StreetFiles) -> None:
    problem = CatalogueProblem(7, "limit_value", "number_wrong", "Not a number.")
    broken = Catalogue(street.catalogue.categories, street.catalogue.conditions, (problem,))
    with pytest.raises(CatalogueRefused):
        await store_catalogue(session, broken, CatalogueEditor(None, NOW))
