"""Dispatch rules and matters for tests, and an oracle that reads all rules one by one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from api.domain.dispatch import Decision, Fallback, Matter, RuleIndex, choose
from api.domain.dispatch_hours import WeeklyHours
from api.domain.dispatch_rules import DispatchRule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""A Sunday, 20:00 in Shanghai."""
GRID = "990101001003002"
ZONE = ZoneInfo("Asia/Shanghai")
SUNDAY_EVENING = WeeklyHours((7,), 18 * 60, 22 * 60)


class Around(TypedDict, total=False):
    """What may be around a matter besides its grid."""

    place: str | None
    place_type: str | None
    areas: tuple[str, ...]


class Where(TypedDict, total=False):
    """Where a rule counts: one of these, or none."""

    place: str | None
    grid_prefix: str
    area: str | None
    place_type: str | None


class RuleFields(Where, total=False):
    """Fields of a rule that few tests set."""

    source: str | None
    order: int
    valid_from: datetime | None
    valid_until: datetime | None
    hours: tuple[WeeklyHours, ...]


def rule(
    rule_id: str = "r",
    category: str = "",
    *,
    unit: str = "cityscape",
    condition: int | None = None,
    **fields: Unpack[RuleFields],
) -> DispatchRule:
    """Make a rule; what is not given is left open."""
    return DispatchRule(
        id=rule_id,
        category=category,
        lead_unit=unit,
        name_zh=f"规则{rule_id}",
        name_en=f"Rule {rule_id}",
        condition=condition,
        **fields,
    )


def matter(
    category: str = "E0406",
    condition: int | None = 1,
    grid_code: str | None = GRID,
    source: str = "officer",
    at: datetime = NOON,
    **around: Unpack[Around],
) -> Matter:
    """Make a matter of street vending; what is given differs."""
    return Matter(category, condition, grid_code, source, at, **around)


AT_THE_MARKET = matter(place="market-3", place_type="market", areas=("stalls", "festival"))
"""A matter at a place, in a small area inside a large one."""


def decide(*rules: DispatchRule, of: Matter | None = None, fallback: Fallback | None = None) -> Decision:
    """Choose among a few rules."""
    return choose(RuleIndex(rules, ZONE), of or matter(), fallback)


MOST_SPECIFIC_FIRST = (
    rule("place-condition", "E0406", condition=1, place="market-3"),
    rule("place", place="market-3"),
    rule("grid-condition", "E0406", condition=1, grid_prefix="990101001003002"),
    rule("grid-any-class-from-source", grid_prefix="990101001003002", source="officer"),
    rule("grid-any-class", grid_prefix="990101001003002"),
    rule("community-class", "E0406", grid_prefix="990101001003"),
    rule("street-any-class", grid_prefix="990101001"),
    rule("stalls-class", "E0406", area="stalls"),
    rule("stalls", area="stalls"),
    rule("festival-condition", "E0406", condition=1, area="festival"),
    rule("festival", area="festival"),
    rule("markets-class", "E0406", place_type="market"),
    rule("markets", place_type="market"),
    rule("condition", "E0406", condition=1),
    rule("class-from-source-at-night", "E0406", source="officer", hours=(SUNDAY_EVENING,), order=9),
    rule("class-from-source", "E0406", source="officer"),
    rule("class-at-night", "E0406", hours=(SUNDAY_EVENING,)),
    rule("class-at-night-late", "E0406", hours=(SUNDAY_EVENING,), order=3),
    rule("class-early", "E0406", order=-1),
    rule("class", "E0406"),
    rule("class-late", "E0406", order=7),
    rule("major-from-source", "E04", source="officer"),
    rule("major", "E04"),
    rule("kind", "E"),
    rule("anything-from-source", source="officer"),
    rule("anything"),
)
"""Rules that all cover `AT_THE_MARKET`, in the order of the domain: where, class, source, hours, explicit order."""

PLACES = {"market-3": "market", "school-1": "school", "school-2": "school"}
AREAS = ("stalls", "school-way", "festival")
"""The smallest first."""
SOURCES = ("officer", "hotline")
CATEGORIES = ("E0406", "E0405", "E0501", "P0101")
GRIDS = ("990101001001001", "990101001001002", "990101002001001", "9901010010010011")
INSTANTS = tuple(NOON + timedelta(hours=6 * sixths) for sixths in range(16))
"""Four days, the first a Sunday: at 20:00, 02:00, 08:00 and 14:00 in Shanghai."""
HOURS = (
    SUNDAY_EVENING,
    WeeklyHours((1, 2, 3, 4, 5), 8 * 60, 18 * 60),
    WeeklyHours((6, 7), 22 * 60, 6 * 60),
    WeeklyHours((1, 2, 3, 4, 5, 6, 7), 0, 24 * 60),
    WeeklyHours((1,), 2 * 60, 2 * 60 + 1),
)


def covers(candidate: DispatchRule, of: Matter) -> bool:
    """Tell whether a rule applies to a matter: the words of the domain taken literally."""
    return (
        of.category.startswith(candidate.category)
        and candidate.condition in {None, of.condition}
        and candidate.place in {None, of.place}
        and (of.grid_code or "").startswith(candidate.grid_prefix)
        and (candidate.area is None or candidate.area in of.areas)
        and candidate.place_type in {None, of.place_type}
        and candidate.source in {None, of.source}
        and (candidate.valid_from is None or candidate.valid_from <= of.at)
        and (candidate.valid_until is None or of.at < candidate.valid_until)
        and (not candidate.hours or any(is_within(hours, of.at) for hours in candidate.hours))
    )


def is_within(hours: WeeklyHours, at: datetime) -> bool:
    """Tell whether the clock on the wall shows such an hour, today's or one that began yesterday."""
    local = at.astimezone(ZONE)
    minute = local.hour * 60 + local.minute
    if hours.starts < hours.stops:
        return local.isoweekday() in hours.days and hours.starts <= minute < hours.stops
    yesterday = (local - timedelta(days=1)).isoweekday()
    return (local.isoweekday() in hours.days and minute >= hours.starts) or (
        yesterday in hours.days and minute < hours.stops
    )


def rank(candidate: DispatchRule) -> tuple[bool | int, ...]:
    """Order rules by how specific they are: the words of the domain taken literally."""
    return (
        candidate.place is not None,
        candidate.grid_prefix != "",
        len(candidate.grid_prefix),
        candidate.area is not None,
        -AREAS.index(candidate.area) if candidate.area else 0,
        candidate.place_type is not None,
        candidate.condition is not None,
        len(candidate.category),
        candidate.source is not None,
        candidate.hours != (),
        -candidate.order,
    )


def prefixes_of(codes: Sequence[str], lengths: Sequence[int]) -> list[str]:
    """List the beginnings of the codes that have one of the lengths."""
    return sorted({code[:length] for code in codes for length in lengths})


_WHERES = st.one_of(
    st.builds(Where, grid_prefix=st.sampled_from(prefixes_of(GRIDS, (0, 0, 6, 9, 10, 12, 15, 16)))),
    st.builds(Where, place=st.sampled_from(sorted(PLACES))),
    st.builds(Where, area=st.sampled_from(AREAS)),
    st.builds(Where, place_type=st.sampled_from(sorted(set(PLACES.values())))),
)


@st.composite
def random_rules(draw: st.DrawFn) -> list[DispatchRule]:
    """Draw rules over few codes, so that they cover the same cases often and tie now and then."""

    def one(number: int) -> DispatchRule:
        category = draw(st.sampled_from(prefixes_of(CATEGORIES, (0, 1, 3, 5))))
        start, length = draw(st.sampled_from((None, 0, 1, 2))), draw(st.sampled_from((None, 1, 2)))
        first = None if start is None else NOON + timedelta(days=start)
        where = draw(_WHERES)
        return rule(
            f"r{number}",
            category,
            unit=f"unit{number}",
            condition=draw(st.sampled_from((None, 1, 2))) if len(category) == 5 else None,
            source=draw(st.sampled_from((None, *SOURCES))),
            order=draw(st.integers(-1, 1)),
            valid_from=first,
            valid_until=None if length is None else (first or NOON) + timedelta(days=length),
            hours=tuple(draw(st.lists(st.sampled_from(HOURS), max_size=2, unique=True))),
            **where,
        )

    return [one(number) for number in range(draw(st.integers(0, 25)))]


def _case(category: str, condition: int | None, grid: str | None, place: str | None, areas: int) -> Matter:
    around = tuple(area for number, area in enumerate(AREAS) if areas >> number & 1)
    return matter(
        category, condition, grid, place=place, place_type=PLACES[place] if place else None, areas=around
    )


def _told(case: Matter, source: str, at: datetime) -> Matter:
    return replace(case, source=source, at=at)


RANDOM_CASES = st.builds(
    _told,
    st.builds(
        _case,
        st.sampled_from(CATEGORIES),
        st.sampled_from((None, 1, 2, 3)),
        st.sampled_from((None, *GRIDS)),
        st.sampled_from((None, *PLACES)),
        st.integers(0, 2 ** len(AREAS) - 1),
    ),
    st.sampled_from((*SOURCES, "citizen")),
    st.sampled_from(INSTANTS),
)
