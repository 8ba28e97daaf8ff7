"""The README's tour and the examples against a real server, as a newcomer would run them: they can't rot."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import anyio
import httpx
import pytest

from api import clock
from api.adapters.processes import Push, end
from api.app import create_app
from api.db import Database
from api.demo import load_reference_data
from api.deps import request_time
from api.settings import Settings
from tests.conftest import House, Server, TurnedClock
from tests.http.walking import accepted
from tests.tours import ROOT, tour_in, walk

START_PATIENCE_S = 60
OVERDUE = timedelta(days=3)

_VARYING = (
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b"), "Day"),
    (re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"), "Month"),
    (re.compile(r"\d+(\.\d+)?"), "0"),
)


def shape_of(output: str) -> list[str]:
    """Return the lines with what differs from day to day made alike."""
    for pattern, alike in _VARYING:
        output = pattern.sub(alike, output)
    return output.splitlines()


async def fill(settings: Settings) -> None:
    """Load the street as it is today, with one ticket that fell due days ago."""
    database = Database(settings.required_database_url)
    async with database.write() as session:
        await load_reference_data(session, clock.now())
    await database.close()
    app, turned = create_app(settings), TurnedClock(clock.now() - OVERDUE)
    app.dependency_overrides[request_time] = turned.read
    house = House(app, turned)
    await accepted(house)
    for caller in house.callers.values():
        await caller.aclose()
    await house.database.close()


@pytest.fixture(scope="module")
def url(server: Server, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server process on a street of today, which all tours share."""
    name = server.create(migrated)
    settings = Settings(demo=True, database_url=server.url_of(name), home=tmp_path_factory.mktemp("tours"))
    anyio.run(fill, settings)
    with serving(settings) as address:
        yield address
    server.drop(name)


@contextmanager
def serving(settings: Settings) -> Generator[str]:
    """Run the API as a process; yield its address when it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRIDPATROL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve"],
        env=kept
        | {
            "GRIDPATROL_DEMO": "true",
            "GRIDPATROL_DATABASE_URL": settings.required_database_url,
            "GRIDPATROL_HOME": str(settings.home),
            "GRIDPATROL_PORT": str(port),
            "GRIDPATROL_LOG_LEVEL": "warning",
        },
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(process, address)
        yield address
    finally:
        end(process, Push(signal.SIGTERM, 20))


def wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + START_PATIENCE_S
    while True:
        assert process.poll() is None, "the server ended by itself"
        assert time.monotonic() < deadline, "the server does not become ready"
        try:
            if httpx.get(f"{address}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)


def test_the_tour_of_the_readme_prints_what_the_readme_shows(url: str) -> None:
    stops = tour_in(ROOT / "README.md")
    assert len(stops) > 4
    for stop, printed in zip(stops, walk(stops, url), strict=True):
        assert shape_of(printed) == shape_of(stop.shown), stop.commands


def test_the_commands_of_the_api_guide_run(url: str) -> None:
    stops = tour_in(ROOT / "docs" / "api-guide.md")
    for stop, printed in zip(stops, walk(stops, url), strict=True):
        assert shape_of(printed) == shape_of(stop.shown), stop.commands


def test_the_commands_of_the_phone_print_what_its_readme_shows(url: str) -> None:
    stops = tour_in(ROOT / "examples" / "phone" / "README.md")
    assert len(stops) > 3
    for stop, printed in zip(stops, walk(stops, url), strict=True):
        assert shape_of(printed) == shape_of(stop.shown), stop.commands


def test_the_python_tour_walks_the_whole_job(url: str) -> None:
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "examples/tour.py", "--url", url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for words in (
        "assigned to cityscape",
        "sent twice  still E0406-",
        "409 version_conflict",
        "403 not_your_step",
        "checked     closed",
        "report > file > dispatch > accept > rectify > pass_check; unchanged: True",
        "Cityscape Bureau: 1",
    ):
        assert words in done.stdout
