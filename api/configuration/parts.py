"""What a part of the configuration is: a file, how it is written, and how it is stored."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from api.db import ReadSession, WriteSession
from api.domain.imports import ImportChange, Imported
from api.domain.reference import Reference
from api.queries.reference import load_reference


@dataclass(frozen=True, slots=True)
class Moment:
    """When a folder is applied, and the city's zone."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The day on the city's calendars."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of reference data and its file.

    `store` gets the content of the file and stores it in the session's transaction, whole: what the file lacks ends
    where that can be. It raises ImportRefused, with all its faults, for a file that can't be meant. `is_asked_for`:
    exported only when somebody asks, because it holds personal data.
    """

    name: str
    file: str
    export: Callable[[ReadSession, Moment], Awaitable[bytes]]
    store: Callable[[WriteSession, bytes, Moment], Awaitable[Imported]]
    is_asked_for: bool = False


@dataclass(frozen=True, slots=True)
class PartTold:
    """What became of a part, or would become of it."""

    part: Part
    imported: Imported

    @property
    def change(self) -> ImportChange:
        """What it changed."""
        return self.imported.change

    @property
    def is_different(self) -> bool:
        """Whether the file and what is stored differ."""
        return bool(self.change.added or self.change.changed or self.change.removed)


async def present(session: ReadSession, moment: Moment) -> Reference:
    """Return the reference data as the transaction sees them, what it has stored so far included."""
    return await load_reference(session, moment.zone)
