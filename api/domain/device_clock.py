"""The clock of a phone: how wrong it goes, and what its times mean by ours."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CLOCK_SKEW = timedelta(minutes=5)
"""How far a phone's clock may be ahead of ours before a time counts as wrong."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""No phone means an earlier time; the first hours of the year 1 can't even be moved to UTC."""


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """How far our clock is ahead of the phone's: negative where the phone's goes fast."""

    skew: timedelta = timedelta()

    @classmethod
    def read(cls, device_now: datetime | None, now: datetime) -> "DeviceClock":
        """Compare what the phone says the time is with ours; one that says nothing is believed to be right."""
        return RIGHT if device_now is None else cls(now - device_now)

    def corrected(self, at: datetime, now: datetime) -> datetime:
        """Return an instant of the phone's by our clock.

        A clock within `CLOCK_SKEW` is left alone: most of that is the network's. A time that would come to lie
        ahead of us, or before 1970, was told by a clock that was right then; it is left alone, too.
        """
        if abs(self.skew) <= CLOCK_SKEW:
            return at
        moved = at.astimezone(UTC) + self.skew
        return moved if EPOCH <= moved <= now + CLOCK_SKEW else at


RIGHT = DeviceClock()
