"""What a step must bring along: reasons, photos, choices. Proof is asked for before anything changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.domain.catalogue import Condition
from api.domain.errors import EvidenceMissing
from api.domain.lifecycle import Need


class Purpose(StrEnum):
    """What a photo is meant to show."""

    BEFORE = "before"
    AFTER = "after"
    CHECK = "check"
    EVIDENCE = "evidence"


_PROVING = {
    Need.BEFORE_PHOTO: frozenset({Purpose.BEFORE, Purpose.EVIDENCE}),
    Need.AFTER_PHOTO: frozenset({Purpose.AFTER}),
    Need.CHECK_PHOTO: frozenset({Purpose.CHECK, Purpose.EVIDENCE}),
    Need.PHOTO: frozenset(Purpose),
}
"""Which photos meet a need."""


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """A stored photo of a ticket. `taken_at` is the camera's word, `received_at` ours."""

    id: UUID
    purpose: Purpose
    width: int
    height: int
    taken_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Brought:
    """What came along with a step. A reason given instead of a note, or a note instead of a reason, is `note`."""

    note: str = ""
    photos: tuple[PhotoFacts, ...] = ()
    has_condition: bool = False
    has_grid: bool = False
    has_unit: bool = False
    has_handler: bool = False
    has_master: bool = False
    has_until: bool = False
    has_correction: bool = False


def missing(needs: Iterable[Need], brought: Brought, condition: Condition | None) -> list[Need]:
    """List the needs that are not met, in the order of their names.

    Photos are not asked for where the condition says that they prove nothing (noise, smell); without a
    condition they are. `Need.CHECKED` is a fact of the ticket, not brought along: `parties.find_refusal`
    looks at it.
    """
    purposes = {photo.purpose for photo in brought.photos}
    photos_prove = condition is None or condition.after_photo
    absent: list[Need] = []
    for need in sorted(needs):
        if need in _PROVING:
            met = not photos_prove or not purposes.isdisjoint(_PROVING[need])
        elif need in {Need.NOTE, Need.REASON}:
            met = bool(brought.note.strip())
        else:
            met = {
                Need.CONDITION: brought.has_condition,
                Need.GRID: brought.has_grid,
                Need.UNIT: brought.has_unit,
                Need.HANDLER: brought.has_handler,
                Need.MASTER: brought.has_master,
                Need.UNTIL: brought.has_until,
                Need.CORRECTION: brought.has_correction,
            }.get(need, True)
        if not met:
            absent.append(need)
    return absent


def require(needs: Iterable[Need], brought: Brought, condition: Condition | None) -> None:
    """Raise EvidenceMissing, naming all that is absent at once."""
    absent = missing(needs, brought, condition)
    if absent:
        raise EvidenceMissing(f"This step needs: {', '.join(absent)}.", missing=absent)
