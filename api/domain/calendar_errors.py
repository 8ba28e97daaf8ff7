"""What can be wrong with a calendar, a limit or an instant.

A class's docstring is the title a person reads, `code` is the stable name a program reads, and `facts` are
named values that help the caller to go on.
"""

# ruff: noqa: N818 - the names are sentences in the domain's words, as in api.domain.errors.

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar


class CalendarError(ValueError):
    """The working calendar cannot answer."""

    code: ClassVar[str] = "calendar_error"

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.facts: Mapping[str, object] = facts


class NaiveInstant(CalendarError):
    """An instant needs a UTC offset."""

    code = "naive_instant"

    def __init__(self, instant: datetime) -> None:
        super().__init__(f"{instant.isoformat()} has no UTC offset, so it names no instant.")


class UnrepresentableInstant(CalendarError):
    """The instant lies outside the years 1 to 9999."""

    code = "instant_out_of_range"

    def __init__(self, time_zone: str) -> None:
        super().__init__(f"The instant lies outside the years 1 to 9999 in {time_zone}.", time_zone=time_zone)


class BackwardTime(CalendarError):
    """A stretch of time ends before it starts, or starts before an earlier one has ended."""

    code = "backward_time"

    def __init__(self, start: datetime, stop: datetime) -> None:
        super().__init__(f"{stop.isoformat()} comes before {start.isoformat()}.", start=start, stop=stop)


class AmountOutOfBounds(CalendarError):
    """An amount, a share or a count is out of bounds."""

    code = "amount_out_of_bounds"


class InvalidLimit(CalendarError):
    """The limit is out of bounds."""

    code = "invalid_limit"

    def __init__(self, value: int, largest: int) -> None:
        super().__init__(
            f"A limit is a whole number from 1 to {largest}, not {value}.", value=value, largest=largest
        )


class InvalidRanges(CalendarError):
    """The open hours are not sorted, disjoint ranges of one day."""

    code = "invalid_ranges"

    def __init__(self, ranges: Sequence[Sequence[int]]) -> None:
        super().__init__(
            f"Open hours are sorted, disjoint ranges of whole minutes from 0 to 1440, not {ranges!r}.",
            ranges=ranges,
        )


class InvalidCalendar(CalendarError):
    """The calendar contradicts itself."""

    code = "invalid_calendar"

    def __init__(self, calendar_code: str, reason: str) -> None:
        super().__init__(f"Calendar {calendar_code}: {reason}.", calendar=calendar_code)


class UnknownTimeZone(CalendarError):
    """The time zone is not in the IANA database."""

    code = "unknown_time_zone"

    def __init__(self, time_zone: str) -> None:
        super().__init__(f"{time_zone!r} is not a time zone of the IANA database.", time_zone=time_zone)


class CalendarWithoutOpenHours(CalendarError):
    """The calendar has no open hours."""

    code = "calendar_without_open_hours"

    def __init__(self, calendar_code: str) -> None:
        super().__init__(
            f"Calendar {calendar_code} is never open, so working time would never pass.",
            calendar=calendar_code,
        )


class BeforeCalendarHorizon(CalendarError):
    """The calendar is not loaded that far back."""

    code = "before_calendar_horizon"

    def __init__(self, calendar_code: str, first_on: date) -> None:
        super().__init__(
            f"Calendar {calendar_code} is loaded from {first_on.isoformat()} on, not before.",
            calendar=calendar_code,
            first_on=first_on,
        )
        self.calendar_code = calendar_code
        self.first_on = first_on


class PastCalendarHorizon(CalendarError):
    """The calendar is not loaded that far ahead."""

    code = "past_calendar_horizon"

    def __init__(self, calendar_code: str, last_on: date) -> None:
        super().__init__(
            f"Calendar {calendar_code} is loaded up to {last_on.isoformat()}: later holidays are not known.",
            calendar=calendar_code,
            last_on=last_on,
        )
        self.calendar_code = calendar_code
        self.last_on = last_on
