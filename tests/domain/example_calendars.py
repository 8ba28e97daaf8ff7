"""Calendars for the deadline tests: a Chinese office, and offices whose clocks change while they work."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from api.domain.calendars import Limit, LimitUnit, Ranges, WorkCalendar
from api.services.calendar_seed import chinese_exceptions
from tests.domain.minute_oracle import MinuteOracle

OFFICE: Ranges = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
CHINESE_WEEK: tuple[Ranges, ...] = (*(OFFICE for _ in range(5)), (), ())

NIGHT_WEEK: tuple[Ranges, ...] = (
    *(OFFICE for _ in range(4)),
    ((8 * 60, 12 * 60), (13 * 60 + 7, 24 * 60)),
    ((0, 2 * 60 + 30), (22 * 60, 24 * 60)),
    ((0, 60 + 45), (2 * 60 + 15, 5 * 60)),
)
"""Open across midnight on Friday and Saturday, and in the Sunday hours in which clocks change."""


def _two_years(code: str, time_zone: str, first_year: int, week: tuple[Ranges, ...]) -> WorkCalendar:
    return WorkCalendar(
        code, "", "", time_zone, week, (), date(first_year, 1, 1), date(first_year + 1, 12, 31)
    )


CHINA = WorkCalendar(
    "china",
    "办公时间",
    "office hours",
    "Asia/Shanghai",
    CHINESE_WEEK,
    chinese_exceptions(2024, 2026),
    date(2024, 1, 1),
    date(2026, 12, 31),
)
AMSTERDAM = _two_years("amsterdam", "Europe/Amsterdam", 2025, NIGHT_WEEK)
SAO_PAULO = _two_years("sao-paulo", "America/Sao_Paulo", 2017, NIGHT_WEEK)
"""Brazil changed its clocks at midnight: a Sunday without 00:00, a Saturday with 23:00 twice."""
LORD_HOWE = _two_years("lord-howe", "Australia/Lord_Howe", 2025, NIGHT_WEEK)
"""Clocks that change by half an hour."""

ALL = (CHINA, AMSTERDAM, SAO_PAULO, LORD_HOWE)

calendars = st.sampled_from(ALL)
limits = st.builds(Limit, st.integers(1, 30), st.sampled_from(LimitUnit))
microseconds = timedelta(microseconds=1)


def starts(calendar: WorkCalendar) -> st.SearchStrategy[datetime]:
    """Draw UTC instants from the horizon, except its last half year, which leaves room for limits."""
    begin, end = calendar.starts_at.astimezone(UTC), calendar.stops_at.astimezone(UTC)
    span = end - timedelta(days=183) - begin
    whole = st.integers(0, span // timedelta(minutes=1)).map(lambda minutes: timedelta(minutes=minutes))
    exact = st.integers(0, span // microseconds).map(lambda count: count * microseconds)
    return (whole | exact).map(lambda offset: begin + offset)


def china(text: str) -> datetime:
    """Read a Beijing wall time such as `2026-02-13 17:00`."""
    return datetime.fromisoformat(f"{text}+08:00")


@dataclass(frozen=True)
class TwoYears:
    """The last two years of a calendar, minute by minute, from the first of their midnights (in UTC)."""

    begin: datetime
    oracle: MinuteOracle


@cache
def two_years(calendar: WorkCalendar) -> TwoYears:
    """Look at every minute of the calendar's last two years: a second of work, done once for all tests."""
    zone, first_on = ZoneInfo(calendar.time_zone), date(calendar.last_on.year - 1, 1, 1)
    exceptions = {on: day.ranges for on, day in calendar.exceptions.items()}
    oracle = MinuteOracle(zone, calendar.weekly, exceptions, first_on, calendar.last_on)
    return TwoYears(datetime.combine(first_on, datetime.min.time(), zone).astimezone(UTC), oracle)
