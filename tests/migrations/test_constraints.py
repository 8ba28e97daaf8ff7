"""What the database itself refuses, whoever asks: values outside enums, changes of history, unnoticed rules."""

import re
from enum import StrEnum
from uuid import uuid4

import pytest
from sqlalchemy import Enum, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from api.db import Database
from api.models import metadata
from tests.conftest import House
from tests.http.walking import report

ENUM_COLUMNS = [
    (table.name, column.name, column.type)
    for table in metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, Enum)
]

REFERENCE_TABLES = {
    "areas": "UPDATE areas SET name_en = name_en",
    "calendars": "UPDATE calendars SET name_en = name_en",
    "calendar_days": "UPDATE calendar_days SET name_en = name_en",
    "categories": "UPDATE categories SET minor_en = minor_en",
    "conditions": "UPDATE conditions SET condition_en = condition_en",
    "dispatch_rules": "UPDATE dispatch_rules SET name_en = name_en",
    "grids": "UPDATE grids SET name_en = name_en",
    "place_types": "UPDATE place_types SET name_en = name_en",
    "places": "UPDATE places SET name_en = name_en",
    "policies": "UPDATE policies SET value = value",
    "units": "UPDATE units SET name_en = name_en",
}


async def checked_values(database: Database, table: str, column: str) -> set[str]:
    """Return the values that the CHECK constraint of an enum column allows, as the database has it."""
    statement = text(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = CAST(:table AS regclass) AND contype = 'c'"
        " AND conkey = ARRAY[(SELECT attnum FROM pg_attribute WHERE attrelid = conrelid AND attname = :column)]"
    )
    async with database.read() as session:
        definitions = (await session.execute(statement, {"table": table, "column": column})).scalars().all()
    listing = [definition for definition in definitions if "ANY" in definition or "=" in definition]
    assert len(listing) == 1, f"{table}.{column} has {len(listing)} lists of values"
    return set(re.findall(r"'([^']*)'", listing[0]))


async def test_every_enum_column_takes_exactly_the_values_of_its_enum(database: Database) -> None:
    assert ENUM_COLUMNS
    for table, column, kind in ENUM_COLUMNS:
        enum = kind.enum_class
        assert enum is not None
        assert issubclass(enum, StrEnum)
        assert await checked_values(database, table, column) == {member.value for member in enum}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticket_events SET note = 'never happened'",
        "DELETE FROM ticket_events",
        "TRUNCATE ticket_events",
        "TRUNCATE tickets CASCADE",
        "DELETE FROM tickets",
    ],
)
async def test_the_history_of_a_ticket_is_never_changed(house: House, statement: str) -> None:
    await report(house)
    with pytest.raises(DBAPIError, match=r"never changed|violates foreign key"):
        async with house.database.write() as session:
            await session.execute(text(statement))


async def test_two_events_of_a_ticket_can_not_have_one_number(house: House) -> None:
    await report(house)
    again = (
        "INSERT INTO ticket_events (ticket_id, seq, action, to_state, actor_role, at, note, photo_ids, facts,"
        " previous_sha256, sha256) SELECT ticket_id, seq, action, to_state, actor_role, at, note, photo_ids,"
        " facts, previous_sha256, sha256 FROM ticket_events"
    )
    with pytest.raises(IntegrityError, match="uq_ticket_events_ticket_id_seq"):
        async with house.database.write() as session:
            await session.execute(text(again))


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ("UPDATE tickets SET unit_id = NULL", "ck_tickets_has_unit"),
        ("UPDATE tickets SET state = 'closed'", "ck_tickets_closed_has_time"),
        ("UPDATE tickets SET state = 'asleep'", "ck_tickets_state"),
        ("UPDATE tickets SET version = 0", "ck_tickets_version"),
        (
            "UPDATE tickets SET fixed_by_id = reporter_id, checked_by_id = reporter_id",
            "ck_tickets_checker_is_not_fixer",
        ),
        (
            "UPDATE ticket_clocks SET stopped_at = started_at - interval '1 second'",
            "ck_ticket_clocks_stops_after_start",
        ),
        (
            """INSERT INTO ticket_clocks (ticket_id, clock, cycle, extensions, started_at, started_by, milestones)
            SELECT ticket_id, clock, cycle + 1, 0, started_at, started_by, '[]' FROM ticket_clocks
            WHERE stopped_at IS NULL""",
            "uq_ticket_clocks_running",
        ),
        (
            "INSERT INTO photo_prints (photo_id, phash, sketch) VALUES (gen_random_uuid(), 1, 'short')",
            "ck_photo_prints_sketch",
        ),
        ("UPDATE people SET unit_id = NULL WHERE role = 'unit_lead'", "ck_people_unit_role_has_unit"),
        ("UPDATE tickets SET task_assignee_id = reporter_id", "ck_tickets_task_of_assignee"),
        ("UPDATE tickets SET task_id = id", "ck_tickets_task_has_kind"),
        (
            """INSERT INTO tasks (id, duty_id, ticket_id, kind, state, attempt, made_at, starts_at, choice, reason)
            SELECT gen_random_uuid(), id, id, 'check', 'open', n, updated_at, updated_at, '{}', ''
            FROM tickets, generate_series(1, 2) AS n""",
            "uq_tasks_open",
        ),
        (
            """INSERT INTO tasks (id, duty_id, ticket_id, kind, state, attempt, made_at, starts_at, choice, reason)
            SELECT id, id, id, 'check', 'done', 1, updated_at, updated_at, '{}', '' FROM tickets""",
            "ck_tasks_ended_has_time|ck_tasks_done_has_answer",
        ),
        (
            """INSERT INTO tickets
            SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).* FROM tickets t""",
            "uq_tickets_number",
        ),
    ],
)
async def test_what_must_not_be_is_refused_by_the_database(house: House, wrong: str, constraint: str) -> None:
    await report(house)
    with pytest.raises(IntegrityError, match=constraint):
        async with house.database.write() as session:
            await session.execute(text(wrong))


async def version_of(database: Database) -> int:
    """Return the version of the reference data."""
    async with database.read() as session:
        return (await session.execute(text("SELECT version FROM reference_version"))).scalar_one()


async def test_a_change_of_any_reference_table_raises_the_version(house: House) -> None:
    for table, change in REFERENCE_TABLES.items():
        before = await version_of(house.database)
        async with house.database.write() as session:
            await session.execute(text(change))
        assert await version_of(house.database) == before + 1, table


async def test_every_table_that_the_snapshot_reads_raises_the_version(house: House) -> None:
    statement = text(
        "SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
        " WHERE proname = 'raise_reference_version'"
    )
    async with house.database.read() as session:
        assert set((await session.execute(statement)).scalars()) == REFERENCE_TABLES.keys()


async def test_a_person_may_be_changed_without_a_new_version_of_the_rules(house: House) -> None:
    before = await version_of(house.database)
    async with house.database.write() as session:
        await session.execute(
            text("UPDATE people SET phone = phone WHERE id <> :nobody"), {"nobody": uuid4()}
        )
    assert await version_of(house.database) == before
