"""Deadlines in words."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.domain.calendars import CalendarDay, DayKind, Limit, LimitUnit, WorkCalendar
from api.domain.deadlines import Milestone, deadline
from api.domain.explanations import explain
from tests.domain.example_calendars import CHINA, CHINESE_WEEK, calendars, china, limits, starts


def in_words(start: str, limit: Limit, calendar: WorkCalendar = CHINA) -> tuple[str, str]:
    made = deadline(china(start), limit, calendar)
    return explain(made, "en"), explain(made, "zh")


def test_a_makeup_day_is_named() -> None:
    assert in_words("2026-02-13 17:00", Limit(1, LimitUnit.WORKING_DAY)) == (
        (
            "From Fri 13 Feb 2026 17:00, 1 working day, Sat 14 Feb is a make-up day, "
            "not counting nights and breaks: due Sat 14 Feb 17:00."
        ),
        (
            "自2026年2月13日（周五）17:00起，限1工作日，2月14日（周六）调休上班，非工作时段不计，"
            "2月14日（周六）17:00到期。"
        ),
    )


def test_a_long_holiday_is_one_phrase() -> None:
    assert in_words("2026-09-30 16:00", Limit(4, LimitUnit.WORKING_HOUR)) == (
        (
            "From Wed 30 Sep 2026 16:00, 4 working hours, not counting National Day "
            "(Thu 1 Oct to Wed 7 Oct) and nights and breaks: due Thu 8 Oct 10:00."
        ),
        (
            "自2026年9月30日（周三）16:00起，限4工作时，国庆节（10月1日至10月7日）、非工作时段不计，"
            "10月8日（周四）10:00到期。"
        ),
    )


def test_a_limit_inside_one_stretch_needs_no_more_words() -> None:
    assert in_words("2026-03-13 08:00", Limit(1, LimitUnit.WORKING_HOUR)) == (
        "From Fri 13 Mar 2026 08:00, 1 working hour: due Fri 13 Mar 09:00.",
        "自2026年3月13日（周五）08:00起，限1工作时，3月13日（周五）09:00到期。",
    )


def test_an_urgent_limit_says_that_nights_and_holidays_count() -> None:
    assert in_words("2026-02-16 23:30", Limit(2, LimitUnit.URGENT_HOUR)) == (
        "From Mon 16 Feb 2026 23:30, 2 urgent hours, counted around the clock: due Tue 17 Feb 01:30.",
        "自2026年2月16日（周一）23:30起，限2紧急工作时，昼夜连续计时，2月17日（周二）01:30到期。",
    )


def test_days_off_are_counted_and_another_year_is_written_out() -> None:
    english, chinese = in_words("2024-12-27 17:00", Limit(4, LimitUnit.WORKING_DAY))
    assert english == (
        "From Fri 27 Dec 2024 17:00, 4 working days, not counting New Year's Day (Wed 1 Jan), 2 days off "
        "and nights and breaks: due Fri 3 Jan 2025 17:00."
    )
    assert chinese.endswith("元旦（1月1日）、休息日2天、非工作时段不计，2025年1月3日（周五）17:00到期。")


def test_milestones_follow_in_a_second_sentence() -> None:
    made = deadline(
        china("2026-03-13 08:00"),
        Limit(1, LimitUnit.WORKING_DAY),
        CHINA,
        milestones=(
            Milestone("制止", "stop", Limit(1, LimitUnit.URGENT_HOUR)),
            Milestone("立案", "open case", Limit(1, LimitUnit.WORKING_DAY)),
        ),
    )
    assert explain(made, "en").endswith(" Steps: stop by Fri 13 Mar 09:00; open case by Fri 13 Mar 18:00.")
    assert explain(made, "zh").endswith(
        "分步时限：制止：3月13日（周五）09:00前；立案：3月13日（周五）18:00前。"
    )


def test_a_year_of_holidays_is_cut_short() -> None:
    english, chinese = in_words("2024-01-05 10:00", Limit(250, LimitUnit.WORKING_DAY))
    assert "and 4 more are make-up days" in english
    assert "3 more holidays" in english
    assert "另3个假期" in chinese
    assert len(english) < 450


def test_special_hours_and_closures_are_named_in_either_language_that_has_a_name() -> None:
    storm = WorkCalendar(
        "storm",
        "",
        "",
        "Asia/Shanghai",
        CHINESE_WEEK,
        [
            CalendarDay(date(2026, 7, 1), DayKind.SPECIAL, ((480, 720),), "", "party day"),
            CalendarDay(date(2026, 7, 2), DayKind.SPECIAL, (), "台风停工", ""),
            CalendarDay(date(2026, 7, 3), DayKind.HOLIDAY, ()),
        ],
        date(2026, 1, 1),
        date(2026, 12, 31),
    )
    assert in_words("2026-07-01 08:00", Limit(5, LimitUnit.WORKING_HOUR), storm) == (
        (
            "From Wed 1 Jul 2026 08:00, 5 working hours, Wed 1 Jul (party day) with special hours, "
            "not counting 台风停工 (Thu 2 Jul), holiday (Fri 3 Jul), 2 days off and nights and breaks: "
            "due Mon 6 Jul 09:00."
        ),
        (
            "自2026年7月1日（周三）08:00起，限5工作时，7月1日（周三）（party day）按特殊时间上班，"
            "台风停工（7月2日）、放假（7月3日）、休息日2天、非工作时段不计，7月6日（周一）09:00到期。"
        ),
    )


@given(data=st.data(), calendar=calendars, limit=limits)
def test_every_deadline_has_words_that_begin_with_its_start_and_end_with_its_due_time(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit
) -> None:
    made = deadline(data.draw(starts(calendar)), limit, calendar)
    for language in ("zh", "en"):
        text = explain(made, language)
        assert f"{made.start_at:%H:%M}" in text
        assert f"{made.due_at:%H:%M}" in text.removesuffix("到期。").removesuffix(".")[-5:]
        assert limit.text(language) in text
    assert made.due_at - made.start_at > timedelta(0)
