"""Verify the histories of all tickets: wiring for the command."""

from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from api.db import Database
from api.queries.histories import Verified, count_tickets, verify_all
from api.settings import Settings


@dataclass(frozen=True, slots=True)
class Verification:
    """How many histories were looked at, and which of them do not hold."""

    tickets: int
    broken: list[Verified]


async def verify_histories(settings: Settings, console: Console | None) -> Verification:
    """Look at every ticket's history, with a bar of progress where there is a console."""
    database = Database(settings.required_database_url, pool_size=1)
    seen, broken = 0, list[Verified]()
    try:
        async with database.snapshot() as session:
            with Progress(console=console, disable=console is None) as progress:
                bar = progress.add_task("histories", total=await count_tickets(session))
                async for verified in verify_all(session):
                    seen += 1
                    if verified.broken_at is not None:
                        broken.append(verified)
                    progress.advance(bar)
    finally:
        await database.close()
    return Verification(seen, broken)
