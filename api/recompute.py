"""Compute anew when all open tickets are due: wiring for the command."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from api import clock
from api.db import Database
from api.domain.recomputation import Cause, Move, Summary
from api.domain.states import STATE_NAMES
from api.queries.ledgers import count_open_tickets
from api.queries.reference import ReferenceCache, load_reference
from api.services.recompute import LANES, Batch, Recomputation, examine_tickets
from api.settings import Settings


async def recompute_tickets(
    settings: Settings,
    console: Console | None,
    *,
    is_dry_run: bool,
    calendar_code: str | None = None,
) -> Summary:
    """Compute all open tickets anew, or only say what that would change; a bar of progress where a console is.

    With `calendar_code` only tickets whose time is counted in that calendar so far; NotConfigured when the
    office has none with this code.
    """
    database = Database(settings.required_database_url, pool_size=LANES)
    summary = Summary()
    with Progress(console=console, disable=console is None) as progress:
        bar = progress.add_task("open tickets", total=None)

        def count(batch: Batch) -> None:
            summary.add(batch.examined, batch.moves)
            progress.advance(bar, batch.examined)

        try:
            async with database.snapshot() as session:
                reference = await load_reference(session, settings.zone)
                if calendar_code is not None:
                    reference.calendar(calendar_code)
                else:
                    progress.update(bar, total=await count_open_tickets(session))
                if is_dry_run:
                    async for batch in examine_tickets(session, reference, clock.now(), calendar_code):
                        count(batch)
            if not is_dry_run:
                references = ReferenceCache(database, settings.zone)
                await Recomputation(database, references, clock.now, count, calendar_code).run()
        finally:
            await database.close()
    return summary


_COUNTS = ("examined", "changed", "later", "earlier", "now_unknown", "now_known", "adjusted")
_CAUSES = {Cause.LIMIT: "limit", Cause.CALENDAR: "other calendar", Cause.HOURS: "hours, holidays"}


def summary_json(summary: Summary, *, is_dry_run: bool) -> dict[str, Any]:
    """Return the summary for a script; instants are ISO 8601 in UTC."""
    return {
        "is_dry_run": is_dry_run,
        **{name: getattr(summary, name) for name in _COUNTS},
        "largest": [_move_json(move) for move in summary.largest],
        "examples": [_move_json(move) for move in summary.examples],
    }


def _move_json(move: Move) -> dict[str, Any]:
    return {
        "number": move.number,
        "state": move.state,
        "due_before": move.due_before.isoformat() if move.due_before else None,
        "due_at": move.due_at.isoformat() if move.due_at else None,
        "rule_before": move.rule_before,
        "rule": move.rule,
        "why": list(move.causes),
    }


def print_summary(summary: Summary, console: Console, zone: ZoneInfo, *, is_dry_run: bool) -> None:
    """Print the summary for people; times are the city's."""
    verb = "would be due" if is_dry_run else "are due"
    console.print(
        f"{summary.examined} open tickets looked at; {summary.changed} {verb} at another time:"
        f" {summary.later} later, {summary.earlier} earlier,"
        f" {summary.now_unknown} not known any more, {summary.now_known} known again."
    )
    if summary.adjusted:
        console.print(f"{summary.adjusted} more keep their due time and get another light or limit.")
    if summary.largest:
        console.print(_table("The largest moves", summary.largest, zone))
    if summary.examples:
        console.print(_table("The first ones", summary.examples, zone))
    if is_dry_run:
        console.print("Nothing was stored.")


def _table(title: str, moves: Sequence[Move], zone: ZoneInfo) -> Table:
    table = Table(
        "number", "state", "due so far", "due", "why", "measured by", title=title, title_justify="left"
    )
    for move in moves:
        table.add_row(
            move.number,
            STATE_NAMES[move.state][1],
            _written(move.due_before, zone),
            _written(move.due_at, zone),
            ", ".join(_CAUSES[cause] for cause in move.causes),
            move.rule if move.rule == move.rule_before else f"{move.rule} (was {move.rule_before})",
        )
    return table


def _written(instant: datetime | None, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}" if instant else "unknown"
