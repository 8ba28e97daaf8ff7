"""Deadlines in words, for people who want to check them by hand, in Chinese and in English."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

from api.domain.deadlines import Deadline, Milestone
from api.domain.limits import Language, LimitUnit
from api.domain.segments import Segment, Why

_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

MOST_NAMED = 4
"""So many days of one sort are named; a limit of a year would else read like a calendar."""


def explain(deadline: Deadline, language: Language) -> str:
    """Say in a sentence or two how the due time came about.

    It names make-up working days, holidays and special days between start and due time, counts days off, and
    mentions nights and breaks; long holidays are one phrase. Milestones follow in a second sentence. Times
    are wall times of the calendar's zone, cut to the minute.
    """
    return _explain_zh(deadline) if language == "zh" else _explain_en(deadline)


def _explain_en(deadline: Deadline) -> str:
    start = deadline.start_at
    parts = [since_en(start), deadline.limit.text("en"), *remarks_en(deadline.limit.unit, deadline.segments)]
    due = instant_en(deadline.due_at, start)
    return f"{', '.join(parts)}: due {due}.{steps_en(deadline.milestones, start)}"


def _explain_zh(deadline: Deadline) -> str:
    start = deadline.start_at
    limit = f"限{deadline.limit.text('zh')}"
    parts = [since_zh(start), limit, *remarks_zh(deadline.limit.unit, deadline.segments)]
    due = instant_zh(deadline.due_at, start)
    return f"{'，'.join(parts)}，{due}到期。{steps_zh(deadline.milestones, start)}"


def since_en(start: datetime) -> str:
    """Begin an explanation with the instant at which a clock started."""
    return f"From {_day_en(start, with_year=True)} {start:%H:%M}"


def since_zh(start: datetime) -> str:
    """Begin an explanation with the instant at which a clock started."""
    return f"自{_day_zh(start, with_year=True)}{start:%H:%M}起"


def remarks_en(unit: LimitUnit, segments: Sequence[Segment]) -> list[str]:
    """Say what is special about the time between: how it runs, which days count, which do not."""
    parts: list[str] = []
    if not unit.counts_working_time:
        parts.append("counted around the clock")
    makeup = _dates(segments, Why.MAKEUP_WORKDAY)
    if makeup:
        days = _listed_en([_day_en(day) for day in makeup], "more")
        parts.append(f"{days} {'is a make-up day' if len(makeup) == 1 else 'are make-up days'}")
    short = [f"{_day_en(day)}{_in_brackets(name)}" for day, name in _named_dates(segments, _name_en)]
    if short:
        parts.append(f"{_listed_en(short, 'more')} with special hours")
    skipped = [
        f"{_name_en(segment) or 'holiday'} ({_span_en(segment)})"
        for segment in _of(segments, Why.HOLIDAY, Why.SPECIAL_CLOSURE)
    ]
    skipped = shortened(skipped, lambda count: f"{count} more holidays" if count > 1 else "1 more holiday")
    off = len(_dates(segments, Why.DAY_OFF))
    if off:
        skipped.append("1 day off" if off == 1 else f"{off} days off")
    if any(_of(segments, Why.CLOSED)):
        skipped.append("nights and breaks")
    if skipped:
        parts.append(f"not counting {_and_en(skipped)}")
    return parts


def remarks_zh(unit: LimitUnit, segments: Sequence[Segment]) -> list[str]:
    """Say what is special about the time between: how it runs, which days count, which do not."""
    parts: list[str] = []
    if not unit.counts_working_time:
        parts.append("昼夜连续计时")
    makeup = _dates(segments, Why.MAKEUP_WORKDAY)
    if makeup:
        parts.append(f"{_listed_zh([_day_zh(day) for day in makeup], '天')}调休上班")
    short = [
        f"{_day_zh(day)}{f'（{name}）' if name else ''}" for day, name in _named_dates(segments, _name_zh)
    ]
    if short:
        parts.append(f"{_listed_zh(short, '天')}按特殊时间上班")
    skipped = [
        f"{_name_zh(segment) or '放假'}（{_span_zh(segment)}）"
        for segment in _of(segments, Why.HOLIDAY, Why.SPECIAL_CLOSURE)
    ]
    skipped = shortened(skipped, lambda count: f"另{count}个假期")
    off = len(_dates(segments, Why.DAY_OFF))
    if off:
        skipped.append(f"休息日{off}天")
    if any(_of(segments, Why.CLOSED)):
        skipped.append("非工作时段")
    if skipped:
        parts.append(f"{'、'.join(skipped)}不计")
    return parts


def steps_en(milestones: Iterable[tuple[Milestone, datetime]], start: datetime) -> str:
    """Name when each milestone is due, in a sentence that follows another; nothing without milestones."""
    steps = "; ".join(f"{step.name_en} by {instant_en(due, start)}" for step, due in milestones)
    return f" Steps: {steps}." if steps else ""


def steps_zh(milestones: Iterable[tuple[Milestone, datetime]], start: datetime) -> str:
    """Name when each milestone is due, in a sentence that follows another; nothing without milestones."""
    steps = "；".join(f"{step.name_zh}：{instant_zh(due, start)}前" for step, due in milestones)
    return f"分步时限：{steps}。" if steps else ""


def _of(segments: Iterable[Segment], *whys: Why) -> Iterable[Segment]:
    return (segment for segment in segments if segment.why in whys)


def _dates(segments: Iterable[Segment], why: Why) -> list[date]:
    """Each date once, in order, that stretches of this sort touch."""
    dates: dict[date, None] = {}
    for segment in _of(segments, why):
        first, last = _first_and_last(segment)
        dates.update((first + timedelta(days=day), None) for day in range((last - first).days + 1))
    return list(dates)


def _named_dates(segments: Iterable[Segment], name: Callable[[Segment], str]) -> list[tuple[date, str]]:
    """List each date with special hours once, with its name."""
    special = _of(segments, Why.SPECIAL_HOURS)
    return list(dict.fromkeys((segment.start.date(), name(segment)) for segment in special))


def _first_and_last(segment: Segment) -> tuple[date, date]:
    # A stretch that ends at midnight does not touch the day that begins there.
    return segment.start.date(), (segment.stop - timedelta(microseconds=1)).date()


def _name_en(segment: Segment) -> str:
    return segment.name_en or segment.name_zh


def _name_zh(segment: Segment) -> str:
    return segment.name_zh or segment.name_en


def _in_brackets(name: str) -> str:
    return f" ({name})" if name else ""


def _day_en(day: date, *, with_year: bool = False) -> str:
    text = f"{_WEEKDAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]}"
    return f"{text} {day.year}" if with_year else text


def _day_zh(day: date, *, with_year: bool = False) -> str:
    text = f"{day.month}月{day.day}日（周{_WEEKDAYS_ZH[day.weekday()]}）"
    return f"{day.year}年{text}" if with_year else text


def instant_en(instant: datetime, start: datetime) -> str:
    """Write a wall time; the year only where it is not the start's."""
    return f"{_day_en(instant, with_year=instant.year != start.year)} {instant:%H:%M}"


def instant_zh(instant: datetime, start: datetime) -> str:
    """Write a wall time; the year only where it is not the start's."""
    return f"{_day_zh(instant, with_year=instant.year != start.year)}{instant:%H:%M}"


def _span_en(segment: Segment) -> str:
    first, last = _first_and_last(segment)
    return _day_en(first) if first == last else f"{_day_en(first)} to {_day_en(last)}"


def _span_zh(segment: Segment) -> str:
    first, last = _first_and_last(segment)
    from_day = f"{first.month}月{first.day}日"
    return from_day if first == last else f"{from_day}至{last.month}月{last.day}日"


def shortened(phrases: list[str], rest: Callable[[int], str]) -> list[str]:
    """Keep the first few phrases; `rest` names how many more there are."""
    if len(phrases) <= MOST_NAMED:
        return phrases
    return [*phrases[:MOST_NAMED], rest(len(phrases) - MOST_NAMED)]


def _listed_en(phrases: list[str], more: str) -> str:
    return _and_en(shortened(phrases, lambda count: f"{count} {more}"))


def _listed_zh(phrases: list[str], unit: str) -> str:
    return "、".join(shortened(phrases, lambda count: f"另{count}{unit}"))


def _and_en(phrases: Sequence[str]) -> str:
    *most, last = phrases
    return f"{', '.join(most)} and {last}" if most else last
