"""A report as it was sent, and by what the same one is known again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from api.domain.geo import Crs
from api.domain.reports import Priority, Source

_LATER = {"is_later": True}
"""Marks fields of a request that came with a later release, and may be left out."""


def _is_later(one: Field[Any]) -> bool:
    return "is_later" in one.metadata


def _in_order(value: object) -> object:
    # The members of an object have no order: a phone that writes them in another one sends the same report.
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What somebody reports, as it was sent: the place still in its own coordinates."""

    id: UUID
    category: str
    condition: int | None
    description: str
    observed_at: datetime
    longitude: float
    latitude: float
    crs: Crs
    accuracy_m: float | None = None
    provider: str | None = None
    fixed_at: datetime | None = None
    is_mocked: bool = False
    address: str = ""
    photo_ids: tuple[UUID, ...] = ()
    source: Source | None = None
    priority: Priority = Priority.NORMAL
    self_fix: bool = False
    answers: Mapping[str, Any] | None = field(default=None, metadata=_LATER)
    at_place: str | None = field(default=None, metadata=_LATER)

    def sha256(self) -> str:
        """Return a hash by which the same report is known again.

        What reports could not say at first counts only where it is said: a report hashed by an earlier release,
        which may still be sent once more, has the same hash today.
        """
        told = [(one, getattr(self, one.name)) for one in fields(self)]
        content = tuple(value for one, value in told if not _is_later(one))
        content += tuple(
            (one.name, _in_order(value)) for one, value in told if _is_later(one) and value != one.default
        )
        return hashlib.sha256(repr(content).encode()).hexdigest()
