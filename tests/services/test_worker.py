"""What the worker does on its rounds, wired as the worker wires it."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from api.adapters.files import open_store
from api.models import metadata
from api.worker import reconcilers
from tests.conftest import House
from tests.http.walking import accepted
from tests.sweeping import COVER, heard, kept, suspended, ticket_now

_POLICIES = metadata.tables["policies"]


async def test_a_round_resumes_escalates_raises_and_tells(house: House, tmp_path: Path) -> None:
    late, waits = await accepted(house, **COVER), await suspended(house, "2026-11-23T17:00:00+08:00", **COVER)
    house.clock.now = datetime.fromisoformat("2026-11-23T17:30:00+08:00")
    jobs = reconcilers(house.database, open_store(str(tmp_path)), ZoneInfo("Asia/Shanghai"))
    for _ in range(2):  # twice, as two workers would
        for job in jobs:
            await job.run(house.clock.now)
    assert (await ticket_now(house, waits))["state"] == "in_progress"
    assert (await ticket_now(house, late))["escalation_level"] == 1
    assert await heard(house, "member-water") == [f"Ticket {late['number']} is overdue (rectification)."]
    assert sorted(await heard(house, "lead-water")) == [
        f"Ticket {late['number']} is overdue (rectification).",
        f"Ticket {late['number']} was escalated to level 1: please answer for it.",
    ]


async def test_the_next_round_goes_by_policies_that_were_changed_since_the_last(
    house: House, tmp_path: Path
) -> None:
    for _ in range(2):
        await accepted(house, **COVER)
    jobs = {
        job.name: job
        for job in reconcilers(house.database, open_store(str(tmp_path)), ZoneInfo("Asia/Shanghai"))
    }
    await jobs["raise_notices"].run(house.clock.now)
    async with house.database.write() as session:
        await session.execute(_POLICIES.delete().where(_POLICIES.c.key == "digest_from"))
        await session.execute(insert(_POLICIES).values(key="digest_from", value=2))
    house.clock.now = datetime.fromisoformat("2026-11-23T15:31:00+08:00")
    for name in ("raise_notices", "deliver_notices"):
        await jobs[name].run(house.clock.now)
    assert [row["is_digest"] for row in await kept(house.database, "messages")] == [True]
