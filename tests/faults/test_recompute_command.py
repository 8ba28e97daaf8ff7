"""`gridpatrol recompute` as a process: what it prints, what it returns, and that it may be killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

from sqlalchemy import text

from api.settings import Settings
from tests.conftest import House
from tests.http.side_ways import WASTE
from tests.http.walking import accepted, rectified
from tests.recomputing import special_day
from tests.sweeping import copies_of

MORNING = (480, 720)
COPIES = 6_000


def environment(settings: Settings) -> dict[str, str]:
    """Return what the command finds its database by."""
    return {
        **os.environ,
        "GRIDPATROL_DEMO": "true",
        "GRIDPATROL_DATABASE_URL": settings.required_database_url,
        "GRIDPATROL_HOME": str(settings.home),
        "COLUMNS": "200",
    }


async def ran(settings: Settings, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "api.cli", "recompute", *flags],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def recomputed_tickets(house: House) -> list[int]:
    """Return how often each ticket was computed anew, of those that were."""
    counted = text(
        "SELECT count(*) FROM ticket_events WHERE action = 'recompute' GROUP BY ticket_id ORDER BY 1"
    )
    async with house.database.read() as session:
        return list((await session.execute(counted)).scalars())


async def test_a_dry_run_prints_the_difference_and_a_real_run_stores_it(house: House) -> None:
    settings, ticket = house.wiring.settings, await accepted(house, **WASTE)
    await special_day(house, "2026-11-23", MORNING)
    dry = await ran(settings, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "1 open tickets looked at; 1 would be due at another time: 1 later, 0 earlier" in dry.stdout
    for shown in (ticket["number"], "in progress", "2026-11-23 15:30", "2026-11-24 09:30", "holidays"):
        assert shown in dry.stdout
    assert dry.stdout.rstrip().endswith("Nothing was stored.")
    real = await ran(settings, "--json")
    assert (real.returncode, real.stderr) == (0, "")
    told = json.loads(real.stdout)
    move = {
        "number": ticket["number"],
        "state": "in_progress",
        "due_before": "2026-11-23T07:30:00+00:00",
        "due_at": "2026-11-24T01:30:00+00:00",
        "rule_before": "E0110-1 4 working_hour city",
        "rule": "E0110-1 4 working_hour city",
        "why": ["hours"],
    }
    assert (told["is_dry_run"], told["largest"], told["examples"]) == (False, [move], [move])
    assert (told["examined"], told["changed"], told["later"], told["adjusted"]) == (1, 1, 1, 0)
    again = json.loads((await ran(settings, "--json")).stdout)
    assert (again["examined"], again["changed"], again["examples"]) == (1, 0, [])


async def test_one_calendar_can_be_named_and_must_exist(house: House) -> None:
    settings = house.wiring.settings
    await accepted(house, **WASTE)
    await rectified(house)
    told = json.loads((await ran(settings, "--dry-run", "--json", "--calendar", "patrol")).stdout)
    assert (told["is_dry_run"], told["examined"]) == (True, 1)
    refused = await ran(settings, "--calendar", "nowhere")
    assert refused.returncode == 1
    assert "There is no calendar 'nowhere'." in refused.stderr


async def test_a_run_that_is_killed_halfway_has_lost_nothing_and_the_next_does_the_rest(
    house: House,
) -> None:
    settings = house.wiring.settings
    await copies_of(house, await accepted(house, **WASTE), COPIES)
    await special_day(house, "2026-11-23", MORNING)
    command = [sys.executable, "-m", "api.cli", "recompute", "--json"]
    process = subprocess.Popen(command, env=environment(settings), stdout=subprocess.PIPE)  # noqa: S603, ASYNC220  our own program
    give_up_at = time.monotonic() + 60
    while not await recomputed_tickets(house):
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.communicate)
    done = len(await recomputed_tickets(house))
    assert 0 < done < COPIES
    told = json.loads((await ran(settings, "--json")).stdout)
    assert (told["examined"], told["changed"]) == (COPIES + 1, COPIES + 1 - done)
    assert await recomputed_tickets(house) == [1] * (COPIES + 1)
