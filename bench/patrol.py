"""What a quarter of a year of a city's patrols costs to sum up: figures, rounds, rosters.

    python -m bench.patrol [days]

300 officers work each of the days; their shifts, visits, check-ins, findings and rosters are put in by SQL. Requests go
through the application in this process, without a network.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import text

from api.db import Database
from api.settings import Settings
from bench.street import bench_street, caller_of, open_app, sign_in

TARGET_S = 2.0
ROUNDS = 3
OFFICERS = 300

PEOPLE = """
INSERT INTO people (id, username, name, role, is_active, created_at)
SELECT gen_random_uuid(), 'patrol' || to_char(n, 'FM0000'), '网格员', 'officer', true, now()
FROM generate_series(1, :officers) AS n
"""

DUTIES = """
INSERT INTO grid_people (grid_id, person_id, from_on, is_phone_public)
SELECT grid.id, person.id, CAST('2020-01-01' AS date), false
FROM (SELECT id, row_number() OVER (ORDER BY username) AS n FROM people WHERE username LIKE 'patrol%') AS person
JOIN (SELECT id, row_number() OVER (ORDER BY code) - 1 AS n FROM grids WHERE level = 'unit_grid') AS grid
    ON grid.n IN (person.n % 105, (person.n + 1) % 105, (person.n + 2) % 105)
"""

SHIFTS = """
INSERT INTO shifts (id, person_id, request_sha256, team, started_on, started_at, state, ended_at, received_at, version,
                    points, left_out, walked_m, tracked_s, measured_at)
SELECT gen_random_uuid(), person.id, repeat('0', 64), '', CAST(began AT TIME ZONE 'Asia/Shanghai' AS date), began,
       'ended', began + interval '8 hours', began, 2, 5760, '{}', 6000, 28800, began
FROM (SELECT id, row_number() OVER (ORDER BY username) AS n FROM people WHERE username LIKE 'patrol%') AS person
CROSS JOIN generate_series(1, :days) AS day
CROSS JOIN LATERAL (
    SELECT CAST(:midnight AS timestamptz) - day * interval '1 day' + interval '7 hours'
        + person.n % 7 * interval '1 hour' AS began
) AS times
"""

EVENTS = """
INSERT INTO shift_events (shift_id, at, action, received_at)
SELECT shifts.id, shifts.started_at + passed, action, shifts.started_at
FROM shifts
CROSS JOIN (VALUES (interval '0 hours', 'start'), ('4 hours', 'pause'), ('5 hours', 'resume'), ('8 hours', 'stop'))
    AS told (passed, action)
"""

VISITS = """
INSERT INTO patrol_visits (shift_id, person_id, kind, code, buffer_m, started_at, stopped_at, dwell_s, walked_m)
SELECT shifts.id, shifts.person_id, 'grid', grid.code, 0, shifts.started_at + visit.n * interval '20 minutes',
       shifts.started_at + visit.n * interval '20 minutes' + interval '8 minutes', visit.n * 20 % 500, 300
FROM shifts
CROSS JOIN generate_series(1, 15) AS visit (n)
JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS n FROM grids WHERE level = 'unit_grid') AS grid
    ON grid.n = (hashtext(CAST(shifts.person_id AS text)) % 100000 + 100000 + visit.n % 8) % 105
"""

CHECKPOINTS = """
INSERT INTO checkpoints (code, name_zh, name_en, place, longitude, latitude, radius_m, ways, rotation_s, staff_min,
                         is_active, secret, version)
SELECT 'post' || n, '岗点', 'post', place.code, 116.404, 39.915, 50, '{geofence}', 60, 1, true, repeat('a', 48), 1
FROM (SELECT code, row_number() OVER (ORDER BY code) AS n FROM places WHERE is_active LIMIT 40) AS place
"""

CHECK_INS = """
INSERT INTO check_ins (id, person_id, checkpoint, way, at, device_at, received_at, answers, request_sha256)
SELECT gen_random_uuid(), shifts.person_id, point.code, 'geofence', at, at, at, '{}', repeat('0', 64)
FROM shifts
CROSS JOIN generate_series(1, 4) AS visit (n)
CROSS JOIN LATERAL (SELECT shifts.started_at + visit.n * interval '80 minutes' AS at) AS times
JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS n, count(*) OVER () AS whole FROM checkpoints) AS point
    ON point.n = (hashtext(CAST(shifts.person_id AS text)) % 100000 + 100000 + visit.n) % point.whole
"""

ROSTERS = """
INSERT INTO roster_slots (post, on_date, starts_at, stops_at, people_ids, staff_min)
SELECT point.code, CAST(began AT TIME ZONE 'Asia/Shanghai' AS date), began, began + interval '2 hours', staff.ids, 1
FROM checkpoints AS point
CROSS JOIN generate_series(1, :days) AS day
CROSS JOIN LATERAL (
    SELECT CAST(:midnight AS timestamptz) - day * interval '1 day' + interval '7 hours' AS began
) AS times
CROSS JOIN LATERAL (
    SELECT array_agg(id) AS ids FROM (
        SELECT id FROM people WHERE username LIKE 'patrol%' ORDER BY md5(username || point.code) LIMIT 2
    ) AS chosen
) AS staff
"""

TICKETS = """
INSERT INTO tickets (
    id, number, state, version, category_id, category_code, condition_id, grid_id, grid_code, unit_id,
    reporter_id, source, priority, place, address, description, observed_at, reported_at, filed_at,
    dispatched_at, closed_at, updated_at, returned_unit_ids, is_pinned,
    extension_count, rework_count, reopen_count, urged_count, supervised_count, escalation_level, is_self_fixed,
    has_appealed, is_exempt, pending_kinds, open_helper_ids, history_count, history_sha256
)
SELECT
    gen_random_uuid(), 'N' || row_number() OVER (), 'closed', 3, category.id, category.code, condition.id, grid.id,
    grid.code, unit.id, shifts.person_id, CASE WHEN finding.n = 4 THEN 'hotline' ELSE 'officer' END, 'normal',
    ST_SetSRID(ST_MakePoint(116.39 + random() * 0.03, 39.90 + random() * 0.03), 4326), '', '', at, at, at, at, at, at,
    '{}', false, 0, 0, 0, 0, 0, 0, false, false, false, '{}', '{}', 0, repeat('0', 64)
FROM shifts
CROSS JOIN generate_series(1, 4) AS finding (n)
CROSS JOIN LATERAL (SELECT shifts.started_at + finding.n * interval '97 minutes' AS at) AS times
JOIN (SELECT id, code, row_number() OVER (ORDER BY code) - 1 AS n FROM grids WHERE level = 'unit_grid') AS grid
    ON grid.n = (hashtext(CAST(shifts.id AS text)) % 100000 + 100000 + finding.n) % 105
CROSS JOIN (SELECT id, code FROM categories ORDER BY id LIMIT 1) AS category
CROSS JOIN (SELECT id FROM units ORDER BY id LIMIT 1) AS unit
JOIN LATERAL (SELECT id FROM conditions WHERE category_id = category.id LIMIT 1) AS condition ON true
"""

PLANS = {
    "all-grids": {"grids": ["99"], "period": "day", "times": 2},
    "places": {"place_type": "school", "period": "week", "times": 2, "buffer_m": 200},
    "nights": {
        "grids": ["99"],
        "period": "week",
        "times": 3,
        "hours": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "18:00", "to": "06:00"}],
        "off_hours_share": 0.3,
    },
}


async def seed(database: Database, days: int) -> None:
    """Put in what so many days before today come to."""
    began = time.perf_counter()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).replace(hour=0, minute=0, second=0, microsecond=0)
    facts = {"days": days, "midnight": today.astimezone(UTC), "officers": OFFICERS}
    async with database.write() as session:
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (
            *(PEOPLE, DUTIES, SHIFTS, EVENTS, VISITS),
            *(CHECKPOINTS, CHECK_INS, ROSTERS, TICKETS),
        ):
            wanted = {name: value for name, value in facts.items() if f":{name}" in statement}
            await session.execute(text(statement), wanted)
    async with database.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE"))
    print(f"{OFFICERS * days} shifts of {OFFICERS} officers: {time.perf_counter() - began:.1f} s to put in")


async def plan(admin: httpx.AsyncClient) -> None:
    """Make the plans that rounds are held against."""
    for code, body in PLANS.items():
        whole = {"name_zh": code, "name_en": code, "from_on": "2020-01-01", **body}
        answer = await admin.put(f"/v1/patrols/plans/{code}", json=whole)
        answer.raise_for_status()


def paths(days: int) -> list[str]:
    """Return what is asked for."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    span = f"from_on={today - timedelta(days=days)}&to_on={today - timedelta(days=1)}"
    return [
        *(f"patrols/figures?by={by}&{span}" for by in ("officer", "grid", "street", "day", "week")),
        f"patrols/figures/rows?by=officer&key=patrol0001&figure=grids_entered&{span}",
        f"patrols/rounds?status=missed&{span}",
        f"patrols/rounds/summary?{span}",
        f"rosters?from_on={today - timedelta(days=min(days, 61))}&to_on={today - timedelta(days=1)}",
        "shifts?limit=200",
        "check-ins?limit=200",
        "tracks/positions?limit=200",
    ]


async def measure(supervisor: httpx.AsyncClient, path: str) -> tuple[float, float]:
    """Return the best time of an answer, and what it took of this process's processor, in seconds."""
    best = processor = float("inf")
    for _ in range(ROUNDS):
        began, used = time.perf_counter(), time.process_time()
        answer = await supervisor.get(f"/v1/{path}")
        answer.raise_for_status()
        best = min(best, time.perf_counter() - began)
        processor = min(processor, time.process_time() - used)
    return best, processor


async def _run(settings: Settings, days: int) -> None:
    async with open_app(settings) as app:
        await seed(app.state.wiring.database, days)
        async with caller_of(app, await sign_in(app, "admin")) as admin:
            await plan(admin)
        async with caller_of(app, await sign_in(app, "supervisor")) as supervisor:
            for path in paths(days):
                took, used = await measure(supervisor, path)
                verdict = "within" if took <= TARGET_S else "OVER"
                what = path.partition("&from_on")[0]
                print(f"{what:60} {took:6.2f} s, processor {used:5.2f} s ({verdict} {TARGET_S:.0f} s)")


def main() -> None:
    """Measure all of it."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 92
    with bench_street() as settings:
        asyncio.run(_run(settings, days))


if __name__ == "__main__":
    main()
