"""Storing reference data: the same again changes nothing, and what can't be meant is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from api.db import Database, WriteSession
from api.domain.catalogue import Catalogue, CatalogueProblem, CatalogueRefused
from api.domain.dispatch_changes import RuleSet, RulesRefused
from api.domain.errors import FieldWrong
from api.models import Calendar, CalendarDay, CalendarVersion, Category, Condition, DispatchRule, Policy, Unit
from api.services import catalogue
from api.services.calendars import store_calendars
from api.services.demo_files import StreetFiles, read_street
from api.services.dispatch_rules import store_rule_set
from api.services.policies import put_policies

SINCE = date(2026, 1, 1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def street() -> StreetFiles:
    return read_street()


@pytest.fixture
async def session(database: Database) -> AsyncIterator[WriteSession]:
    async with database.write() as opened:
        yield opened


async def store(session: WriteSession, street: StreetFiles) -> dict[str, int]:
    """Store all but the grids, which are versioned and can't be stored twice."""
    await store_calendars(session, street.calendars, NOW)
    units = await catalogue.store_units(session, street.units)
    await catalogue.store_catalogue(session, street.catalogue)
    await put_policies(session, street.policies, NOW, None)
    return units


async def rows(session: WriteSession) -> dict[str, int]:
    tables = (Calendar, CalendarDay, CalendarVersion, Unit, Category, Condition, Policy, DispatchRule)
    return {
        table.table_name: (await session.execute(select(func.count()).select_from(table))).scalar_one()
        for table in tables
    }


async def test_storing_the_same_again_changes_nothing(session: WriteSession, street: StreetFiles) -> None:
    units = await store(session, street)
    await catalogue.store_grids(session, street.grids, SINCE, units)
    await store_rule_set(session, RuleSet(street.rules))
    before = await rows(session)
    assert await store(session, street) == units
    await store_rule_set(session, RuleSet(street.rules))
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


async def test_grids_need_their_parents_and_units(session: WriteSession, street: StreetFiles) -> None:
    units = await store(session, street)
    leaf = street.grids[-1]
    with pytest.raises(FieldWrong, match="There is no grid"):
        await catalogue.store_grids(session, [leaf], SINCE, units)
    with pytest.raises(FieldWrong, match="There is no unit"):
        await catalogue.store_grids(session, [replace(leaf, parent=None, unit="nobody")], SINCE, units)


async def test_a_grid_in_force_is_not_stored_a_second_time(
    session: WriteSession, street: StreetFiles
) -> None:
    units = await store(session, street)
    await catalogue.store_grids(session, street.grids, SINCE, units)
    with pytest.raises(IntegrityError, match="uq_grids_code_current"):
        await catalogue.store_grids(session, street.grids, date(2026, 2, 1), units)
    await session.rollback()


async def test_rules_that_tie_or_name_unknown_codes_are_refused_together(
    session: WriteSession, street: StreetFiles
) -> None:
    units = await store(session, street)
    await catalogue.store_grids(session, street.grids, SINCE, units)
    first = street.rules[0]
    tie, stray = replace(first, id="tie", lead_unit="water"), replace(first, id="stray", category="E99")
    with pytest.raises(RulesRefused) as refused:
        await store_rule_set(session, RuleSet((*street.rules, tie, stray)))
    last = len(street.rules)
    assert [(wrong.pointer, wrong.code, wrong.rules) for wrong in refused.value.wrong] == [
        (f"/rules/{last}/order", "tie", (first.id,)),
        (f"/rules/{last + 1}/category", "category_unknown", ()),
    ]
    assert (await rows(session))["dispatch_rules"] == 0


async def test_a_rule_that_is_left_out_is_switched_off(session: WriteSession, street: StreetFiles) -> None:
    units = await store(session, street)
    await catalogue.store_grids(session, street.grids, SINCE, units)
    await store_rule_set(session, RuleSet(street.rules))
    await store_rule_set(session, RuleSet(street.rules[1:]))
    off = select(col(DispatchRule.id)).where(~col(DispatchRule.is_active))
    assert list((await session.execute(off)).scalars()) == [street.rules[0].id]


async def test_a_catalogue_with_problems_is_not_stored(session: WriteSession, street: StreetFiles) -> None:
    problem = CatalogueProblem(7, "limit_value", "number_wrong", "Not a number.")
    broken = Catalogue(street.catalogue.categories, street.catalogue.conditions, (problem,))
    with pytest.raises(CatalogueRefused):
        await catalogue.store_catalogue(session, broken)
