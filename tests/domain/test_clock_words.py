"""How a clock's due time came about, in words, for clocks with a life behind them."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.calendars import Limit, LimitUnit, WorkCalendar
from api.domain.clock_words import explain_cycle
from api.domain.deadlines import Milestone, deadline
from api.domain.explanations import explain, instant_en, instant_zh
from api.domain.ledger import Ledger, Term, Timekeeping
from api.domain.lifecycle import Action, Clock
from tests.domain.example_calendars import ALL, CHINA, CHINESE_WEEK, calendars, china, limits, starts

TIMES = Timekeeping({calendar.code: calendar for calendar in ALL}, yellow_share=0.8)
TWO_DAYS = Term(Limit(2, LimitUnit.WORKING_DAY), "china")
FRIDAY = "2026-03-13 08:00"

STOPS = (Action.GRANT_SUSPENSION, Action.RECTIFY, Action.RETURN)
Deed = tuple[str, Action]


def life(*deeds: Deed, term: Term = TWO_DAYS) -> Ledger:
    """Start a clock on a Friday at eight, and stop, start and extend it as is told."""
    ledger = Ledger()
    ledger.restart(Clock.RECTIFICATION, china(FRIDAY), Action.DISPATCH, term, 1, TIMES)
    for at, action in deeds:
        turn(ledger, action, china(at))
    return ledger


def turn(ledger: Ledger, action: Action, at: datetime) -> None:
    if action in STOPS or action is Action.GRANT_EXTENSION:
        ledger.stop(Clock.RECTIFICATION, at, action)
    if action not in STOPS:
        is_extension = action is Action.GRANT_EXTENSION
        ledger.resume(Clock.RECTIFICATION, at, action, TIMES, extend=is_extension)


def in_words(ledger: Ledger, rests_until: str | None = None) -> tuple[str, str]:
    until = china(rests_until) if rests_until else None
    words = explain_cycle(ledger.cycle(Clock.RECTIFICATION), TIMES, until)
    assert words is not None
    return words["en"], words["zh"]


def test_a_clock_that_simply_ran_is_explained_as_its_deadline_is() -> None:
    due = deadline(china(FRIDAY), TWO_DAYS.limit, CHINA)
    assert in_words(life()) == (explain(due, "en"), explain(due, "zh"))


def test_an_extension_says_by_how_much() -> None:
    assert in_words(life(("2026-03-13 10:00", Action.GRANT_EXTENSION))) == (
        (
            "From Fri 13 Mar 2026 08:00, 2 working days, extended once by 2 working days, "
            "not counting 2 days off and nights and breaks: due Wed 18 Mar 18:00."
        ),
        (
            "自2026年3月13日（周五）08:00起，限2工作日，延期1次，增加2工作日，"
            "休息日2天、非工作时段不计，3月18日（周三）18:00到期。"
        ),
    )


def test_two_extensions_say_by_how_much_each() -> None:
    english, chinese = in_words(
        life(("2026-03-13 10:00", Action.GRANT_EXTENSION), ("2026-03-16 10:00", Action.GRANT_EXTENSION))
    )
    assert "extended twice by 2 working days each, not counting" in english
    assert english.endswith("due Fri 20 Mar 18:00.")
    assert "延期2次，每次增加2工作日，休息日2天" in chinese


def test_a_suspension_that_is_over_did_not_count() -> None:
    suspended = life(("2026-03-13 10:20", Action.GRANT_SUSPENSION), ("2026-04-20 08:00", Action.RESUME))
    assert in_words(suspended) == (
        (
            "From Fri 13 Mar 2026 08:00, 2 working days. "
            "Not counted: Fri 13 Mar 10:20 to Mon 20 Apr 08:00 (suspended). "
            "Of 2 working days, 2 h 20 min was used before; the rest from Mon 20 Apr 08:00, "
            "not counting nights and breaks: due Tue 21 Apr 15:40."
        ),
        (
            "自2026年3月13日（周五）08:00起，限2工作日。不计时：3月13日（周五）10:20至4月20日（周一）08:00（挂账）。"
            "2工作日中此前已用2小时20分，余下自4月20日（周一）08:00起，非工作时段不计，4月21日（周二）15:40到期。"
        ),
    )


def test_a_suspended_clock_rests_until_the_agreed_day() -> None:
    assert in_words(life(("2026-03-13 10:20", Action.GRANT_SUSPENSION)), "2026-04-20 08:00") == (
        (
            "From Fri 13 Mar 2026 08:00, 2 working days. "
            "Suspended since Fri 13 Mar 10:20; it rests until Mon 20 Apr 08:00, as agreed. "
            "Of 2 working days, 2 h 20 min was used before; the rest from Mon 20 Apr 08:00, "
            "not counting nights and breaks: due Tue 21 Apr 15:40."
        ),
        (
            "自2026年3月13日（周五）08:00起，限2工作日。3月13日（周五）10:20起挂账，至约定的4月20日（周一）08:00恢复计时。"
            "2工作日中此前已用2小时20分，余下自4月20日（周一）08:00起，非工作时段不计，4月21日（周二）15:40到期。"
        ),
    )


def test_the_wait_for_a_check_that_failed_did_not_count() -> None:
    assert in_words(life(("2026-03-16 10:00", Action.RECTIFY), ("2026-03-16 16:30", Action.FAIL_CHECK))) == (
        (
            "From Fri 13 Mar 2026 08:00, 2 working days. "
            "Not counted: Mon 16 Mar 10:00 to 16:30 (from the repair to the failed check). "
            "Of 2 working days, 10 h was used before; the rest from Mon 16 Mar 16:30, "
            "not counting nights and breaks: due Tue 17 Mar 14:30."
        ),
        (
            "自2026年3月13日（周五）08:00起，限2工作日。不计时：3月16日（周一）10:00至16:30（处置反馈至核查未通过）。"
            "2工作日中此前已用10小时，余下自3月16日（周一）16:30起，非工作时段不计，3月17日（周二）14:30到期。"
        ),
    )


def test_a_unit_that_returned_a_ticket_in_vain_goes_on_with_its_old_clock() -> None:
    assert in_words(life(("2026-03-13 09:00", Action.RETURN), ("2026-03-13 09:15", Action.RULE))) == (
        (
            "From Fri 13 Mar 2026 08:00, 2 working days. "
            "Not counted: Fri 13 Mar 09:00 to 09:15 (returned and sent back). "
            "Of 2 working days, 1 h was used before; the rest from Fri 13 Mar 09:15, "
            "not counting 2 days off and nights and breaks: due Tue 17 Mar 08:15."
        ),
        (
            "自2026年3月13日（周五）08:00起，限2工作日。不计时：3月13日（周五）09:00至09:15（回退至再次派遣）。"
            "2工作日中此前已用1小时，余下自3月13日（周五）09:15起，休息日2天、非工作时段不计，3月17日（周二）08:15到期。"
        ),
    )


def test_a_limit_that_was_used_up_before_the_last_start_says_so() -> None:
    late = life(("2026-03-17 10:00", Action.RECTIFY), ("2026-03-17 16:30", Action.FAIL_CHECK))
    english, chinese = in_words(late)
    assert english.endswith("All of 2 working days was used before: due Mon 16 Mar 18:00.")
    assert chinese.endswith("2工作日此前已用完，3月16日（周一）18:00到期。")


def test_a_whole_life_is_told_in_order_with_its_extension() -> None:
    english, chinese = in_words(
        life(
            ("2026-03-13 09:00", Action.RETURN),
            ("2026-03-13 09:15", Action.RULE),
            ("2026-03-13 10:00", Action.GRANT_EXTENSION),
            ("2026-03-13 11:00", Action.GRANT_SUSPENSION),
            ("2026-03-20 08:00", Action.RESUME),
            ("2026-03-23 10:00", Action.RECTIFY),
            ("2026-03-23 16:30", Action.FAIL_CHECK),
        )
    )
    assert english == (
        "From Fri 13 Mar 2026 08:00, 2 working days, extended once by 2 working days. "
        "Not counted: Fri 13 Mar 09:00 to 09:15 (returned and sent back); "
        "Fri 13 Mar 11:00 to Fri 20 Mar 08:00 (suspended); "
        "Mon 23 Mar 10:00 to 16:30 (from the repair to the failed check). "
        "Of 4 working days, 12 h 45 min was used before; the rest from Mon 23 Mar 16:30, "
        "not counting nights and breaks: due Thu 26 Mar 09:45."
    )
    assert "延期1次，增加2工作日。不计时：" in chinese
    assert "4工作日中此前已用12小时45分，余下自3月23日（周一）16:30起" in chinese


def test_around_the_clock_days_have_24_hours() -> None:
    term = Term(Limit(3, LimitUnit.CALENDAR_DAY), "china")
    deeds = ("2026-03-14 10:05", Action.RECTIFY), ("2026-03-14 12:00", Action.FAIL_CHECK)
    english, chinese = in_words(life(*deeds, term=term))
    assert english.endswith(
        "Of 3 calendar days, 1 d 2 h 5 min was used before; the rest from Sat 14 Mar 12:00, "
        "counted around the clock: due Mon 16 Mar 09:55."
    )
    assert "此前已用1天2小时5分，余下自3月14日（周六）12:00起，昼夜连续计时" in chinese


def test_nothing_used_is_no_minutes() -> None:
    english, chinese = in_words(life((FRIDAY, Action.GRANT_SUSPENSION), ("2026-03-16 08:00", Action.RESUME)))
    assert "Of 2 working days, 0 min was used before" in english
    assert "此前已用0分" in chinese


def test_milestones_move_with_the_life_of_the_clock() -> None:
    steps = (
        Milestone("制止", "stop", Limit(4, LimitUnit.WORKING_HOUR)),
        Milestone("拆除", "remove", Limit(2, LimitUnit.WORKING_DAY)),
    )
    deeds = ("2026-03-13 10:00", Action.GRANT_SUSPENSION), ("2026-03-16 08:00", Action.RESUME)
    english, chinese = in_words(life(*deeds, term=Term(TWO_DAYS.limit, "china", steps)))
    assert english.endswith(
        "due Tue 17 Mar 16:00. Steps: stop by Mon 16 Mar 10:00; remove by Tue 17 Mar 16:00."
    )
    assert chinese.endswith("分步时限：制止：3月16日（周一）10:00前；拆除：3月17日（周二）16:00前。")


def test_many_pauses_are_cut_short() -> None:
    deeds = [
        (f"2026-03-13 {9 + number // 2:02}:{number % 2 * 30:02}", action)
        for number, action in enumerate([Action.RECTIFY, Action.FAIL_CHECK] * 6)
    ]
    english, chinese = in_words(life(*deeds))
    assert "; 2 more. " in english
    assert "；另2段。" in chinese


@pytest.mark.parametrize(
    ("calendars_loaded", "rests_until"),
    [({}, None), ({"china": CHINA}, "2026-12-31 17:00")],
    ids=["a calendar that is gone", "a calendar that ends too soon"],
)
def test_what_nobody_can_tell_has_no_words(
    calendars_loaded: dict[str, WorkCalendar], rests_until: str | None
) -> None:
    cycle = life(("2026-03-13 10:00", Action.GRANT_SUSPENSION)).cycle(Clock.RECTIFICATION)
    until = china(rests_until) if rests_until else None
    assert explain_cycle(cycle, Timekeeping(calendars_loaded, 0.8), until) is None


def test_a_calendar_that_begins_later_than_the_clock_has_no_words() -> None:
    late = WorkCalendar(
        "china", "", "", "Asia/Shanghai", CHINESE_WEEK, (), date(2026, 4, 1), date(2026, 12, 31)
    )
    for cycle in (life(), life(("2026-03-13 09:00", Action.RETURN), ("2026-03-13 09:15", Action.RULE))):
        stretches = cycle.cycle(Clock.RECTIFICATION)
        assert explain_cycle(stretches, Timekeeping({"china": late}, 0.8)) is None


def test_a_clock_without_a_limit_or_that_simply_stands_still_has_no_words() -> None:
    total = Ledger()
    total.restart(Clock.TOTAL, china(FRIDAY), Action.REPORT, None, None, TIMES)
    assert explain_cycle(total.cycle(Clock.TOTAL), TIMES) is None
    stopped = life(("2026-03-13 09:00", Action.RETURN), ("2026-03-13 09:15", Action.RULE))
    turn(stopped, Action.RECTIFY, china("2026-03-13 11:00"))
    assert explain_cycle(stopped.cycle(Clock.RECTIFICATION), TIMES) is None


GO_ON = {
    Action.GRANT_SUSPENSION: Action.RESUME,
    Action.RECTIFY: Action.FAIL_CHECK,
    Action.RETURN: Action.RULE,
}
pauses = st.sampled_from([*GO_ON, Action.GRANT_EXTENSION])


@given(data=st.data(), calendar=calendars, limit=limits, deeds=st.lists(pauses, max_size=6))
def test_every_life_is_explained_and_names_the_due_time_of_the_ledger(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit, deeds: list[Action]
) -> None:
    is_resting = data.draw(st.booleans())
    instants = sorted(data.draw(st.lists(starts(calendar), min_size=14, max_size=14)))
    steps = data.draw(st.lists(st.builds(Milestone, st.just("步"), st.just("step"), limits), max_size=2))
    ledger = Ledger()
    term = Term(limit, calendar.code, tuple(steps))
    ledger.restart(Clock.RECTIFICATION, instants[0], Action.DISPATCH, term, 1, TIMES)
    for action, (stops_at, goes_on_at) in zip(deeds, list(pairwise(instants[1:]))[::2], strict=False):
        turn(ledger, action, stops_at)
        if action in GO_ON:
            turn(ledger, GO_ON[action], goes_on_at)
    rests_until, due_at = None, ledger.cycle(Clock.RECTIFICATION)[-1].due_at
    if is_resting:
        turn(ledger, Action.GRANT_SUSPENSION, instants[-1])
        rests_until = instants[-1] + timedelta(days=data.draw(st.integers(0, 365)))
        due_at = ledger.planned(Clock.RECTIFICATION, rests_until, TIMES).due_at
    words = explain_cycle(ledger.cycle(Clock.RECTIFICATION), TIMES, rests_until)
    if due_at is None:
        assert words is None
        return
    assert words is not None
    start, due = calendar.local(instants[0]), calendar.local(due_at)
    assert f"due {instant_en(due, start)}." in words["en"]
    assert f"{instant_zh(due, start)}到期。" in words["zh"]
