"""How the database finds signals, and the same picture: by indexes, however many have piled up."""

import json
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.dialects import postgresql

from api.queries.photo_stories import select_alike
from tests.conftest import House
from tests.http.walking import report

PHOTOS = """
INSERT INTO photos (
    id, uploaded_by_id, ticket_id, purpose, request_sha256, sha256, media_type, size_bytes, width, height, file_key,
    received_at, signals
)
SELECT
    gen_random_uuid(), people.id, NULL, 'before', repeat('0', 64), md5(n::text) || md5(n::text), 'image/jpeg', 1, 1, 1,
    'photos/' || n, :now, '[]'
FROM generate_series(1, 6000) AS n
CROSS JOIN LATERAL (
    SELECT id FROM people WHERE role = 'unit_member' AND n IS NOT NULL ORDER BY id OFFSET n % 12 LIMIT 1
) AS people
"""
PRINTS = """
INSERT INTO photo_prints (photo_id, phash)
SELECT id, ('x' || substr(sha256, 1, 16))::bit(64)::bigint FROM photos
"""
SIGNALS = """
INSERT INTO signals (kind, weight, zh, en, facts, photo_id, ticket_id, person_id, unit_id, raised_at, state, is_open)
SELECT
    (ARRAY['taken_elsewhere', 'picture_resembles', 'taken_long_ago'])[1 + n % 3], 0.5, '。', '.', '{}', photos.id,
    :ticket, photos.uploaded_by_id, people.unit_id, :now,
    CASE WHEN n % 10 = 0 THEN 'open' ELSE 'cleared' END, n % 10 = 0
FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM photos) AS photos
JOIN people ON people.id = uploaded_by_id
"""


@pytest.fixture
async def desk(house: House) -> House:
    """Return a house in which thousands of signals were raised, one in ten of them open."""
    ticket = await report(house)
    async with house.database.write() as session:
        await session.execute(text(PHOTOS), {"now": house.clock.now})
        await session.execute(text(PRINTS.replace(":", r"\:")))
        await session.execute(text(SIGNALS), {"now": house.clock.now, "ticket": ticket["id"]})
        await session.execute(text("ANALYZE"))
    return house


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a plan's nodes."""
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=open",
        "state=cleared",
        "unit=cityscape",
        "officer=member-cityscape&state=open",
        "kind=taken_elsewhere",
    ],
)
async def test_a_page_of_signals_is_read_in_the_order_of_an_index(desk: House, query: str) -> None:
    supervisor = await desk.caller("supervisor")
    first = (await supervisor.get(f"/v1/signals?limit=20&{query}")).json()
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:  # noqa: ANN401  SQLAlchemy's
        if "FROM signals" in statement:
            sent.append((statement, parameters))

    engine = desk.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    more = f"&cursor={first['next']}" if first["next"] else ""
    answer = await supervisor.get(f"/v1/signals?limit=20&{query}{more}")
    event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    ((statement, parameters),) = sent
    async with desk.database.read() as session:
        connection = await session.connection()
        explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        found: Any = explained.scalar_one()
    plan: Any = json.loads(found) if isinstance(found, str) else found
    kinds = [(node["Node Type"], node.get("Relation Name")) for node in nodes(plan[0]["Plan"])]
    assert ("Seq Scan", "signals") not in kinds, kinds
    if "officer" not in query:  # one person's few are sorted, as the planner can't tell who it will be
        assert not [kind for kind, _ in kinds if "Sort" in kind], kinds


async def test_the_same_picture_is_looked_up_in_the_four_indexes_of_bands(desk: House) -> None:
    compiled = select_alike(1234567890123456789, 10).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    async with desk.database.read() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))  # six thousand are few
        explained = await session.execute(text(f"EXPLAIN (FORMAT JSON) {compiled}".replace(":", r"\:")))
        plan: Any = explained.scalar_one()
    used = {node.get("Index Name") for node in nodes(plan[0]["Plan"])}
    assert {f"ix_photo_prints_band{number}" for number in range(4)} <= used
