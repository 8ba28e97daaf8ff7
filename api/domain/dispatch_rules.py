"""A dispatch rule (派遣规则): which cases it covers, which unit gets them, and how specific it is.

A rule speaks about a class (or a prefix of class codes, or one filing condition), about where (a place, a prefix of
grid codes, an area drawn on the map, or a type of place), about a source, about hours of the week and about a span of
time. What it leaves open it covers.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, cast

from api.domain.category_codes import CONDITION_NUMBER_MAX, ConditionCode, is_category_prefix
from api.domain.dispatch_hours import HOURS_MAX, Spans, WeeklyHours, week_of
from api.domain.errors import FieldWrong
from api.domain.limits import Limit
from api.domain.reports import Priority

ORDER_MAX = 1_000_000
"""Orders go from minus this to this, so that there is always room before and behind the ordinary 0."""

_CATEGORY_LENGTH = len("E0406")
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_-]*")
_IDENTIFIER_LENGTH_MAX = {"id": 64, "lead_unit": 40, "helping_units": 40, "source": 32}
_GRID_PREFIX = re.compile(r"[0-9A-Za-z_-]{0,20}")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_WHERE = ("place", "grid_prefix", "area", "place_type")
_NAME_LENGTH_MAX = 100
# Years that a slip of the pen makes; at the ends of the calendar there is no such instant in UTC at all.
FIRST_YEAR, LAST_YEAR = 1970, 2999


class Area(IntEnum):
    """How a rule names where it counts; the higher, the more specific. The gaps leave room for others.

    An area drawn on the map lies somewhere; a type of place is found all over the city, so it stands below.
    """

    ANYWHERE = 0
    PLACE_TYPE = 10
    DRAWN = 15
    GRID = 20
    PLACE = 30


class Reach(IntEnum):
    """How a rule names what it is about; the higher, the more specific."""

    ANYTHING = 0
    KIND = 1
    MAJOR = 2
    MINOR = 3
    CONDITION = 4


class Specificity(NamedTuple):
    """The order in which rules win, in one place: of two rules that cover a case, the greater one wins.

    1. `area`: a named place before a grid, a grid before a drawn area, an area before a type of place, any of them
       before anywhere;
    2. `grid_length`: the longer grid prefix before the shorter; a child's code begins with its parent's;
       and of two drawn areas that both contain the place the smaller one before the larger. Areas are redrawn without
       any rule being touched, so this is not a number here: a `Matter` lists its areas smallest first, those of equal
       size by code, and `api.domain.dispatch.RuleIndex` takes the rules in that order;
    3. `reach`: one filing condition before its class, then the major class, then the kind, then anything;
    4. `names_source`: a rule for one source before a rule for all;
    5. `names_hours`: a rule for some hours of the week before a rule for all;
    6. `precedence`: the explicit order, lowest number first (so it stands here negated).

    Two rules that cover the same case and agree in all of this would be a tie. They then name the same place, grid
    prefix, area or type, the same class, condition and source: two different areas never tie, since one is smaller
    or has the lower code. That is how `api.domain.dispatch_conflicts` finds ties, when rules are saved.
    """

    area: Area
    grid_length: int
    reach: Reach
    names_source: bool
    names_hours: bool
    precedence: int


@dataclass(frozen=True, slots=True)
class DispatchRule:
    """Sends the cases it covers to `lead_unit` (主办), with `helping_units` (协办) informed.

    `category` is a class code or a prefix of one (`E0406`, `E04`, `E`, or empty for all); `condition` is the
    number of a filing condition and needs a whole class. Where it counts is said by at most one of `place` (a code),
    `grid_prefix` (the beginning of grid codes), `area` (the code of one drawn on the map) and `place_type`; none is
    everywhere. `source` is where the report came from, `None` for any. The rule is in force from `valid_from`
    (included) to `valid_until` (excluded), and there only within `hours` of the week, if it has any. `limit` and
    `priority` replace what the condition and the report say. Of rules that are equally specific the lowest `order`
    wins.

    A field that makes no sense is refused by `FieldWrong`, which points at it.
    """

    id: str
    category: str
    lead_unit: str
    name_zh: str
    name_en: str
    condition: int | None = None
    place: str | None = None
    grid_prefix: str = ""
    area: str | None = None
    place_type: str | None = None
    source: str | None = None
    helping_units: tuple[str, ...] = ()
    limit: Limit | None = None
    priority: str | None = None
    order: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    hours: tuple[WeeklyHours, ...] = ()
    specificity: Specificity = field(init=False, repr=False, compare=False)
    """Where the rule stands among others that cover the same case; worked out once, as every choice asks."""
    week: Spans = field(init=False, repr=False, compare=False)
    """Its hours as minutes of the week; the whole week where it names none."""

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "specificity", _specificity(self))
        object.__setattr__(self, "week", week_of(self.hours))

    @property
    def subject(self) -> str:
        """What the rule is about, written as a code: `E04`, `P0101`, `P0101-2`; empty for everything."""
        if self.condition is None:
            return self.category
        return str(ConditionCode(self.category, self.condition))

    @property
    def where(self) -> tuple[Area, str]:
        """How the rule says where it counts, and the code that it names; empty for everywhere."""
        if self.place is not None:
            return Area.PLACE, self.place
        if self.grid_prefix:
            return Area.GRID, self.grid_prefix
        if self.area is not None:
            return Area.DRAWN, self.area
        if self.place_type is not None:
            return Area.PLACE_TYPE, self.place_type
        return Area.ANYWHERE, ""


_REACH_BY_LENGTH = {0: Reach.ANYTHING, 1: Reach.KIND, 3: Reach.MAJOR, _CATEGORY_LENGTH: Reach.MINOR}


def _specificity(rule: DispatchRule) -> Specificity:
    return Specificity(
        rule.where[0],
        len(rule.grid_prefix),
        _REACH_BY_LENGTH[len(rule.category)] if rule.condition is None else Reach.CONDITION,
        rule.source is not None,
        bool(rule.hours),
        -rule.order,
    )


def _check(rule: DispatchRule) -> None:
    """Refuse a rule whose fields cannot be meant."""
    _check_words(rule)
    _check_coverage(rule)
    _check_where(rule)
    _check_helping_units(rule)
    _check_validity(rule)


def _check_words(rule: DispatchRule) -> None:
    for name in ("id", "lead_unit", "source"):
        value = cast("str | None", getattr(rule, name))
        if value is not None:
            _check_identifier(name, value)
    for name in ("name_zh", "name_en"):
        value = cast("str", getattr(rule, name))
        if not value.strip() or not value.isprintable() or len(value) > _NAME_LENGTH_MAX:
            _refuse(name, "not_a_name", f"A name has 1 to {_NAME_LENGTH_MAX} printable characters.")
    if rule.priority is not None and rule.priority not in set(Priority):
        _refuse("priority", "not_a_priority", f"One of {', '.join(Priority)} is expected.")


def _check_coverage(rule: DispatchRule) -> None:
    if not is_category_prefix(rule.category):
        _refuse(
            "category", "not_a_category", "A class code or the beginning of one is expected: E0406, E04, E."
        )
    if rule.condition is not None and not 1 <= rule.condition <= CONDITION_NUMBER_MAX:
        _refuse("condition", "out_of_range", f"A condition has a number from 1 to {CONDITION_NUMBER_MAX}.")
    if rule.condition is not None and len(rule.category) != _CATEGORY_LENGTH:
        _refuse(
            "condition", "needs_category", "A condition is one of a single class; name that class in full."
        )
    if not -ORDER_MAX <= rule.order <= ORDER_MAX:
        _refuse("order", "out_of_range", f"The order is a number from -{ORDER_MAX} to {ORDER_MAX}.")


def _check_where(rule: DispatchRule) -> None:
    if not _GRID_PREFIX.fullmatch(rule.grid_prefix):
        _refuse("grid_prefix", "not_a_grid_prefix", "The beginning of a grid code is expected.")
    for name in ("place", "area", "place_type"):
        value = cast("str | None", getattr(rule, name))
        if value is not None and not _CODE.fullmatch(value):
            _refuse(name, "not_a_code", "A code of at most 64 letters, digits, -, . and _ is expected.")
    named = [name for name in _WHERE if getattr(rule, name)]
    if len(named) > 1:
        _refuse(named[1], "where_given_twice", f"A rule has at most one of {', '.join(_WHERE)}.")


def _check_identifier(field: str, value: str) -> None:
    longest = _IDENTIFIER_LENGTH_MAX[field]
    if len(value) > longest or not _IDENTIFIER.fullmatch(value):
        _refuse(field, "not_an_identifier", f"At most {longest} small letters, digits, - and _ are expected.")


def _check_helping_units(rule: DispatchRule) -> None:
    for unit in rule.helping_units:
        _check_identifier("helping_units", unit)
    if rule.lead_unit in rule.helping_units:
        _refuse("helping_units", "leads_already", "The leading unit cannot help itself.")
    if len(set(rule.helping_units)) != len(rule.helping_units):
        _refuse("helping_units", "repeated", "A helping unit is named twice.")


def _check_validity(rule: DispatchRule) -> None:
    for name in ("valid_from", "valid_until"):
        instant = cast("datetime | None", getattr(rule, name))
        if instant is not None and instant.utcoffset() is None:
            _refuse(name, "naive_instant", "An instant needs a UTC offset.")
        if instant is not None and not FIRST_YEAR <= instant.year <= LAST_YEAR:
            _refuse(name, "out_of_range", f"A rule begins and ends from {FIRST_YEAR} to {LAST_YEAR}.")
    if len(rule.hours) > HOURS_MAX:
        _refuse("hours", "too_many", f"A rule has at most {HOURS_MAX} ranges of hours.")
    if rule.valid_from is not None and rule.valid_until is not None and rule.valid_until <= rule.valid_from:
        _refuse("valid_until", "ends_before_start", "The rule ends before it begins, so it never holds.")


def _refuse(field: str, code: str, detail: str) -> None:
    raise FieldWrong(f"/{field}", code, detail)
