"""Phones and a server as processes of their own: phones that are killed, and phones that listen."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

import gridphone
from api.adapters.processes import Push, end
from api.db import Database
from api.models import Report
from api.settings import DEMO_PASSWORD, Settings
from gridphone import Phone
from tests.faults.serving import serving
from tests.phone.network import seen_by, stall, states

OFFICER, DEVICE = "officer01", "killed-again-and-again"
PATIENCE_S = 120


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    """Return the address of a server that runs, with the worker that tells streams of changes."""
    with serving(settings) as served:
        environment = os.environ | {
            "GRIDPATROL_DEMO": "true",
            "GRIDPATROL_DATABASE_URL": settings.required_database_url,
            "GRIDPATROL_HOME": str(settings.home),
            "GRIDPATROL_LOG_LEVEL": "warning",
        }
        worker = subprocess.Popen([sys.executable, "-m", "api.cli", "worker"], env=environment)
        try:
            yield served
        finally:
            end(worker, Push(signal.SIGTERM, 30))


def promised_until_killed(folder: Path, address: str) -> list[UUID]:
    """Let a phone work for a moment and kill it; return the reports that it promised to keep."""
    paths = [str(Path(gridphone.__file__).parent.parent), str(Path.cwd())]
    process = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, str(Path(__file__).with_name("busy_phone.py")), str(folder), address, DEVICE],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(random.uniform(0, 0.8))
    process.kill()
    told, _ = process.communicate(timeout=PATIENCE_S)
    return [UUID(line) for line in (first + told).splitlines() if len(line) == len(first.strip())]


async def test_a_phone_that_is_killed_again_and_again_loses_and_doubles_nothing(
    address: str, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "phone"
    phone = Phone(folder, address, DEVICE, timeout_s=PATIENCE_S)
    await phone.sign_in(OFFICER, DEMO_PASSWORD)
    phone.close()
    promised: list[UUID] = []
    for _ in range(6):
        promised += await asyncio.to_thread(promised_until_killed, folder, address)
    phone = Phone(folder, address, DEVICE, timeout_s=PATIENCE_S)
    await settle(phone)
    items = phone.items()
    assert set(states(phone)) == {"stored"}
    reports = [item.id for item in items if item.kind == "report"]
    # The phone may have been killed between keeping the last report and printing it.
    assert set(promised) <= set(reports)
    assert len(reports) <= len(promised) + 6
    assert len(items) == 2 * len(reports)
    assert seen_by(phone).keys() == {str(report) for report in reports}
    assert not list((folder / "photos").glob("*[0-9a-f]"))
    phone.close()
    database = Database(settings.required_database_url)
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Report))).scalar_one() == len(reports)
    await database.close()


async def settle(phone: Phone) -> None:
    """Exchange until everything is answered for good and the mirror shows it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        done = await phone.exchange()
        ids = {str(item.id) for item in phone.items() if item.kind == "report"}
        if done.is_complete and set(states(phone)) == {"stored"} and ids <= seen_by(phone).keys():
            return
        assert time.monotonic() < deadline, done
        await asyncio.sleep(0.2)


async def test_a_phone_that_watches_hears_at_once_and_sends_at_once(address: str, tmp_path: Path) -> None:
    officer = Phone(tmp_path / "officer", address, "officer", timeout_s=PATIENCE_S)
    unit = Phone(tmp_path / "unit", address, "unit", timeout_s=PATIENCE_S)
    await officer.sign_in(OFFICER, DEMO_PASSWORD)
    await unit.sign_in("member-cityscape", DEMO_PASSWORD)
    is_over = False
    watching = [asyncio.create_task(phone.watch(lambda: is_over)) for phone in (officer, unit)]
    report = stall(officer)
    await until(lambda: seen_by(unit).get(str(report)) == 3)
    unit.step(report, "accept")
    await until(lambda: seen_by(officer).get(str(report)) == 4)
    await until(lambda: states(unit) == ["stored"])
    is_over = True
    await asyncio.wait_for(asyncio.gather(*watching), PATIENCE_S)
    officer.close()
    unit.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(0.05)
