"""A worker that is killed between raising and telling: nothing is lost, and nobody is told twice."""

import asyncio
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from tests.conftest import House
from tests.http.walking import accepted
from tests.sweeping import COVER, copies_of, delivered, heard, kept, raised, told

LATE = "2026-11-23T17:00:00+08:00"
ROOT = Path(__file__).resolve().parents[2]


def killed_while_telling(url: str) -> None:
    """Let a worker raise, begin to tell, and die."""
    command = [sys.executable, "-m", "tests.faults.tell_notices", url, LATE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603  our own program
        assert process.stdout
        assert [process.stdout.readline().strip() for _ in range(2)] == ["raised", "telling"]
        process.kill()


async def test_what_a_killed_worker_raised_is_told_by_the_next_once(house: House, street_url: str) -> None:
    await copies_of(house, await accepted(house, **COVER), 20)
    house.clock.now = datetime.fromisoformat(LATE)
    await asyncio.to_thread(killed_while_telling, street_url)
    assert await kept(house.database, "messages") == []
    assert len(await kept(house.database, "notices")) == 21
    assert await raised(house) == 0
    # The dead one's lock goes with its connection, which the server notices within moments.
    deadline = time.monotonic() + 10
    while await delivered(house) == 0:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert await heard(house, "member-water") == ["21 notices: 21 overdue."]
    assert await told(house) == 0
    assert all(row["message_id"] is not None for row in await kept(house.database, "notices"))
