"""Measure what deadlines cost: `python -m bench.deadlines`, one process, no database.

Prints medians in microseconds over random starts, for limits up to 250 working days; the target is 20.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median
from time import perf_counter_ns

from api.domain.calendars import Limit, LimitUnit, WorkCalendar
from api.domain.deadlines import Interval, deadline, due_at, due_from_ledger
from api.domain.explanations import explain
from api.services.calendar_seed import OFFICE_HOURS, chinese_exceptions

TARGET_US = 20
ROUNDS = 20_000
LIMITS = [
    Limit(2, LimitUnit.URGENT_HOUR),
    Limit(4, LimitUnit.WORKING_HOUR),
    *(Limit(days, LimitUnit.WORKING_DAY) for days in (1, 5, 20, 250)),
]


def median_us(work: Callable[[datetime], object], starts: list[datetime]) -> float:
    """Time each call by itself, so that a busy machine spoils single calls and not the median."""
    times: list[int] = []
    for start in starts:
        begun = perf_counter_ns()
        work(start)
        times.append(perf_counter_ns() - begun)
    return median(times) / 1_000


def main() -> None:
    """Print one line a measurement."""
    begun = perf_counter_ns()
    calendar = WorkCalendar(
        "china",
        "办公时间",
        "office hours",
        "Asia/Shanghai",
        [*[OFFICE_HOURS] * 5, (), ()],
        chinese_exceptions(2024, 2026),
        date(2024, 1, 1),
        date(2026, 12, 31),
    )
    print(f"calendar of three years built in {(perf_counter_ns() - begun) / 1e6:.1f} ms")

    random = Random(20260214)
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    starts = [begin + timedelta(seconds=random.randrange(600 * 86_400)) for _ in range(ROUNDS)]
    for limit in LIMITS:
        took = median_us(lambda start, limit=limit: due_at(start, limit, calendar), starts)
        verdict = "ok" if took <= TARGET_US else f"over {TARGET_US}"
        print(f"due time, {limit.text('en'):16} {took:8.2f} µs  {verdict}")

    ten_days = Limit(10, LimitUnit.WORKING_DAY)

    def recompute(start: datetime) -> object:
        pause = start + timedelta(days=2)
        return due_from_ledger(
            [Interval(start, pause), Interval(pause + timedelta(days=3))], ten_days, calendar
        )

    print(f"due time from a ledger with a pause {median_us(recompute, starts):8.2f} µs")
    few = starts[:1_000]
    one_day = Limit(1, LimitUnit.WORKING_DAY)
    for limit in (one_day, ten_days):
        took = median_us(lambda start, limit=limit: deadline(start, limit, calendar), few)
        print(f"deadline with segments, {limit.text('en'):16} {took:8.2f} µs")
    took = median_us(lambda start: explain(deadline(start, one_day, calendar), "zh"), few)
    print(f"deadline in words, {one_day.text('en'):16} {took:8.2f} µs")


if __name__ == "__main__":
    main()
