"""The slow, obvious way to work out a due time: look at the wall clock in every single minute.

It shares no code with `api.domain.calendars`. Only the counts are kept (how many minutes were open before
each minute), so that a whole table of due times can be read off.
"""

from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Hours = Sequence[tuple[int, int]]


class MinuteOracle:
    """Every minute from `first_on` to `last_on` (both included) on the zone's wall clock."""

    def __init__(
        self,
        zone: ZoneInfo,
        weekly: Sequence[Hours],
        exceptions: Mapping[date, Hours],
        first_on: date,
        last_on: date,
    ) -> None:
        begin = datetime.combine(first_on, datetime.min.time(), UTC) - timedelta(days=2)
        end = datetime.combine(last_on, datetime.min.time(), UTC) + timedelta(days=3)
        self.first_minute = int(begin.timestamp()) // 60
        self.open_minutes = array("L")
        self.open_before = array("L")
        for minute in range(self.first_minute, int(end.timestamp()) // 60):
            self.open_before.append(len(self.open_minutes))
            wall = datetime.fromtimestamp(minute * 60, zone)
            today = wall.date()
            if first_on <= today <= last_on:
                minute_of_day = wall.hour * 60 + wall.minute
                for start, stop in exceptions.get(today, weekly[today.weekday()]):
                    if start <= minute_of_day < stop:
                        self.open_minutes.append(minute)

    def due_at(self, start: datetime, minutes: int) -> datetime | None:
        """Return the end of the last open minute that the limit needs; None when too few are left."""
        needed = self._open_before(start) + minutes - 1
        if needed >= len(self.open_minutes):
            return None
        return datetime.fromtimestamp((self.open_minutes[needed] + 1) * 60, UTC)

    def open_minutes_between(self, start: datetime, stop: datetime) -> int:
        """Count the open minutes of [start, stop)."""
        return self._open_before(stop) - self._open_before(start)

    def next_open_minute(self, minute: datetime) -> datetime | None:
        """Return the start of the first open minute from this whole minute on; None when there is none."""
        index = self._open_before(minute)
        if index == len(self.open_minutes):
            return None
        return datetime.fromtimestamp(self.open_minutes[index] * 60, UTC)

    def _open_before(self, instant: datetime) -> int:
        return self.open_before[int(instant.timestamp()) // 60 - self.first_minute]
