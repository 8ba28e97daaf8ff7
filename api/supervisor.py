"""The demo in one command: a database, the street, the API and the worker, all ended together."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType

from rich.console import Console
from rich.table import Table

from api.adapters.embedded import cluster_user, private_cluster
from api.adapters.processes import Push, end, tied_to_us
from api.settings import DEMO_PASSWORD, PREFIX, Settings

DATABASE = "gridpatrol"
POLL_S = 0.05
READY_PATIENCE_S = 60.0
STOP = (Push(signal.SIGTERM, 15),)
"""Open requests and running jobs may finish; both programs give up earlier by themselves."""

UNIT_CODES = (
    "cityscape",
    "sanitation",
    "municipal",
    "greening",
    "traffic",
    "construction",
    "market",
    "water",
    "power",
    "telecom",
    "street",
    "property",
)


class DemoFailed(Exception):  # noqa: N818  a sentence for the person who starts the program
    """The demo could not start or go on; `exit_code` is what the program should end with."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class StopAsked(Exception):  # noqa: N818  not an error: somebody wants us to end
    """SIGINT, SIGTERM or SIGHUP has arrived."""


def run_demo(settings: Settings, console: Console) -> None:
    """Serve the demo until a signal asks to stop; return when everything has ended.

    With `settings.database_url` that database is used; else a private one under `settings.home`. Raises
    `DemoFailed` when a part does not start or ends by itself, and what `private_cluster` raises.
    """
    address = settings.local_address
    with _noted_signals() as check_signals, ExitStack() as undo:
        try:
            _refuse_taken_port(settings, address)
            started = time.monotonic()
            database_url = settings.database_url
            children: dict[str, subprocess.Popen[bytes]] = {}
            if database_url is None:
                console.print(
                    f"Database: a private PostgreSQL with PostGIS under {settings.home / 'postgres'} ..."
                )
                cluster = undo.enter_context(private_cluster(settings.home, f"GridPatrol at {address}"))
                children["database"] = cluster.process
                database_url = cluster.create_database(DATABASE)
            check_signals()
            environment = _environment(settings, database_url)
            console.print("Tables and the demo street (the first start takes a little longer) ...")
            preparation = undo.enter_context(_child("migrate", "--demo", environment=environment))
            _wait(preparation, check_signals)
            children["API"] = undo.enter_context(_child("serve", environment=environment))
            _wait_until_ready(settings, children, check_signals)
            # Only now, so that it does not compete with the start that somebody is waiting for.
            children["worker"] = undo.enter_context(_child("worker", environment=environment))
            _welcome(console, address, time.monotonic() - started)
            while True:
                _refuse_dead(children)
                check_signals()
                time.sleep(POLL_S)
        except StopAsked:
            console.print("\nStopping ...")
            undo.close()
            console.print("Stopped.")


@contextmanager
def _noted_signals() -> Generator[Callable[[], None]]:
    """Note signals instead of dying of them, so that nothing is left half started; yield the check for them.

    A handler that raised could do so between the start of a program and the note that it was started.
    """
    noted: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        noted.append(number)

    def check() -> None:
        if noted:
            raise StopAsked

    former = {
        number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield check
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def _child(*arguments: str, environment: Mapping[str, str]) -> Generator[subprocess.Popen[bytes]]:
    """Run a command of ours until the block ends, in a session of its own: Ctrl-C reaches us only."""
    process = subprocess.Popen(  # noqa: S603  our own program
        tied_to_us([sys.executable, "-m", "api.cli", *arguments], signal.SIGTERM),
        stdin=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process, *STOP)


def _environment(settings: Settings, database_url: str) -> dict[str, str]:
    """Return the children's variables: the same settings; for a private database no `PG...` variables."""
    private = settings.database_url is None
    kept = {name: value for name, value in os.environ.items() if not (private and name.startswith("PG"))}
    kept.setdefault(f"{PREFIX}LOG_LEVEL", "warning")  # the terminal of the demo is for people
    return kept | {
        f"{PREFIX}DEMO": "true",
        f"{PREFIX}HOME": str(settings.home),
        f"{PREFIX}DATABASE_URL": database_url,
        f"{PREFIX}TOKEN_KEY": settings.token_key.get_secret_value(),
    }


def _refuse_taken_port(settings: Settings, address: str) -> None:
    """Say before anything is started that the port is taken, and whether by this very home's demo."""
    family, kind, protocol, _, place = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(place)
            attempt.listen()
        except OSError as error:
            if holder := cluster_user(settings.home):
                raise DemoFailed(f"{settings.home} is already in use by {holder}.") from None
            raise DemoFailed(
                f"{address} can't be served ({error.strerror}): set GRIDPATROL_PORT to another port,"
                " for example `GRIDPATROL_PORT=8001 make run`."
            ) from None


def _wait(process: subprocess.Popen[bytes], check_signals: Callable[[], None]) -> None:
    while process.poll() is None:
        check_signals()
        time.sleep(POLL_S)
    if process.returncode != 0:
        raise DemoFailed("The database could not be prepared; the reason stands above.", _code(process))


def _wait_until_ready(
    settings: Settings, children: Mapping[str, subprocess.Popen[bytes]], check_signals: Callable[[], None]
) -> None:
    deadline = time.monotonic() + READY_PATIENCE_S
    answer = "no answer"
    while time.monotonic() < deadline:
        _refuse_dead(children)
        check_signals()
        answer = readiness(settings)
        if answer == "ready":
            return
        time.sleep(POLL_S)
    raise DemoFailed(f"The API did not become ready within {READY_PATIENCE_S:.0f} s: {answer}.")


def readiness(settings: Settings) -> str:
    """Ask `/readyz` of the API of these settings; return `ready` or what it answered instead."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  where to ask
    connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read(2000)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error})"
    finally:
        connection.close()
    return "ready" if answer.status == http.client.OK else f"{answer.status} {body.decode(errors='replace')}"


def _refuse_dead(children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for name, process in children.items():
        if process.poll() is not None:
            raise DemoFailed(
                f"The {name} ended by itself ({_ending(process)}); all is stopped.", _code(process)
            )


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _code(process: subprocess.Popen[bytes]) -> int:
    """Return the exit code for us that says the same: never 0; 128 + its number for a signal."""
    code = process.returncode
    return 128 - code if code < 0 else code or 1


def _welcome(console: Console, address: str, seconds: float) -> None:
    people = Table(box=None, pad_edge=False, header_style="bold")
    people.add_column("sign in as")
    people.add_column("who")
    for name, who in (
        ("admin", "administrator 系统管理员"),
        ("dispatcher", "dispatcher 受理员"),
        ("supervisor", "supervisor 督查"),
        ("officer01 ... officer32", "grid officers 网格员, two in each community"),
        ("lead-<unit>, member-<unit>", "unit leads and members 责任单位"),
    ):
        people.add_row(name, who)
    console.print()
    console.print(people)
    console.print(f"  <unit> is one of {', '.join(UNIT_CODES)}.", markup=False)
    console.print(f"  The password of all of them is {DEMO_PASSWORD}.\n")
    console.print(f"GridPatrol is ready after {seconds:.1f} s: [bold]{address}[/]")
    console.print(f"  try it   {address}/docs")
    console.print("  stop     Ctrl-C\n")
