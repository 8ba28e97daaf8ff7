"""What the answers weigh that phones ask for, plain and packed, and what packing costs beside making them.

    python -m bench sizes [--json]

The demo's month on the demo street, and 440 varied reports more, asked through the application in this process. Each
answer is asked for in turn plain and packed, so that both meet the same load; processor time is the least of the
rounds, with what the client here does, and of the batch that of sending it again.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import update
from sqlmodel import col

from api.adapters.files import open_store
from api.db import Database
from api.demo import load_tickets
from api.models import Category, Policy
from api.settings import Settings
from bench.street import bench_street, caller_of, open_app, sign_in
from bench.varied import batch_of, file_reports, varied_reports

CODINGS = ("identity", "gzip", "br", "zstd")
ROUNDS = 9
OFFICERS = ("officer01", "officer05", "officer12", "officer20")
OTHERS = ("member-cityscape", "dispatcher", "admin")

Ask = Callable[[str], Awaitable[httpx.Response]]
"""Asks once, accepting this coding."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its bytes by coding, and the processor's milliseconds for making and packing it."""

    name: str
    sent_bytes: Mapping[str, int]
    busy_ms: Mapping[str, float]


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench sizes", description="What answers weigh, and what packing them costs."
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    options = parser.parse_args(arguments)
    with bench_street() as settings:
        answers = asyncio.run(_measure(settings))
    if options.json:
        print(json.dumps([asdict(one) for one in answers], indent=2, ensure_ascii=False))
        return
    print("| answer | plain kB | gzip kB | brotli kB | zstd kB | plain ms | gzip ms | brotli ms | zstd ms |")
    print("|---|" + "---|" * 8)
    for one in answers:
        sizes = [f"{one.sent_bytes[coding] / 1000:.1f}" for coding in CODINGS]
        times = [f"{one.busy_ms[coding]:.1f}" for coding in CODINGS]
        print(f"| {one.name} | {' | '.join([*sizes, *times])} |")


async def _measure(settings: Settings) -> list[Answer]:
    now, zone = datetime.now(UTC), ZoneInfo(settings.time_zone)
    database = Database(settings.required_database_url)
    async with database.write() as session:
        await load_tickets(session, open_store(settings.files_location), now)
    async with open_app(settings) as app, AsyncExitStack() as clients:
        people = {
            name: await clients.enter_async_context(caller_of(app, await sign_in(app, name)))
            for name in (*OFFICERS, *OTHERS)
        }
        reports = varied_reports(now, zone, 240)
        for number, name in enumerate(OFFICERS):
            await file_reports(people[name], reports[number :: len(OFFICERS)], f"bench-{number}")
        answers = await _of_work(people, varied_reports(now, zone, 200, seed=2))
        answers += await _of_the_catalogue(people["officer01"], database)
    await database.close()
    return answers


async def _of_work(
    people: Mapping[str, httpx.AsyncClient], more: Sequence[tuple[UUID, dict[str, Any]]]
) -> list[Answer]:
    officer, member, desk = people["officer05"], people["member-cityscape"], people["dispatcher"]
    queue = await member.get("/v1/queue?limit=50")
    ticket = queue.json()["items"][0]["id"]
    batch = batch_of(more, "bench-batch")

    async def send(coding: str) -> httpx.Response:
        return await officer.post("/v1/sync", json=batch, headers={"Accept-Encoding": coding})

    return [
        await _answer("a unit's queue, 50 tickets", _reading(member, "/v1/queue?limit=50")),
        await _answer("the desk's list, 50 tickets in all states", _reading(desk, "/v1/tickets?limit=50")),
        await _answer("one ticket", _reading(member, f"/v1/tickets/{ticket}")),
        await _answer("changes from the start, a page of 50", _reading(member, "/v1/changes?limit=50")),
        await _answer("a batch of 200 reports, answered", send),
        await _answer("who I am", _reading(officer, "/v1/me")),
    ]


async def _of_the_catalogue(officer: httpx.AsyncClient, database: Database) -> list[Answer]:
    whole = _reading(officer, "/v1/catalog")
    stamp = (await whole("identity")).json()["stamp"]
    since = _reading(officer, f"/v1/catalog?since={stamp}")
    answers = [
        await _answer("the catalogue", whole),
        await _answer("the same since a stamp: nothing changed", since),
    ]
    async with database.write() as session:
        renamed = update(Category).where(col(Category.code) == "E0406").values(minor_zh="店外摆摊经营")
        await session.execute(renamed)
    answers.append(await _answer("the same since a stamp: one class changed", since))
    async with database.write() as session:
        await session.merge(Policy(key="close_after_check", value=False))
    answers.append(await _answer("the same since a stamp: that, and the lifecycle", since))
    return answers


def _reading(caller: httpx.AsyncClient, path: str) -> Ask:
    async def read(coding: str) -> httpx.Response:
        return await caller.get(path, headers={"Accept-Encoding": coding})

    return read


async def _answer(name: str, ask: Ask) -> Answer:
    sent: dict[str, int] = {}
    busy: dict[str, float] = {}
    for _ in range(ROUNDS):
        for coding in CODINGS:
            began = time.process_time()
            answer = await ask(coding)
            spent = (time.process_time() - began) * 1000
            answer.raise_for_status()
            sent[coding] = int(answer.headers["content-length"])
            busy[coding] = min(spent, busy.get(coding, spent))
    return Answer(name, sent, busy)
