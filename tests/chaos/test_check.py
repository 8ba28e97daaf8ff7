"""The audit of the chaos test notices what it is there for: each kind of loss and of double, made on purpose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from gridphone import OutboxItem
from tests.chaos.check import check_histories, check_phones, check_stored
from tests.chaos.findings import Fault, Findings
from tests.chaos.journal import Journal, Made
from tests.chaos.truth import Event, Truth

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
SHA256 = "ab" * 32
REPORT, PHOTO, STEP = uuid4(), uuid4(), uuid4()


class Aftermath:
    """A report with a photo and one step on it, all of it told to be stored, and all of it there."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.journal.write(Made(REPORT, "officer01", REPORT, "mark-1", frozenset({SHA256}), category="E0406"))
        self.journal.write(Made(STEP, "supervisor", REPORT, "mark-2", frozenset(), action="urge"))
        self.items = {
            item.id: item
            for item in (
                _item(PHOTO, "photo", {"sha256": SHA256}),
                _item(REPORT, "report", {"photos": [str(PHOTO)]}),
                _item(STEP, "step", {}),
            )
        }
        self.journal.hear(self.items.values())
        photo = SimpleNamespace(sha256=SHA256, ticket_id=REPORT, file_key="photos/x")
        report: Any = SimpleNamespace(description="mark-1", awaited_photo_ids=[])
        self.ticket = SimpleNamespace(
            id=REPORT, description="mark-1", version=2, history_count=2, merged_into_id=None
        )
        self.truth = Truth(
            reports={REPORT: report},
            photos={PHOTO: photo},
            tickets={REPORT: self.ticket},
            events=[
                Event(REPORT, 1, "report", "officer01", "mark-1", (PHOTO,)),
                Event(REPORT, 2, "urge", "supervisor", "mark-2", ()),
            ],
            keys={str(STEP): REPORT},
            part_keys=set(),
            file_keys=set(),
            original_sha256s={PHOTO: SHA256},
            waiting=0,
            uploads=0,
        )

    def faults(self) -> set[str]:
        """Return which kinds of faults the audit finds."""
        findings = Findings()
        check_phones(findings, self.journal, self.items)
        check_stored(findings, self.journal, self.items, self.truth)
        check_histories(findings, self.truth)
        return {fault for fault, count in findings.counts.items() if count}

    def turn(self, item_id: UUID, state: Any, problem: dict[str, Any] | None = None) -> None:  # noqa: ANN401  a state
        """Let a phone say something else of an item."""
        self.items[item_id] = replace(self.items[item_id], state=state, problem=problem)


def _item(item_id: UUID, kind: Any, body: dict[str, Any]) -> OutboxItem:  # noqa: ANN401  a kind
    return OutboxItem(
        number=1,
        id=item_id,
        kind=kind,
        ticket_id=None if kind == "photo" else REPORT,
        after=None,
        body=body,
        made_at=NOW,
        state="stored",
        problem=None,
        told_at=NOW,
        tries=0,
        is_announced=True,
        upload=None,
    )


def test_where_all_is_well_nothing_is_found() -> None:
    assert Aftermath().faults() == set()


def _taken_twice(after: Aftermath) -> None:
    after.truth.events.append(Event(REPORT, 3, "urge", "supervisor", "mark-2", ()))
    after.ticket.version = after.ticket.history_count = 3


def _taken_by_nobody(after: Aftermath) -> None:
    after.truth.events[1] = replace(after.truth.events[1], note="other words")


def _second_ticket(after: Aftermath) -> None:
    other = SimpleNamespace(**{**vars(after.ticket), "id": uuid4()})
    after.truth.tickets[other.id] = other
    after.truth.reports[other.id] = after.truth.reports[REPORT]


SPOILT: list[tuple[Callable[[Aftermath], object], Fault]] = [
    (lambda after: after.truth.reports.pop(REPORT), Fault.LOSS),
    (lambda after: after.truth.photos.pop(PHOTO), Fault.LOSS),
    (lambda after: after.truth.original_sha256s.update({PHOTO: "cd" * 32}), Fault.LOSS),
    (lambda after: setattr(after.truth.photos[PHOTO], "ticket_id", None), Fault.LOSS),
    (lambda after: after.truth.events.pop(), Fault.LOSS),
    (lambda after: after.truth.keys.clear(), Fault.LOSS),
    (lambda after: after.items.pop(STEP), Fault.LOSS),
    (lambda after: after.turn(STEP, "held"), Fault.LOSS),
    (lambda after: after.turn(REPORT, "refused", {"code": "id_taken"}), Fault.LOSS),
    (_taken_by_nobody, Fault.LOSS),
    (_taken_by_nobody, Fault.DOUBLE),
    (_taken_twice, Fault.DOUBLE),
    (_second_ticket, Fault.DOUBLE),
    (lambda after: after.turn(STEP, "refused", {"code": "version_conflict"}), Fault.DOUBLE),
    (lambda after: after.truth.photos.update({uuid4(): after.truth.photos[PHOTO]}), Fault.DOUBLE),
    (lambda after: after.turn(STEP, "waiting"), Fault.STUCK),
    (lambda after: after.truth.reports[REPORT].awaited_photo_ids.append(PHOTO), Fault.STUCK),
    (lambda after: after.truth.events.pop(0), Fault.BROKEN),
    (lambda after: setattr(after.ticket, "version", 7), Fault.BROKEN),
]


@pytest.mark.parametrize(("spoil", "fault"), SPOILT)
def test_what_was_spoilt_is_found(spoil: Callable[[Aftermath], object], fault: Fault) -> None:
    after = Aftermath()
    spoil(after)
    assert fault in after.faults()
