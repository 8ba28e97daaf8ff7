"""What officers did on patrol and with their tasks, written down apart from the phones, as `journal.py` does it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Point(NamedTuple):
    """Where an officer was, in EPSG:4326."""

    longitude: float
    latitude: float
    accuracy_m: float | None
    is_mock: bool


class Started(NamedTuple):
    """A shift as a phone started it."""

    username: str
    at: datetime


class Stepped(NamedTuple):
    """A pause, its end or a stop, on the shift that the phone calls by this id."""

    shift_id: UUID
    action: str
    at: datetime


class CheckedIn(NamedTuple):
    """A check-in; `is_right` unless it was made with another checkpoint's code."""

    username: str
    checkpoint: str
    way: str
    at: datetime
    is_right: bool


class GivenUp(NamedTuple):
    """A task that somebody refused or handed over; `mark` are words that nothing else has."""

    username: str
    task_id: UUID
    action: str
    mark: str
    officer: str | None


@dataclass
class Ledger:
    """All of it, by the ids that the phones made; points by the phone's shift and the millisecond."""

    starts: dict[UUID, Started] = field(default_factory=dict[UUID, Started])
    steps: dict[UUID, Stepped] = field(default_factory=dict[UUID, Stepped])
    points: dict[UUID, dict[int, Point]] = field(default_factory=dict[UUID, dict[int, Point]])
    check_ins: dict[UUID, CheckedIn] = field(default_factory=dict[UUID, CheckedIn])
    given_up: dict[UUID, GivenUp] = field(default_factory=dict[UUID, GivenUp])
    answers: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    """The task that a step was meant to answer, by the step."""

    operations: Counter[str] = field(default_factory=Counter[str])
