"""A street of its own for each measurement: a database that is made, filled, and dropped again."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import psycopg
from fastapi import FastAPI
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from api import migrate
from api.adapters.passwords import hash_password
from api.app import create_app
from api.db import Database
from api.deps import Wiring
from api.services.demo_files import read_street
from api.services.demo_street import store_street
from api.settings import DEMO_PASSWORD, Settings

SERVER = "GRIDPATROL_TEST_DATABASE_URL"

TOKEN_TTL_S = 3600
"""A measurement is over long before."""


@contextmanager
def bench_street() -> Generator[Settings]:
    """Make a database with the demo street and no tickets; yield the settings to use it with; drop it.

    Exits with a sentence when no server is named by GRIDPATROL_TEST_DATABASE_URL.
    """
    server = os.environ.get(SERVER)
    if not server:
        raise SystemExit(f"{SERVER} is not set: run `make bench`, or gridpatrol testdb -- python -m bench")
    url, name = make_url(server), f"bench_{uuid4().hex[:12]}"
    maintenance = url.set(drivername="postgresql").render_as_string(hide_password=False)
    database_url = url.set(database=name).render_as_string(hide_password=False)
    with tempfile.TemporaryDirectory(prefix="gridpatrol-bench-") as home:
        _run(maintenance, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            settings = Settings(
                demo=True,
                database_url=database_url,
                home=Path(home),
                token_key=SecretStr(uuid4().hex + uuid4().hex),
                access_token_ttl_s=TOKEN_TTL_S,
            )
            migrate.upgrade(settings)
            asyncio.run(_fill(settings))
            yield settings
        finally:
            _run(maintenance, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def connect(settings: Settings) -> psycopg.Connection:
    """Open a plain connection that commits by itself."""
    return psycopg.connect(plain_url(settings), autocommit=True)


def plain_url(settings: Settings) -> str:
    """Return the database's URL as libpq reads it."""
    url = make_url(settings.required_database_url)
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncGenerator[FastAPI]:
    """Build the application in this process, without a server, for preparing and for looking inside."""
    app = create_app(settings)
    yield app
    wiring: Wiring = app.state.wiring
    await wiring.database.close()


def caller_of(app: FastAPI, token: str | None = None) -> httpx.AsyncClient:
    """Return a client of an application in this process."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://bench",
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )


async def sign_in(app: FastAPI, username: str) -> str:
    """Return an access token of a demo person."""
    form = {"grant_type": "password", "username": username, "password": DEMO_PASSWORD}
    async with caller_of(app) as nobody:
        answer = await nobody.post("/v1/auth/token", data=form)
        answer.raise_for_status()
        return answer.json()["access_token"]


async def _fill(settings: Settings) -> None:
    database = Database(settings.required_database_url)
    async with database.write() as session:
        password_hash = await hash_password(DEMO_PASSWORD)
        now, zone = datetime.now(UTC), ZoneInfo(settings.time_zone)
        await store_street(session, read_street(), password_hash, now, zone)
    await database.close()


def _run(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
