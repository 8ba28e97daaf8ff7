"""Calendars as people write them: hours as text, faults at their field."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.calendar_drafts import CalendarDraft, DraftDay, check_covers, read_hours, write_hours
from api.domain.calendars import DayKind, Ranges
from api.domain.errors import FieldWrong

DRAFT = CalendarDraft(
    "night",
    "夜班",
    "Nights",
    "Asia/Shanghai",
    480,
    [["22:00-24:00"], *[[] for _ in range(6)]],
    date(2026, 1, 1),
    date(2026, 12, 31),
    [DraftDay(date(2026, 2, 14), DayKind.MAKEUP_WORKDAY, ["08:00-12:00"])],
)

ranges: st.SearchStrategy[Ranges] = st.lists(st.integers(0, 1440), unique=True, max_size=12).map(
    lambda marks: tuple(zip(sorted(marks)[::2], sorted(marks)[1::2], strict=False))
)


@given(ranges)
def test_hours_that_are_written_are_read_back(hours: Ranges) -> None:
    assert read_hours(write_hours(hours)) == hours


def test_the_end_of_the_day_is_24_oclock() -> None:
    assert read_hours(["00:00-24:00"]) == ((0, 1440),)
    assert write_hours(((1320, 1440),)) == ["22:00-24:00"]


@pytest.mark.parametrize(
    "written",
    ["8:00-12:00", "08:00", "08:00-12:00\n", "24:00-24:00", "08:60-12:00", "08:00-24:30", "08:00–12:00", ""],
)
def test_what_is_not_two_times_of_a_day_is_no_hours(written: str) -> None:
    with pytest.raises(ValueError, match="are no hours"):
        read_hours([written])


def test_a_draft_becomes_the_calendar_that_it_describes() -> None:
    calendar = DRAFT.checked()
    assert calendar.weekly[0] == ((1320, 1440),)
    assert calendar.exceptions[date(2026, 2, 14)].ranges == ((480, 720),)
    assert (calendar.code, calendar.working_day_minutes) == ("night", 480)


CLOSED: list[list[str]] = [[]] * 7
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"first_on": date(1899, 12, 31)}, "/first_on", "horizon_wrong"),
    ({"last_on": date(2025, 12, 31)}, "/last_on", "horizon_wrong"),
    ({"last_on": date(2100, 1, 1)}, "/last_on", "horizon_wrong"),
    ({"time_zone": "Asia"}, "/time_zone", "time_zone_unknown"),
    ({"weekly": CLOSED, "days": []}, "/weekly", "calendar_never_open"),
    ({"weekly": [["12:00-08:00"], *CLOSED[1:]]}, "/weekly/0", "hours_wrong"),
    ({"days": [*DRAFT.days, *DRAFT.days]}, "/days/1/on", "day_repeated"),
]


@pytest.mark.parametrize(("changes", "pointer", "code"), FAULTS)
def test_a_draft_is_refused_at_the_field_that_can_not_be_meant(
    changes: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(FieldWrong) as refused:
        replace(DRAFT, **changes).checked()
    assert (refused.value.pointer, refused.value.field_code) == (pointer, code)


def test_a_calendar_has_to_be_loaded_on_the_day_in_its_own_zone() -> None:
    calendar = DRAFT.checked()
    check_covers(calendar, datetime(2025, 12, 31, 16, tzinfo=UTC))
    check_covers(calendar, datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    for outside, pointer in (
        (datetime(2025, 12, 31, 15, 59, tzinfo=UTC), "/first_on"),
        (datetime(2026, 12, 31, 16, tzinfo=UTC), "/last_on"),
    ):
        with pytest.raises(FieldWrong) as refused:
            check_covers(calendar, outside)
        assert refused.value.pointer == pointer
