"""How the database finds what is asked for: by indexes, however many tickets have piled up."""

import json
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from api.app import create_app
from api.db import Database
from api.deps import request_time
from api.queries.positions import last_positions
from api.services.escalations import escalate_overdue
from api.services.notices import raise_notices
from api.services.resumption import resume_suspended
from api.settings import Settings
from tests.conftest import House, Server, TurnedClock
from tests.http.walking import stall
from tests.sweeping import Sweep, rules_of

TICKETS, OPEN = 20_000, 1_000

MANY = """
INSERT INTO tickets (
    id, number, state, version, category_id, category_code, condition_id, grid_id, grid_code, unit_id,
    reporter_id, source, priority, place, address, description, observed_at, reported_at, filed_at,
    dispatched_at, closed_at, checked_at, updated_at, due_at, yellow_at, returned_unit_ids, is_pinned,
    extension_count, rework_count, reopen_count, urged_count, supervised_count, escalation_level, is_self_fixed,
    has_appealed, is_exempt, pending_kinds, open_helper_ids, history_count, history_sha256
)
SELECT
    gen_random_uuid(), 'N' || n,
    CASE WHEN n > :open THEN 'closed'
    ELSE (ARRAY['assigned', 'in_progress', 'rectified', 'filed', 'reported'])[1 + n % 5] END,
    3, category.id, category.code, condition.id, grid.id, grid.code, unit.id,
    officer.id, 'officer', 'normal',
    ST_SetSRID(ST_MakePoint(116.39 + random() * 0.03, 39.90 + random() * 0.03), 4326),
    '示范街' || n || '号', '占道经营' || n,
    started, started, started, started,
    CASE WHEN n > :open THEN started + interval '1 hour' END, NULL, started + interval '1 hour',
    started + interval '2 hours', started + interval '1 hour', '{}', false,
    0, 0, 0, 0, 0, 0, false,
    false, false,
    CASE WHEN n % 1000 = 0 THEN ARRAY['appeal'] WHEN n <= :open AND n % 50 = 1 THEN ARRAY['extension']
    ELSE CAST(ARRAY[] AS text[]) END, '{}', 0, repeat('0', 64)
FROM generate_series(1, :tickets) AS n
CROSS JOIN LATERAL (SELECT CAST(:now AS timestamptz) - n * interval '3 minutes' AS started) AS times
CROSS JOIN LATERAL (SELECT id, code FROM categories WHERE n IS NOT NULL ORDER BY id OFFSET n % 100 LIMIT 1) AS category
CROSS JOIN LATERAL (SELECT id FROM conditions WHERE category_id = category.id LIMIT 1) AS condition
CROSS JOIN LATERAL (
    SELECT id, code FROM grids WHERE level = 'unit_grid' AND n IS NOT NULL ORDER BY id OFFSET n / 5 % 105 LIMIT 1
) AS grid
CROSS JOIN LATERAL (SELECT id FROM units WHERE n IS NOT NULL ORDER BY id OFFSET n % 12 LIMIT 1) AS unit
CROSS JOIN LATERAL (
    SELECT id FROM people WHERE role = 'officer' AND n IS NOT NULL ORDER BY id OFFSET n % 32 LIMIT 1
) AS officer
"""
"""A year's tickets of a street, the youngest of them open; a few wait for a decision, closed ones among them."""

CALLS_FOR_HELP = """
INSERT INTO ticket_requests (id, ticket_id, kind, state, made_in, unit_id, reason, asked_at, decided_at, decision)
SELECT
    gen_random_uuid(), tickets.id, 'help', CASE WHEN closed_at IS NULL THEN 'pending' ELSE 'granted' END,
    'assigned', units.id, '', filed_at, closed_at, ''
FROM tickets CROSS JOIN units
WHERE units.code = 'power' AND tickets.unit_id <> units.id AND number LIKE '%3'
"""
"""One unit is called to every tenth ticket, most of them long closed; the others help nobody."""

MERGERS = """
UPDATE tickets SET
    state = 'merged', reporter_id = (SELECT id FROM people WHERE username = 'officer03'),
    merged_into_id = (SELECT id FROM tickets WHERE number = 'N1')
WHERE number LIKE '%007' AND state = 'closed'
"""
"""One officer's reports were merged into a ticket of somebody else's grid."""


AT_PLACES = """
UPDATE tickets SET place_code = (ARRAY['compound-xingfu', 'road-renmin'])[1 + right(number, 1)::integer % 2]
WHERE number LIKE '%5' OR number LIKE '%6'
"""
"""Every fifth ticket is at one of two places; one unit is paired with the first."""


@pytest.fixture(scope="module")
async def crowded(
    server: Server, demo_street: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """Return a house whose street has many tickets, and whose database knows its statistics."""
    name = server.create(demo_street)
    settings = Settings(demo=True, database_url=server.url_of(name), home=tmp_path_factory.mktemp("home"))
    app, turned = create_app(settings), TurnedClock()
    house = House(app, turned)
    app.dependency_overrides[request_time] = turned.read
    async with house.database.write() as session:
        await session.execute(text(MANY), {"tickets": TICKETS, "open": OPEN, "now": turned.now})
        await session.execute(text(CALLS_FOR_HELP))
        await session.execute(text(MERGERS))
        await session.execute(text(AT_PLACES))
    await analyze(house.database)
    yield house
    for caller in house.callers.values():
        await caller.aclose()
    await house.database.close()
    server.drop(name)


async def analyze(database: Database) -> None:
    """Let the database count its rows, and note that they are visible to all."""
    async with database.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE tickets, ticket_requests"))


Sent = list[tuple[str, Any]]


@contextmanager
def noted(house: House) -> Generator[Sent]:
    """Note statements and parameters that read tickets."""
    sent: Sent = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:  # noqa: ANN401  SQLAlchemy's signature
        if "FROM tickets" in statement:
            sent.append((statement, parameters))

    engine = house.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def plan_of(house: House, statement: str, parameters: Any) -> dict[str, Any]:  # noqa: ANN401  the driver's
    """Return the plan of a statement as it was sent."""
    async with house.database.engine.connect() as connection:
        found = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        plan = found.scalar_one()
    return (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a plan and all below it."""
    return [plan, *(node for below in plan.get("Plans", ()) for node in nodes(below))]


async def assert_by_index(house: House, sent: Sent, *, sorts: bool = True) -> None:
    """Hold that no statement reads the whole table (nor sorts, where the index has the order)."""
    assert sent
    for statement, parameters in sent:
        plan = await plan_of(house, statement, parameters)
        found = [
            (node["Node Type"], node.get("Relation Name"), node.get("Index Name")) for node in nodes(plan)
        ]
        assert not [one for one in found if one[0] == "Seq Scan" and one[1] == "tickets"], (statement, found)
        if not sorts:
            assert not [one for one in found if "Sort" in one[0]], (statement, found)


@pytest.mark.parametrize(
    ("username", "path"),
    [
        ("member-cityscape", "/v1/queue"),
        ("officer01", "/v1/queue"),
        ("dispatcher", "/v1/queue"),
        ("supervisor", "/v1/queue"),
        ("supervisor", "/v1/overdue"),
        ("member-cityscape", "/v1/overdue"),
        ("officer01", "/v1/overdue"),
        ("supervisor", "/v1/overdue?unit=cityscape"),
        ("supervisor", "/v1/overdue?grid=990101001001"),
        ("supervisor", "/v1/overdue/summary?by=unit"),
        ("supervisor", "/v1/tickets?unit=cityscape"),
        ("member-cityscape", "/v1/tickets"),
        ("officer01", "/v1/tickets"),
        ("supervisor", "/v1/tickets?grid=990101001001"),
        ("supervisor", "/v1/tickets?category=E0406"),
        ("supervisor", "/v1/tickets?reporter=officer01"),
        ("supervisor", "/v1/tickets?bbox=116.4000,39.9100,116.4010,39.9110"),
        ("supervisor", "/v1/tickets?near=116.4,39.91,100"),
        ("supervisor", "/v1/tickets?q=19999号"),
        ("supervisor", "/v1/tickets?place=road-renmin"),
        ("supervisor", "/v1/overdue?place=road-renmin"),
        ("supervisor", "/v1/places"),
        ("officer01", "/v1/places"),
        ("member-water", "/v1/queue"),
        ("member-water", "/v1/overdue"),
        ("member-water", "/v1/tickets"),
        ("member-water", "/v1/tickets?order=-updated_at"),
        ("member-water", "/v1/me"),
        ("member-water", "/v1/places?paired_unit=water"),
        ("supervisor", "/v1/me"),
        ("member-cityscape", "/v1/me"),
        ("member-power", "/v1/queue"),
        ("member-power", "/v1/overdue"),
        ("member-power", "/v1/tickets"),
        ("member-power", "/v1/tickets?order=-updated_at"),
        ("member-power", "/v1/me"),
        ("officer03", "/v1/queue"),
        ("officer03", "/v1/overdue"),
        ("officer03", "/v1/tickets"),
        ("officer03", "/v1/me"),
        ("officer01", "/v1/nearby?longitude=116.404&latitude=39.915"),
        ("member-power", "/v1/nearby?longitude=116.404&latitude=39.915"),
    ],
)
async def test_a_list_reads_the_tickets_that_it_shows_and_not_all(
    crowded: House, username: str, path: str
) -> None:
    caller = await crowded.caller(username)
    with noted(crowded) as sent:
        answer = await caller.get(path)
    assert answer.status_code == 200, answer.text
    await assert_by_index(crowded, sent)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/tickets",
        "/v1/tickets?order=-filed_at",
        "/v1/tickets?order=-updated_at",
        "/v1/overdue",
    ],
)
async def test_a_page_in_the_order_of_an_index_is_read_without_sorting(crowded: House, path: str) -> None:
    supervisor = await crowded.caller("supervisor")
    with noted(crowded) as first:
        answer = (await supervisor.get(path)).json()
    await assert_by_index(crowded, first, sorts=False)
    assert answer["next"]
    with noted(crowded) as second:
        await supervisor.get(f"{path}{'&' if '?' in path else '?'}cursor={answer['next']}")
    await assert_by_index(crowded, second)


async def test_what_is_near_comes_from_an_index_in_the_order_of_distance(crowded: House) -> None:
    """Not measured and sorted: of a million tickets the ten nearest are looked at."""
    supervisor = await crowded.caller("supervisor")
    with noted(crowded) as sent:
        answer = await supervisor.get("/v1/nearby?longitude=116.404&latitude=39.915")
    assert len(answer.json()["tickets"]) == 10
    nearest = next(one for one in sent if "<->" in one[0])
    plan = await plan_of(crowded, *nearest)
    (scan,) = [node for node in nodes(plan) if node.get("Relation Name") == "tickets"]
    assert (scan["Node Type"], scan["Index Name"]) == ("Index Scan", "ix_tickets_open_place")
    assert "<->" in scan["Order By"]
    assert not [node for node in nodes(plan) if "Sort" in node["Node Type"]]


PATROLLED = (
    """
    INSERT INTO shifts (
        id, person_id, request_sha256, team, started_on, started_at, state, ended_at, received_at, version,
        points, left_out, walked_m, tracked_s, measured_at, last_at, last_longitude, last_latitude
    )
    SELECT
        gen_random_uuid(), officer.id, repeat('0', 64), '', began::date, began,
        CASE WHEN n > 1 THEN 'ended' ELSE 'running' END, CASE WHEN n > 1 THEN began + interval '8 hours' END,
        began, 1, 1, '{}', 0, 0, began, began, 116.4, 39.91
    FROM generate_series(1, 300) AS n
    CROSS JOIN LATERAL (SELECT CAST(:now AS timestamptz) - n * interval '1 day' AS began) AS times
    CROSS JOIN (SELECT id FROM people WHERE role = 'officer') AS officer
    """,
    """
    INSERT INTO place_passes (shift_id, code, passed_at)
    SELECT shifts.id, places.code, started_at FROM shifts CROSS JOIN places WHERE right(shifts.id::text, 1) < '4'
    """,
    """
    INSERT INTO checkpoints (
        code, name_zh, name_en, place, longitude, latitude, radius_m, ways, rotation_s, staff_min, is_active,
        secret, version
    )
    SELECT 'c' || n, '', '', 'compound-xingfu', 116.4, 39.91, 50, '{geofence}', 60, 0, true, '', 1
    FROM generate_series(1, 5) AS n
    """,
    """
    INSERT INTO check_ins (
        id, person_id, checkpoint, way, at, device_at, received_at, distance_m, answers, request_sha256
    )
    SELECT
        gen_random_uuid(), person_id, 'c' || 1 + row_number() OVER () % 5, 'geofence', started_at, started_at,
        started_at, 0, '{}', repeat('0', 64)
    FROM shifts
    """,
    "UPDATE tickets SET checked_at = closed_at WHERE closed_at IS NOT NULL",
    "ANALYZE shifts, place_passes, checkpoints, check_ins, tickets",
)
"""Three hundred days of patrol of all officers, the last of which goes on."""


@pytest.fixture(scope="module")
async def patrolled(crowded: House) -> House:
    """Return the same house after a year of patrols."""
    async with crowded.database.write() as session:
        for statement in PATROLLED:
            await session.execute(text(statement), {"now": crowded.clock.now} if ":now" in statement else {})
    return crowded


def scanned(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the tables that a plan reads from end to end, with how it does."""
    small = {"places", "checkpoints", "grids", "grid_people", "people"}
    return [
        (node["Node Type"], node["Relation Name"])
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] not in small
    ]


async def test_when_a_place_was_last_seen_is_the_first_entry_of_an_index_for_each_way_to_see_it(
    patrolled: House,
) -> None:
    officer = await patrolled.caller("officer01")
    with noted(patrolled) as sent:
        answer = await officer.get("/v1/nearby?longitude=116.404&latitude=39.915&within_m=20000&limit=50")
    assert answer.status_code == 200, answer.text
    seen = next(one for one in sent if "place_passes" in one[0])
    plan = await plan_of(patrolled, *seen)
    assert scanned(plan) == []
    used = {node.get("Index Name") for node in nodes(plan)}
    assert {
        "ix_tickets_place_seen",
        "ix_tickets_place_checked",
        "ix_place_passes_code",
        "ix_check_ins_checkpoint_at",
    } <= used
    assert not [node for node in nodes(plan) if node["Node Type"] == "Bitmap Heap Scan"]


async def test_where_officers_were_last_is_read_by_person(patrolled: House) -> None:
    async with patrolled.database.read() as session:
        people = (await session.execute(text("SELECT id FROM people WHERE role = 'officer'"))).scalars().all()
        with noted(patrolled) as sent:
            found = await last_positions(session, people[:5], patrolled.clock.now - timedelta(hours=48))
    assert len(found) == 5
    (statement,) = sent
    plan = await plan_of(patrolled, *statement)
    assert scanned(plan) == []
    used = {node.get("Index Name") for node in nodes(plan)}
    assert {"ix_tickets_reporter", "ix_check_ins_person_id_at", "uq_shifts_person_id_running"} <= used


@pytest.mark.parametrize(
    ("username", "indexes"),
    [
        ("member-cityscape", {"ix_tickets_open_unit_due"}),
        ("member-power", {"ix_tickets_open_unit_due", "pk_tickets"}),
        ("officer01", {"ix_tickets_open_grid", "ix_tickets_task_assignee"}),
        (
            "officer03",
            {"ix_tickets_open_grid", "ix_tickets_merged_reporter", "ix_tickets_task_assignee"},
        ),
        ("dispatcher", {"ix_tickets_waiting"}),
        ("supervisor", {"ix_tickets_waiting"}),
    ],
)
async def test_a_queue_is_found_without_a_look_at_what_is_finished(
    crowded: House, username: str, indexes: set[str]
) -> None:
    """An index over all tickets has them in order, too, but all that is closed lies before what is open."""
    caller = await crowded.caller(username)
    with noted(crowded) as sent:
        answer = await caller.get("/v1/queue")
    assert answer.json()["items"]
    plan = await plan_of(crowded, *sent[-1])
    used = {node["Index Name"] for node in nodes(plan) if "tickets" in node.get("Index Name", "")}
    assert {name for name in used if "ticket_requests" not in name} == indexes


async def test_a_replay_of_the_rules_reads_the_tickets_in_the_order_of_an_index(crowded: House) -> None:
    supervisor = await crowded.caller("supervisor")
    with noted(crowded) as sent:
        answer = await supervisor.post("/v1/dispatch/dry-run", json={"deactivate": ["e0406"], "days": 10})
    assert answer.json()["examined"] > 4_000
    await assert_by_index(crowded, sent, sorts=False)


async def test_duplicates_are_looked_for_nearby_only(crowded: House) -> None:
    officer = await crowded.caller("officer01")
    with noted(crowded) as sent:
        answer = await officer.put(f"/v1/reports/{uuid4()}", json=stall(crowded))
    assert answer.status_code == 201, answer.text
    await assert_by_index(crowded, sent)


async def test_a_ticket_is_found_by_id_and_by_number(crowded: House) -> None:
    unit = await crowded.caller("member-cityscape")
    ticket = (await unit.get("/v1/tickets?limit=1")).json()["items"][0]
    with noted(crowded) as sent:
        await unit.get(f"/v1/tickets/{ticket['id']}")
        await unit.get(f"/v1/tickets/by-number/{ticket['number']}")
    await assert_by_index(crowded, sent)


@pytest.mark.parametrize(
    ("sweep", "indexes"),
    [
        (resume_suspended, [{"ix_tickets_suspended_until"}]),
        (escalate_overdue, [{"ix_tickets_escalates"}]),
        (raise_notices, [{"ix_tickets_not_noticed"}, {"ix_tickets_near_due"}]),
    ],
)
async def test_the_worker_finds_what_came_due_by_an_index_that_holds_nothing_else(
    crowded: House, sweep: Sweep, indexes: list[set[str]]
) -> None:
    long_ago = crowded.clock.now - timedelta(days=400)
    with noted(crowded) as sent:
        assert await sweep(crowded.database, await rules_of(crowded.database), long_ago) == 0
    assert len(sent) == len(indexes)
    for (statement, parameters), expected in zip(sent, indexes, strict=True):
        today = {name: crowded.clock.now if one == long_ago else one for name, one in parameters.items()}
        found = nodes(await plan_of(crowded, statement, today))
        assert not [node for node in found if node["Node Type"] == "Seq Scan"], found
        assert expected <= {node.get("Index Name") for node in found}
