"""How patrols are found: by indexes, however many shifts have piled up, and by a few statements whatever is asked."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from api.app import create_app
from api.deps import request_time
from api.settings import Settings
from bench.patrol import CHECK_INS, CHECKPOINTS, EVENTS, PLANS, ROSTERS
from tests.conftest import House, Server, TurnedClock
from tests.http.patrolling import point
from tests.policy.test_plans import nodes
from tests.policy.test_statements import counted, told

DAYS = 200

# As in `bench.patrol`, for the officers of the demo street.
SHIFTS = """
INSERT INTO shifts (id, person_id, request_sha256, team, started_on, started_at, state, ended_at, received_at, version,
                    points, left_out, walked_m, tracked_s, measured_at)
SELECT gen_random_uuid(), person.id, repeat('0', 64), '', CAST(began AT TIME ZONE 'Asia/Shanghai' AS date), began,
       'ended', began + interval '8 hours', began, 2, 5760, '{}', 6000, 28800, began
FROM (SELECT id FROM people WHERE role = 'officer') AS person
CROSS JOIN generate_series(1, :days) AS day
CROSS JOIN LATERAL (
    SELECT CAST(:midnight AS timestamptz) - day * interval '1 day' + interval '8 hours' AS began
) AS times
"""

VISITS = """
INSERT INTO patrol_visits (shift_id, person_id, kind, code, buffer_m, started_at, stopped_at, dwell_s, walked_m)
SELECT shifts.id, shifts.person_id, 'grid', grid.code, 0, shifts.started_at + visit.n * interval '20 minutes',
       shifts.started_at + visit.n * interval '20 minutes' + interval '8 minutes', 300, 300
FROM shifts
CROSS JOIN generate_series(1, 20) AS visit (n)
JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS n FROM grids WHERE level = 'unit_grid') AS grid
    ON grid.n = (hashtext(CAST(shifts.id AS text)) % 100000 + 100000 + visit.n) % 105
"""

READINGS = """
INSERT INTO track_readings (id, person_id, by_id, on_date, at)
SELECT gen_random_uuid(), shifts.person_id, people.id, shifts.started_on, shifts.started_at
FROM shifts CROSS JOIN people WHERE people.username = 'supervisor'
"""

POINTS = """
INSERT INTO track_points (shift_id, at, longitude, latitude, is_mock)
SELECT shifts.id, shifts.started_at + n * interval '1 minute', 116.404, 39.915, false
FROM shifts CROSS JOIN generate_series(0, 30) AS n
"""

PATROL = ("shifts", "shift_events", "patrol_visits", "check_ins", "track_points", "track_readings")
"""Tables that grow with each day of patrol."""


@pytest.fixture(scope="module")
async def patrolled(
    server: Server, demo_street: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """Return a house whose officers were on patrol each day of half a year."""
    name = server.create(demo_street)
    settings = Settings(demo=True, database_url=server.url_of(name), home=tmp_path_factory.mktemp("home"))
    app, turned = create_app(settings), TurnedClock()
    house = House(app, turned)
    app.dependency_overrides[request_time] = turned.read
    facts = {"days": DAYS, "midnight": turned.now.replace(hour=16, minute=0)}
    async with house.database.write() as session:
        for statement in (SHIFTS, EVENTS, VISITS, READINGS, POINTS, CHECKPOINTS, CHECK_INS):
            await session.execute(
                text(statement), {name: value for name, value in facts.items() if f":{name}" in statement}
            )
        await session.execute(text(ROSTERS.replace("'patrol%'", "'officer%'")), facts)
    async with house.database.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE"))
    supervisor = await house.caller("supervisor")
    for code, body in PLANS.items():
        plan = {"name_zh": code, "name_en": code, "from_on": "2020-01-01", **body}
        assert (await supervisor.put(f"/v1/patrols/plans/{code}", json=plan)).status_code == 201
    yield house
    for caller in house.callers.values():
        await caller.aclose()
    await house.database.close()
    server.drop(name)


DAY = "from_on=2026-11-10"

LISTS = [
    ("supervisor", "/v1/shifts", 3),
    ("supervisor", "/v1/shifts?person=officer01", 3),
    ("supervisor", "/v1/shifts?on=2026-11-10", 3),
    ("supervisor", "/v1/shifts?running=true", 3),
    ("officer01", "/v1/shifts", 3),
    ("supervisor", "/v1/tracks/positions", 2),
    ("supervisor", "/v1/tracks/readings", 2),
    ("officer01", "/v1/tracks/readings", 2),
    ("officer01", "/v1/tracks/days/2026-11-10", 5),
    ("supervisor", "/v1/check-ins", 2),
    ("supervisor", "/v1/check-ins?on=2026-11-10", 2),
    ("officer01", "/v1/check-ins", 2),
    ("supervisor", f"/v1/patrols/coverage?{DAY}", 2),
    ("dispatcher", f"/v1/patrols/coverage/summary?{DAY}", 3),
    ("officer01", f"/v1/patrols/coverage?{DAY}", 2),
    ("supervisor", f"/v1/rosters?{DAY}&to_on=2026-11-16", 5),
    ("supervisor", "/v1/rosters/2026-11-10", 6),
    # Who asks, the plans; of each, visits to grids, or visits and check-ins at places.
    ("supervisor", f"/v1/patrols/rounds?{DAY}", 2 + 4),
    ("supervisor", f"/v1/patrols/rounds/summary?{DAY}", 3 + 4),
    ("supervisor", f"/v1/patrols/figures?by=officer&{DAY}", 11),
    ("supervisor", f"/v1/patrols/figures?by=grid&{DAY}", 13),
    ("supervisor", f"/v1/patrols/figures?by=day&{DAY}", 14),
    ("supervisor", f"/v1/patrols/figures/rows?by=officer&key=officer01&figure=shifts&{DAY}", 10),
]


@pytest.mark.parametrize(("username", "path", "budget"), LISTS)
async def test_a_day_of_patrol_is_found_by_indexes_in_a_few_statements(
    patrolled: House, username: str, path: str, budget: int
) -> None:
    caller = await patrolled.caller(username)
    await caller.get("/v1/lifecycle")
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:  # noqa: ANN401  SQLAlchemy's signature
        sent.append((statement, parameters))

    engine = patrolled.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    with counted(patrolled) as statements:
        answer = await caller.get(path)
    event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    assert len(statements) <= budget, told(statements)
    async with patrolled.database.engine.connect() as connection:
        for statement, parameters in sent:
            explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            found: Any = explained.scalar_one()
            plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
            scans = [
                one["Relation Name"]
                for one in nodes(plan)
                if one["Node Type"] == "Seq Scan" and one["Relation Name"] in PATROL
            ]
            assert not scans, (" ".join(statement.split()), scans)


async def test_a_thousand_points_cost_as_many_statements_as_one(house: House) -> None:
    """Who asks; the shift, the batch, what happened, points, the batch; then measured, then shown."""
    for count in (1, 1_000):
        officer = await house.caller(f"officer0{1 if count == 1 else 2}")
        began = house.clock.now
        shift = f"00000000-0000-4000-8000-{count:012}"
        body = {"started_at": began.isoformat()}
        assert (await officer.put(f"/v1/shifts/{shift}", json=body)).status_code == 201
        house.clock.turn(hours=1)
        points = [point(began + timedelta(seconds=3 * number)) for number in range(count)]
        track = {"shift": shift, "crs": "wgs84", "points": points}
        with counted(house) as sent:
            answer = await officer.put(f"/v1/tracks/{shift}", json=track)
        assert answer.status_code == 201, answer.text
        assert len(sent) <= 16, told(sent)
