"""Dispatch rules and matters for tests, and an oracle that reads all rules one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from hypothesis import strategies as st

from api.domain.dispatch import Decision, Matter, RuleIndex, choose
from api.domain.dispatch_rules import DispatchRule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
GRID = "990101001003002"


class RuleFields(TypedDict, total=False):
    """Fields of a rule that few tests set."""

    grid_prefix: str
    source: str | None
    order: int
    valid_from: datetime | None
    valid_until: datetime | None


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
) -> Matter:
    """Make a matter of street vending; what is given differs."""
    return Matter(category, condition, grid_code, source, at)


def decide(*rules: DispatchRule, of: Matter | None = None, fallback_unit: str | None = None) -> Decision:
    """Choose among a few rules."""
    return choose(RuleIndex(rules), of or matter(), fallback_unit)


MOST_SPECIFIC_FIRST = (
    rule("grid-condition", "E0406", condition=1, grid_prefix="990101001003002"),
    rule("grid-any-class-from-source", grid_prefix="990101001003002", source="officer"),
    rule("grid-any-class", grid_prefix="990101001003002"),
    rule("community-class", "E0406", grid_prefix="990101001003"),
    rule("street-any-class", grid_prefix="990101001"),
    rule("condition", "E0406", condition=1),
    rule("class-from-source", "E0406", source="officer"),
    rule("class-early", "E0406", order=-1),
    rule("class", "E0406"),
    rule("class-late", "E0406", order=7),
    rule("major-from-source", "E04", source="officer"),
    rule("major", "E04"),
    rule("kind", "E"),
    rule("anything-from-source", source="officer"),
    rule("anything"),
)
"""Rules that all cover `matter()`, in the order of the domain: grid, class, source, explicit order."""

SOURCES = ("officer", "hotline")
CATEGORIES = ("E0406", "E0405", "E0501", "P0101")
GRIDS = ("990101001001001", "990101001001002", "990101002001001", "9901010010010011")
INSTANTS = tuple(NOON + timedelta(days=days) for days in range(4))


def covers(candidate: DispatchRule, of: Matter) -> bool:
    """Tell whether a rule applies to a matter: the words of the domain taken literally."""
    return (
        of.category.startswith(candidate.category)
        and candidate.condition in {None, of.condition}
        and (of.grid_code or "").startswith(candidate.grid_prefix)
        and candidate.source in {None, of.source}
        and (candidate.valid_from is None or candidate.valid_from <= of.at)
        and (candidate.valid_until is None or of.at < candidate.valid_until)
    )


def rank(candidate: DispatchRule) -> tuple[bool, int, bool, int, bool, int]:
    """Order rules by how specific they are: the words of the domain taken literally."""
    return (
        candidate.grid_prefix != "",
        len(candidate.grid_prefix),
        candidate.condition is not None,
        len(candidate.category),
        candidate.source is not None,
        -candidate.order,
    )


def prefixes_of(codes: Sequence[str], lengths: Sequence[int]) -> list[str]:
    """List the beginnings of the codes that have one of the lengths."""
    return sorted({code[:length] for code in codes for length in lengths})


@st.composite
def random_rules(draw: st.DrawFn) -> list[DispatchRule]:
    """Draw rules over few codes, so that they cover the same cases often and tie now and then."""

    def one(number: int) -> DispatchRule:
        category = draw(st.sampled_from(prefixes_of(CATEGORIES, (0, 1, 3, 5))))
        start, length = draw(st.sampled_from((None, 0, 1, 2))), draw(st.sampled_from((None, 1, 2)))
        first = None if start is None else INSTANTS[start]
        return rule(
            f"r{number}",
            category,
            unit=f"unit{number}",
            condition=draw(st.sampled_from((None, 1, 2))) if len(category) == 5 else None,
            grid_prefix=draw(st.sampled_from(prefixes_of(GRIDS, (0, 0, 6, 9, 10, 12, 15, 16)))),
            source=draw(st.sampled_from((None, *SOURCES))),
            order=draw(st.integers(-1, 1)),
            valid_from=first,
            valid_until=None if length is None else (first or INSTANTS[0]) + timedelta(days=length),
        )

    return [one(number) for number in range(draw(st.integers(0, 25)))]


RANDOM_CASES = st.builds(
    Matter,
    st.sampled_from(CATEGORIES),
    st.sampled_from((None, 1, 2, 3)),
    st.sampled_from((None, *GRIDS)),
    st.sampled_from((*SOURCES, "citizen")),
    st.sampled_from(INSTANTS),
)
