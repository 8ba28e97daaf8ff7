"""What tests stand on: real databases, cloned from a prepared one for each test, and a clock that they turn.

`gridpatrol testdb -- pytest` sets GRIDPATROL_TEST_DATABASE_URL to a superuser's URL of a throw-away server.
Nothing is mocked and nothing is rolled back: a test commits like a request does, into a database of its own.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import anyio
import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql
from sqlalchemy import insert, select
from sqlalchemy.engine import URL, make_url
from sqlmodel import col

from api import migrate
from api.adapters.passwords import hash_password
from api.app import create_app
from api.db import Database
from api.deps import Wiring, request_time
from api.models import Person, SignIn
from api.services.demo_files import read_street
from api.services.demo_street import store_street
from api.settings import DEMO_PASSWORD, Settings
from tests.bucket_server import BucketServer
from tests.described import describe

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY_MORNING = datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI).astimezone(UTC)
"""A plain working day with plain working days around it; 9:30 in Shanghai."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, as uvicorn does."""
    return "asyncio"


class Server:
    """A PostgreSQL server on which tests make databases."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._names = (f"test_{uuid4().hex[:12]}_{number}" for number in count())

    def url_of(self, name: str) -> str:
        """Return the URL of one of its databases."""
        return self._url.set(database=name).render_as_string(hide_password=False)

    def create(self, template: str = "template1") -> str:
        """Make a database; return its name."""
        name = next(self._names)
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def server() -> Server:
    """Return the server that the tests may use."""
    url = os.environ.get("GRIDPATROL_TEST_DATABASE_URL")
    if not url:
        pytest.exit(
            "GRIDPATROL_TEST_DATABASE_URL is not set: run `make test`, or gridpatrol testdb -- pytest"
        )
    return Server(make_url(url))


@pytest.fixture(scope="session")
def migrated(server: Server) -> Iterator[str]:
    """Name a database with tables and nothing in them."""
    name = server.create()
    migrate.upgrade(Settings(demo=True, database_url=server.url_of(name)))
    yield name
    server.drop(name)


@pytest.fixture(scope="session")
def demo_street(server: Server, migrated: str) -> Iterator[str]:
    """Name a database with the demo street: grids, classes, units, rules, people; no tickets."""
    name = server.create(migrated)
    anyio.run(_fill, server.url_of(name))
    yield name
    server.drop(name)


async def _fill(url: str) -> None:
    database = Database(url)
    async with database.write() as session:
        password_hash = await hash_password(DEMO_PASSWORD)
        await store_street(session, read_street(), password_hash, MONDAY_MORNING, SHANGHAI)
    await database.close()


@pytest.fixture(scope="session")
def buckets() -> Iterator[BucketServer]:
    """Return a server that speaks S3."""
    started = BucketServer()
    started.start()
    yield started
    started.kill()


@pytest.fixture
def bucket(buckets: BucketServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a bucket of the test's own, and let this process find its server."""
    for name, value in buckets.environment.items():
        monkeypatch.setenv(name, value)
    return buckets.bucket()


@pytest.fixture
def empty_url(server: Server, migrated: str) -> Iterator[str]:
    """Return the URL of an empty, migrated database of the test's own."""
    name = server.create(migrated)
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
async def database(empty_url: str) -> AsyncIterator[Database]:
    """Return an empty, migrated database of the test's own."""
    opened = Database(empty_url)
    yield opened
    await opened.close()


@pytest.fixture
def street_url(server: Server, demo_street: str) -> Iterator[str]:
    """Return the URL of a demo street of the test's own."""
    name = server.create(demo_street)
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def settings(street_url: str, tmp_path: Path) -> Settings:
    """Return the settings of a demo on the test's own street."""
    return Settings(demo=True, database_url=street_url, home=tmp_path)


@dataclass
class TurnedClock:
    """The time, as the test says."""

    now: datetime = MONDAY_MORNING

    async def read(self) -> datetime:
        """Stand in for the wall clock."""
        return self.now

    def turn(self, **by: float) -> None:
        """Let time pass: `turn(hours=2)`."""
        self.now += timedelta(**by)


@dataclass
class House:
    """The application on the test's own street, with its clock and its callers."""

    app: FastAPI
    clock: TurnedClock
    callers: dict[str, httpx.AsyncClient] = field(default_factory=dict[str, httpx.AsyncClient])

    @property
    def wiring(self) -> Wiring:
        """Return what the process holds."""
        return self.app.state.wiring

    @property
    def database(self) -> Database:
        """Return the street's database."""
        return self.wiring.database

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """Return a client of the application; every answer it gets is held against the description."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=True),
            base_url="http://gridpatrol.test",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            event_hooks={"response": [describe().check]},
        )

    async def caller(self, username: str) -> httpx.AsyncClient:
        """Return a client signed in as this demo person (without the cost of a password)."""
        if username not in self.callers:
            self.callers[username] = self.client(await self._token(username))
        return self.callers[username]

    async def _token(self, username: str) -> str:
        sign_in_id, now = uuid4(), self.clock.now
        async with self.database.write() as session:
            chosen = select(col(Person.id)).where(col(Person.username) == username)
            person_id = (await session.execute(chosen)).scalar_one()
            expires_at = now + timedelta(days=400)
            await session.execute(
                insert(SignIn).values(
                    id=sign_in_id, person_id=person_id, created_at=now, used_at=now, expires_at=expires_at
                )
            )
        # The clock may be turned far; the token must not be what ends.
        signer = type(self.wiring.tokens)(self.wiring.settings.token_key.get_secret_value(), 400 * 86_400)
        return signer.issue(sign_in_id, person_id, now)


@asynccontextmanager
async def opened_house(settings: Settings) -> AsyncGenerator[House]:
    """Open the application with these settings, Monday morning."""
    app = create_app(settings)
    turned = TurnedClock()
    app.dependency_overrides[request_time] = turned.read
    house = House(app, turned)
    yield house
    for caller in house.callers.values():
        await caller.aclose()
    await house.database.close()


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """Return the application on a demo street of the test's own, Monday morning."""
    async with opened_house(settings) as house:
        yield house
