"""How long does it take to choose among 5 000 dispatch rules? `python bench/dispatch.py` prints the median.

The rules are the size of a district: one for each class in many grids, places, drawn areas and types of place, with
sources and hours mixed in. A scan of all rules by the same criteria stands beside it, so that the ratio says
something on any machine.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median, quantiles
from time import perf_counter_ns
from zoneinfo import ZoneInfo

from api.domain.dispatch import Matter, RuleIndex, choose
from api.domain.dispatch_conflicts import conflicts
from api.domain.dispatch_hours import WeeklyHours, minute_of_week
from api.domain.dispatch_rules import Area, DispatchRule

RULES = 5_000
CASES = 5_000
SCANNED_CASES = 100
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
MICROSECOND_NS = 1_000

CATEGORIES = [
    f"{kind}{major:02d}{minor:02d}" for kind in "PE" for major in range(1, 7) for minor in range(1, 13)
]
GRIDS = [
    f"990101{street:03d}{community:03d}{unit:03d}"
    for street in range(1, 5)
    for community in range(1, 17)
    for unit in range(1, 8)
]
CATEGORY_PREFIX_LENGTHS = (0, 1, 3, 5, 5, 5)
GRID_PREFIX_LENGTHS = (0, 2, 4, 6, 9, 12, 15)
"""Far more rules for wide areas and kinds than a city has, so that every case has dozens to consider."""

SOURCES = ("officer", "hotline", "citizen")
ZONE = ZoneInfo("Asia/Shanghai")
PLACES = [f"place-{number}" for number in range(400)]
AREAS = [f"area-{number}" for number in range(60)]
PLACE_TYPES = [f"type-{number}" for number in range(30)]
AREAS_AROUND = 3
WHERES = (Area.GRID, Area.GRID, Area.GRID, Area.PLACE, Area.DRAWN, Area.PLACE_TYPE)
HOURS = (
    (),
    (),
    (WeeklyHours((1, 2, 3, 4, 5), 8 * 60, 18 * 60),),
    (WeeklyHours((6, 7), 0, 24 * 60), WeeklyHours((1, 2, 3, 4, 5), 22 * 60, 6 * 60)),
)


def random_rules(dice: random.Random) -> list[DispatchRule]:
    """Make rules without ties: no two for the same class, condition, where, source and hours."""
    rules: list[DispatchRule] = []
    taken: set[tuple[object, ...]] = set()
    while len(rules) < RULES:
        category = dice.choice(CATEGORIES)[: dice.choice(CATEGORY_PREFIX_LENGTHS)]
        condition = dice.choice((None, 1, 2)) if len(category) == len("E0406") else None
        area = dice.choice(WHERES)
        grid_prefix = dice.choice(GRIDS)[: dice.choice(GRID_PREFIX_LENGTHS)] if area is Area.GRID else ""
        place = dice.choice(PLACES) if area is Area.PLACE else None
        drawn = dice.choice(AREAS) if area is Area.DRAWN else None
        place_type = dice.choice(PLACE_TYPES) if area is Area.PLACE_TYPE else None
        hours = dice.choice(HOURS)
        source = dice.choice((None, None, *SOURCES))
        key = (category, condition, grid_prefix, place, drawn, place_type, source, bool(hours))
        if key in taken:
            continue
        taken.add(key)
        rules.append(
            DispatchRule(
                id=f"r{len(rules)}",
                category=category,
                lead_unit="cityscape",
                name_zh="规则",
                name_en="Rule",
                condition=condition,
                grid_prefix=grid_prefix,
                place=place,
                area=drawn,
                place_type=place_type,
                source=source,
                hours=hours,
            )
        )
    return rules


def random_case(dice: random.Random) -> Matter:
    """Make a case at a place inside some areas."""
    return Matter(
        dice.choice(CATEGORIES),
        dice.choice((1, 2, 3)),
        dice.choice(GRIDS),
        dice.choice(SOURCES),
        NOW,
        place=dice.choice(PLACES),
        place_type=dice.choice(PLACE_TYPES),
        areas=tuple(dice.sample(AREAS, AREAS_AROUND)),
    )


def scan(rules: list[DispatchRule], case: Matter) -> DispatchRule | None:
    """Choose by looking at every rule."""
    minute = minute_of_week(case.at, ZONE)
    matching = (
        rule
        for rule in rules
        if case.category.startswith(rule.category)
        and rule.condition in {None, case.condition}
        and (case.grid_code or "").startswith(rule.grid_prefix)
        and rule.place in {None, case.place}
        and rule.place_type in {None, case.place_type}
        and (rule.area is None or rule.area in case.areas)
        and rule.source in {None, case.source}
        and any(start <= minute < stop for start, stop in rule.week)
    )

    def rank(rule: DispatchRule) -> tuple[object, ...]:
        area, length, *rest = rule.specificity
        return area, length, -case.areas.index(rule.area) if rule.area else 0, *rest

    return max(matching, key=rank, default=None)


def times_us(choose_one: Callable[[Matter], object], cases: list[Matter]) -> list[float]:
    """Return how long each choice took, in microseconds."""
    times: list[float] = []
    for case in cases:
        start = perf_counter_ns()
        choose_one(case)
        times.append((perf_counter_ns() - start) / MICROSECOND_NS)
    return times


def main() -> None:
    """Measure and print."""
    dice = random.Random(1)
    rules = random_rules(dice)
    start = perf_counter_ns()
    found = conflicts(rules, ZONE)
    conflicts_ms = (perf_counter_ns() - start) / MICROSECOND_NS / 1_000
    start = perf_counter_ns()
    index = RuleIndex(rules, ZONE)
    index_ms = (perf_counter_ns() - start) / MICROSECOND_NS / 1_000
    cases = [random_case(dice) for _ in range(CASES)]
    if any(choose(index, case).rule is not scan(rules, case) for case in cases[:SCANNED_CASES]):
        raise AssertionError("the index and the scan disagree")
    indexed = times_us(lambda case: choose(index, case), cases)
    scanned = times_us(lambda case: scan(rules, case), cases[:SCANNED_CASES])
    considered = median(len(choose(index, case).considered) for case in cases)
    print(
        f"{RULES} rules: {len(found)} conflicts found in {conflicts_ms:.1f} ms, indexed in {index_ms:.1f} ms"
    )
    print(
        f"choose: median {median(indexed):.1f} us, p99 {quantiles(indexed, n=100)[98]:.1f} us "
        f"(target 100 us; {considered:.0f} rules considered); "
        f"scan: median {median(scanned):.0f} us, ratio {median(scanned) / median(indexed):.0f}"
    )


if __name__ == "__main__":
    main()
