"""Server-sent events across processes: two of the API, one worker, as they run in a city."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from api.adapters.processes import Push, end
from api.settings import DEMO_PASSWORD, PREFIX
from tests.conftest import Server

PATIENCE_S = 30.0
STALL: dict[str, Any] = {
    "category": "E0406",
    "condition": 1,
    "description": "水果摊占用人行道",
    "place": {"longitude": 116.41024, "latitude": 39.91640, "crs": "gcj02", "accuracy_m": 8.5},
}


@dataclass
class City:
    """What runs: two processes of the API, by their addresses, and a worker."""

    environment: dict[str, str]
    addresses: list[str]
    tokens: dict[str, str]
    worker: subprocess.Popen[bytes] = field(init=False)

    def run(self, *command: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a command of ours."""
        return subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "api.cli", *command], env=self.environment | more
        )

    def sign_in(self, username: str) -> str:
        """Sign somebody in anew; return the access token."""
        form = {"grant_type": "password", "username": username, "password": DEMO_PASSWORD}
        answer = httpx.post(f"{self.addresses[0]}/v1/auth/token", data=form)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def token(self, username: str) -> str:
        """Return a token of somebody who stays signed in."""
        if username not in self.tokens:
            self.tokens[username] = self.sign_in(username)
        return self.tokens[username]

    def report(self) -> str:
        """File a report; return the ticket's id."""
        report_id = str(uuid4())
        observed_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        answer = httpx.put(
            f"{self.addresses[0]}/v1/reports/{report_id}",
            json={**STALL, "observed_at": observed_at},
            headers={"Authorization": f"Bearer {self.token('officer01')}"},
        )
        assert answer.status_code == 201, answer.text
        return report_id


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@contextmanager
def serving(city: City, port: int) -> Generator[subprocess.Popen[bytes]]:
    """Serve the API on a port until the block ends."""
    process = city.run("serve", **{f"{PREFIX}PORT": str(port)})
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the API did not start"
            time.sleep(0.05)
        yield process
    finally:
        end(process, Push(signal.SIGTERM, 20))


@pytest.fixture(scope="module")
def city(server: Server, demo_street: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    name = server.create(demo_street)
    environment = os.environ | {
        f"{PREFIX}DEMO": "true",
        f"{PREFIX}DATABASE_URL": server.url_of(name),
        f"{PREFIX}HOME": str(tmp_path_factory.mktemp("home")),
        f"{PREFIX}LOG_LEVEL": "warning",
    }
    ports = free_port(), free_port()
    city = City(environment, [f"http://127.0.0.1:{port}" for port in ports], {})
    migrated = city.run("migrate")
    assert migrated.wait(PATIENCE_S) == 0
    with serving(city, ports[0]), serving(city, ports[1]):
        city.worker = city.run("worker")
        yield city
        end(city.worker, Push(signal.SIGTERM, 20))
    server.drop(name)


@dataclass(frozen=True)
class Event:
    """One event as it came, and when."""

    name: str
    data: Any
    id: str | None
    at: float


@contextmanager
def listening(
    address: str, token: str, last_id: str | None = None, **query: str
) -> Generator[Iterator[Event]]:
    """Listen to the events of one process."""
    headers = {"Authorization": f"Bearer {token}"}
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    with (
        httpx.Client(timeout=PATIENCE_S) as client,
        client.stream("GET", f"{address}/v1/events", headers=headers, params=query) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        yield events_of(answer)


def events_of(answer: httpx.Response) -> Iterator[Event]:
    """Read events as browsers do; comments and retries are none."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            data = orjson.loads(fields["data"])
            yield Event(fields["event"], data, fields.get("id"), time.monotonic())
        fields = {}


def until_complete(events: Iterator[Event]) -> list[Event]:
    """Return what is told until everything was told, that event included."""
    found: list[Event] = []
    for event in events:
        found.append(event)
        if event.name == "complete":
            return found
    raise AssertionError("the stream ended")


def next_change(events: Iterator[Event], ticket_id: str) -> Event:
    """Return the next event about a ticket."""
    return next(event for event in events if event.name == "change" and event.data["id"] == ticket_id)


def test_a_change_reaches_listeners_on_every_process_within_a_second(city: City) -> None:
    unit, desk = city.token("member-cityscape"), city.token("dispatcher")
    with listening(city.addresses[0], unit) as first, listening(city.addresses[1], desk) as second:
        until_complete(first)
        until_complete(second)
        waits: list[float] = []
        for _ in range(5):
            ticket_id = city.report()
            filed_at = time.monotonic()
            arrived = [next_change(events, ticket_id) for events in (first, second)]
            assert all(event.data["body"]["id"] == ticket_id for event in arrived)
            waits.append(max(event.at for event in arrived) - filed_at)
        assert sorted(waits)[2] < 1.0, waits


def test_who_comes_back_with_the_last_id_misses_nothing_and_hears_nothing_twice(city: City) -> None:
    token = city.token("member-cityscape")
    with listening(city.addresses[0], token) as events:
        last_id = until_complete(events)[-1].id
    missed = [city.report() for _ in range(2)]
    with listening(city.addresses[1], token, last_id) as events:
        told = until_complete(events)
        if len(told) == 1:  # they were not settled yet
            told = [next_change(events, ticket_id) for ticket_id in missed]
        changes = [event.data["id"] for event in told if event.name == "change"]
    assert changes[:2] == missed
    with listening(city.addresses[0], token, told[-1].id) as events:
        assert [event.name for event in until_complete(events)] == ["complete"]


def test_the_feed_and_the_stream_take_each_others_cursors(city: City) -> None:
    token = city.token("officer01")
    headers = {"Authorization": f"Bearer {token}"}
    page = httpx.get(f"{city.addresses[0]}/v1/changes", headers=headers).json()
    with listening(city.addresses[1], token, since=page["next"]) as events:
        last = until_complete(events)[-1]
    answer = httpx.get(f"{city.addresses[0]}/v1/changes", headers=headers, params={"since": str(last.id)})
    assert answer.status_code == 200


def test_a_sign_in_that_is_ended_ends_its_streams(city: City) -> None:
    token = city.sign_in("supervisor")
    with listening(city.addresses[1], token) as events:
        until_complete(events)
        asked_at = time.monotonic()
        answer = httpx.post(
            f"{city.addresses[0]}/v1/auth/revoke", data={"token": token, "token_type_hint": "access_token"}
        )
        assert answer.status_code == 200, answer.text
        assert all(event.name == "change" for event in events), "nothing but an end"
        assert time.monotonic() - asked_at < 5


def test_a_worker_that_was_killed_is_followed_by_another(city: City) -> None:
    waiting = city.run("worker")
    with listening(city.addresses[0], city.token("member-cityscape")) as events:
        until_complete(events)
        city.worker.kill()
        city.worker.wait(PATIENCE_S)
        city.worker = waiting
        next_change(events, city.report())


def test_a_process_that_is_asked_to_end_ends_its_streams_at_once(city: City) -> None:
    port = free_port()
    token = city.token("dispatcher")
    with serving(city, port) as process, listening(f"http://127.0.0.1:{port}", token) as events:
        until_complete(events)
        asked_at = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert all(event.name == "change" for event in events)
        assert process.wait(PATIENCE_S) in {0, -signal.SIGTERM}
        assert time.monotonic() - asked_at < 5, "it did not wait for the stream"


def test_a_stream_that_can_not_begin_is_a_problem(city: City) -> None:
    headers = {"Authorization": f"Bearer {city.token('dispatcher')}", "Last-Event-ID": "nothing of ours"}
    answer = httpx.get(f"{city.addresses[0]}/v1/events", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_wrong")
    assert httpx.get(f"{city.addresses[0]}/v1/events").status_code == 401


def test_a_restored_database_is_told_to_who_comes_back(city: City) -> None:
    token = city.token("dispatcher")
    with listening(city.addresses[0], token) as events:
        last_id = until_complete(events)[-1].id
        assert city.run("migrate", "--restored").wait(PATIENCE_S) == 0
        city.report()
        resync = next(event for event in events if event.name == "resync")
        assert resync.data["code"] == "resync_needed"
        assert list(events) == [], "and then it ends"
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(last_id)}
    assert httpx.get(f"{city.addresses[0]}/v1/events", headers=headers).status_code == 410
