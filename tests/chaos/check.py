"""The audit afterwards: what phones were told, what was made, and what the city has in the end.

It holds the crew's journal, the phones, the tables and the files against each other, and believes none of them alone.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

from api.adapters.files import FileStore
from api.db import Database
from api.recompute import recompute_tickets
from api.services.photos import sweep_orphan_files
from api.services.uploads import purge_uploads, sweep_orphan_parts
from api.settings import Settings
from api.verify import verify_histories
from gridphone import MirrorTicket, OutboxItem
from tests.chaos.crew import Hand
from tests.chaos.findings import Fault, Findings
from tests.chaos.journal import Journal, Made
from tests.chaos.office import Office
from tests.chaos.truth import Event, Truth
from tests.following import lasting

LONG_AFTER = timedelta(days=40)
"""When the worker's sweeps are done with whatever is younger than a day, and with uploads that nobody finished."""

REASONS = {
    "version_conflict",
    "step_refused",
    "not_your_step",
    "after_refused",
    "not_found",
    "window_closed",
} | {
    "limit_reached",
    "pinned",
    "wait_expired",
}
"""Why a step may be refused here: somebody else was faster, or the ticket has left the person's sight."""


def check_phones(findings: Findings, journal: Journal, items: Mapping[UUID, OutboxItem]) -> None:
    """Hold what all phones have against the journal."""
    for item in items.values():
        named = f"{item.kind} {item.id}"
        findings.expect(
            item.state in {"stored", "refused"}, Fault.STUCK, f"{named} is still {item.state}: {item.problem}"
        )
        if item.state == "refused":
            findings.expect(_is_fair(item), Fault.LOSS, f"{named} was refused without need: {item.problem}")
    for made in journal.made.values():
        item = items.get(made.id)
        if item is None:
            findings.add(
                Fault.LOSS, f"the phone of {made.username} has lost {made.action or 'report'} {made.id}"
            )
            continue
        kept = frozenset(items[photo_id].body["sha256"] for photo_id in item.photo_ids if photo_id in items)
        findings.expect(kept == made.sha256s, Fault.LOSS, f"the phone has lost photos of {made.id}")
    for item_id in journal.told:
        state = items[item_id].state if item_id in items else "gone"
        findings.expect(state == "stored", Fault.LOSS, f"{item_id} was told to be stored and is now {state}")


def _is_fair(item: OutboxItem) -> bool:
    """Tell whether an item was refused for a reason that there is here; reports, photos and tracks never are.

    Shifts, check-ins and tasks are judged with what they were about (`check_patrol`, `check_tasks`).
    """
    if item.kind in {"shift", "checkin", "task"}:
        return True
    problem = item.problem or {}
    # A class corrected twice before the first answer came: the second time there may be nothing left to correct.
    was_correct = problem.get("missing") == ["correction"]
    return item.kind == "step" and (problem.get("code") in REASONS or was_correct)


def check_stored(
    findings: Findings, journal: Journal, items: Mapping[UUID, OutboxItem], truth: Truth
) -> None:
    """Everything that phones were told is there exactly once, and nothing else is."""
    _check_reports(findings, journal, items, truth)
    _check_photos(findings, journal, items, truth)
    _check_steps(findings, journal, items, truth)


def _check_reports(
    findings: Findings, journal: Journal, items: Mapping[UUID, OutboxItem], truth: Truth
) -> None:
    made = {report.id: report for report in journal.reports()}
    for report in made.values():
        if report.id not in items or items[report.id].state != "stored":
            findings.expect(
                report.id not in truth.reports, Fault.LOSS, f"report {report.id} is there, but no phone knows"
            )
            continue
        row, ticket = truth.reports.get(report.id), truth.tickets.get(report.id)
        if row is None or ticket is None or row.description != report.mark:
            findings.add(
                Fault.LOSS, f"report {report.id} was told to be stored, and is not there as it was made"
            )
            continue
        findings.expect(
            not row.awaited_photo_ids,
            Fault.STUCK,
            f"report {report.id} waits for photos that are stored: {row.awaited_photo_ids}",
        )
    findings.expect(
        truth.reports.keys() <= made.keys() and truth.tickets.keys() <= made.keys(),
        Fault.DOUBLE,
        f"reports or tickets that nobody made: {(truth.reports.keys() | truth.tickets.keys()) - made.keys()}",
    )
    for mark, count in Counter(ticket.description for ticket in truth.tickets.values()).items():
        findings.expect(count == 1, Fault.DOUBLE, f"{count} tickets of one report ({mark})")


def _check_photos(
    findings: Findings, journal: Journal, items: Mapping[UUID, OutboxItem], truth: Truth
) -> None:
    made_sha256s = {sha256 for made in journal.made.values() for sha256 in made.sha256s}
    for photo in (item for item in items.values() if item.kind == "photo"):
        row = truth.photos.get(photo.id)
        if photo.state != "stored":
            continue
        if row is None:
            findings.add(Fault.LOSS, f"photo {photo.id} was told to be stored and is not there")
            continue
        found = {row.sha256, truth.original_sha256s.get(photo.id)}
        is_right = found == {photo.body["sha256"]} <= made_sha256s
        findings.expect(is_right, Fault.LOSS, f"photo {photo.id} is not the one that was taken: {found}")
    unknown = truth.photos.keys() - items.keys()
    findings.expect(not unknown, Fault.DOUBLE, f"photos that nobody took: {unknown}")
    for sha256, count in Counter(row.sha256 for row in truth.photos.values()).items():
        findings.expect(count == 1, Fault.DOUBLE, f"{count} photos of one picture ({sha256})")
    for made in journal.made.values():
        item = items.get(made.id)
        if item is not None and item.state == "stored":
            ticket = truth.tickets.get(made.ticket_id)
            owner = (ticket.merged_into_id or ticket.id) if ticket else None
            for photo_id in item.photo_ids:
                row = truth.photos.get(photo_id)
                findings.expect(
                    row is not None and row.ticket_id == owner,
                    Fault.LOSS,
                    f"photo {photo_id} does not belong to ticket {made.ticket_id}",
                )


def _check_steps(
    findings: Findings, journal: Journal, items: Mapping[UUID, OutboxItem], truth: Truth
) -> None:
    by_mark: dict[str, list[Event]] = {}
    for event in truth.events:
        if event.username is not None and event.seq > 1:
            by_mark.setdefault(event.note, []).append(event)
    for step in journal.steps():
        events = by_mark.pop(step.mark, [])
        item = items.get(step.id)
        if item is not None and item.state == "stored":
            findings.expect(bool(events), Fault.LOSS, f"{_named(step)} was told to be taken, and was not")
            findings.expect(
                truth.keys.get(str(step.id)) == step.ticket_id,
                Fault.LOSS,
                f"{_named(step)} is not remembered by its key",
            )
            findings.expect(
                all(_is_as_made(event, step, item) for event in events),
                Fault.LOSS,
                f"{_named(step)} was not taken as it was made",
            )
        else:
            findings.expect(not events, Fault.DOUBLE, f"{_named(step)} was refused, and was taken")
        findings.expect(len(events) < 2, Fault.DOUBLE, f"{_named(step)} was taken {len(events)} times")
    findings.expect(not by_mark, Fault.DOUBLE, f"steps that nobody took: {list(by_mark.values())[:3]}")


def _is_as_made(event: Event, step: Made, item: OutboxItem) -> bool:
    photo_ids = tuple(item.photo_ids)
    told = (event.ticket_id, event.action, event.username, event.photo_ids)
    return told == (step.ticket_id, step.action, step.username, photo_ids)


def _named(step: Made) -> str:
    return f"{step.action} {step.id} of {step.username}"


def check_histories(findings: Findings, truth: Truth) -> None:
    """Each ticket's events are 1, 2, 3 ... and its version is the last of them."""
    seqs = {
        ticket_id: [event.seq for event in events]
        for ticket_id, events in groupby(truth.events, lambda event: event.ticket_id)
    }
    for ticket_id, ticket in truth.tickets.items():
        found = seqs.get(ticket_id, [])
        findings.expect(
            found == list(range(1, ticket.history_count + 1)) and ticket.version == ticket.history_count,
            Fault.BROKEN,
            f"ticket {ticket_id} is at version {ticket.version} with the events {found}",
        )


async def check_files(
    findings: Findings, truth: Truth, database: Database, files: FileStore
) -> dict[str, int]:
    """Every row has its files; when the worker's sweeps have been, no file is without a row. Return what they took."""
    needed = {key for photo_id in truth.photos for key in truth.files_of(photo_id)}
    needed |= truth.part_keys
    gone = needed - truth.file_keys
    findings.expect(not gone, Fault.LEFT_OVER, f"{len(gone)} rows have no file: {sorted(gone)[:5]}")
    later = datetime.now(UTC) + LONG_AFTER
    swept = {
        "unfinished uploads": await purge_uploads(database, files, later),
        "files of photos": await sweep_orphan_files(database, files, later),
        "files of uploads": await sweep_orphan_parts(database, files, later),
    }
    left = {file.key async for file in files.files()}
    photos = needed - truth.part_keys
    orphans = left - photos
    findings.expect(not orphans, Fault.LEFT_OVER, f"{len(orphans)} orphans: {sorted(orphans)[:5]}")
    findings.expect(photos <= left, Fault.LOSS, f"the sweep took what rows name: {sorted(photos - left)[:5]}")
    return swept


async def check_mirrors(findings: Findings, hands: Sequence[Hand], office: Office) -> None:
    """Each phone shows what its person would see who begins anew, and what the plain list shows."""
    few = asyncio.Semaphore(4)

    async def check(hand: Hand) -> None:
        async with few:
            username = hand.person.username
            fresh, listed = await office.views(username)
            held = {str(ticket.id): ticket for ticket in hand.phone.tickets()}
            for ticket_id in held.keys() | fresh.keys() | listed.keys():
                wrong = _difference(held.get(ticket_id), fresh.get(ticket_id), listed.get(ticket_id))
                if wrong:
                    findings.add(Fault.ASTRAY, f"{hand.person.device_id}, ticket {ticket_id}: {wrong}")
            if hand.person.role == "officer":
                shown = {ticket.body["task"]["id"]: str(ticket.id) for ticket in hand.phone.tasks.open()}
                asked = {
                    task["id"]: task["ticket"]["id"] for task in await office.read(username, "/v1/tasks")
                }
                wrong = f"has the tasks {asked}, and her phone shows {shown}"
                findings.expect(shown == asked, Fault.ASTRAY, f"{hand.person.device_id} {wrong}")

    await asyncio.gather(*map(check, hands))


def _difference(held: MirrorTicket | None, fresh: dict[str, object] | None, listed: int | None) -> str | None:
    if held is None or fresh is None or listed is None:
        seen = {"phone": held is not None, "snapshot": fresh is not None, "list": listed is not None}
        return f"who has it: {seen}"
    if not held.version == fresh["version"] == listed:
        return f"versions {held.version}, {fresh['version']}, {listed}"
    mine, true = lasting(held.body), lasting(fresh)
    parts = [name for name in mine.keys() | true.keys() if mine.get(name) != true.get(name)]
    return f"differs in {parts}" if parts else None


async def check_ledger(findings: Findings, settings: Settings) -> None:
    """Hold the hash chains, and the due times against those that the ledger gives, as our own commands do."""
    verified = await verify_histories(settings, None)
    findings.expect(not verified.broken, Fault.BROKEN, f"histories are broken: {verified.broken[:5]}")
    summary = await recompute_tickets(settings, None, is_dry_run=True)
    is_consistent = not summary.changed and not summary.adjusted
    findings.expect(is_consistent, Fault.BROKEN, f"the ledger gives other due times: {summary}")
