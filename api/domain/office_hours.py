"""Office hours (上班时间): when the office is open between two instants, and what lies outside (错时)."""

from bisect import bisect_right
from datetime import datetime
from itertools import accumulate

from api.domain.calendars import WorkCalendar
from api.domain.tracks import to_instant, to_ms

_US_A_MS = 1_000


class OfficeHours:
    """The open hours of a calendar from `since` to `until`, in milliseconds, for many questions.

    Of times that the calendar does not reach nobody knows the office's hours: nothing of them is off-hours.
    """

    def __init__(self, calendar: WorkCalendar, since: datetime, until: datetime) -> None:
        """Read the hours once; every question is a bisection."""
        first, last = max(since, calendar.starts_at), min(until, calendar.stops_at)
        spans = [span for day in calendar.days(first, last) for span in day.spans] if first < last else []
        self._first_ms, self._last_ms = to_ms(first), max(to_ms(first), to_ms(last))
        self._opens = [start // _US_A_MS for start, _ in spans]
        self._closes = [stop // _US_A_MS for _, stop in spans]
        self._worked = [
            0,
            *accumulate(stop - start for start, stop in zip(self._opens, self._closes, strict=True)),
        ]

    def as_multirange(self) -> str:
        """Return the open hours as PostgreSQL writes a multirange of instants; what nobody knows counts as open."""
        first, last = to_instant(self._first_ms).isoformat(), to_instant(self._last_ms).isoformat()
        known = (
            f"[{to_instant(start).isoformat()},{to_instant(stop).isoformat()})"
            for start, stop in zip(self._opens, self._closes, strict=True)
        )
        return "{" + ",".join([f"(,{first})", *known, f"[{last},)"]) + "}"

    def is_off(self, at_ms: int) -> bool:
        """Tell whether an instant lies outside office hours."""
        if not self._first_ms <= at_ms < self._last_ms:
            return False
        span = bisect_right(self._opens, at_ms) - 1
        return span < 0 or at_ms >= self._closes[span]

    def off_ms(self, start_ms: int, stop_ms: int) -> int:
        """Return how much of a time lies outside office hours."""
        start_ms, stop_ms = max(start_ms, self._first_ms), min(stop_ms, self._last_ms)
        if start_ms >= stop_ms:
            return 0
        return stop_ms - start_ms - (self._worked_until(stop_ms) - self._worked_until(start_ms))

    def _worked_until(self, at_ms: int) -> int:
        span = bisect_right(self._opens, at_ms) - 1
        return self._worked[span + 1] - max(0, self._closes[span] - at_ms) if span >= 0 else 0
