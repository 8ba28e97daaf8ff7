"""An office of three units in as many time zones, with a random week each: the ground that cases walk on."""

from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from api.domain.access import Role, Viewer
from api.domain.calendars import Ranges, WorkCalendar
from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.category_codes import Kind
from api.domain.deadlines import Milestone
from api.domain.dispatch import RuleIndex
from api.domain.dispatch_rules import DispatchRule
from api.domain.escalation import DEFAULT_LADDER
from api.domain.grids import GridIndex, GridLevel
from api.domain.limits import Limit, LimitUnit
from api.domain.policies import Policies
from api.domain.reference import GridFacts, Reference, UnitFacts
from api.services.calendar_seed import chinese_exceptions
from tests.domain.example_calendars import CHINESE_WEEK, NIGHT_WEEK

FIRST_ON, LAST_ON = date(2017, 1, 1), date(2018, 12, 31)
"""Years in which all four zones but the Chinese one changed their clocks, Brazil at midnight."""

GRID, OTHER_GRID = "990101001001001", "990101001002001"


def person(number: int, role: Role, *, unit_id: int | None = None, grids: tuple[str, ...] = ()) -> Viewer:
    return Viewer(UUID(int=number), UUID(int=number), f"p{number}", "", role, unit_id, grids)


PEOPLE = (
    person(1, Role.OFFICER, grids=(GRID[:12],)),
    person(2, Role.OFFICER, grids=(GRID[:12],)),
    person(3, Role.OFFICER, grids=(OTHER_GRID,)),
    person(4, Role.DISPATCHER),
    person(5, Role.SUPERVISOR),
    person(6, Role.UNIT_MEMBER, unit_id=1),
    person(7, Role.UNIT_LEAD, unit_id=1),
    person(8, Role.UNIT_LEAD, unit_id=2),
    person(9, Role.UNIT_LEAD, unit_id=3),
    person(10, Role.ADMINISTRATOR),
)
BY_ID = {one.person_id: one for one in PEOPLE}
REPORTERS = tuple(one for one in PEOPLE if one.role in {Role.OFFICER, Role.DISPATCHER, Role.SUPERVISOR})


def _unit(number: int, calendar_code: str) -> UnitFacts:
    return UnitFacts(
        id=number,
        code=f"unit{number}",
        name_zh=f"单位{number}",
        name_en=f"Unit {number}",
        kind="bureau",
        parent_id=None,
        phone=None,
        calendar_code=calendar_code,
        is_fallback=number == 1,
        is_active=True,
    )


UNITS = {number: _unit(number, code) for number, code in enumerate(("china", "first", "second"), start=1)}


def _condition(
    code: str, number: int, limit: Limit, *limits: Limit, after_photo: bool = True, self_fix: bool = False
) -> Condition:
    milestones = tuple(Milestone("阶段", "stage", one) for one in (*limits, limit)) if limits else ()
    return Condition(
        code, number, "立案", "filed", "结案", "closed", limit, milestones, after_photo, self_fix
    )


CONDITIONS = (
    _condition("E0406", 1, Limit(1, LimitUnit.WORKING_DAY), self_fix=True),
    _condition("E0406", 2, Limit(5, LimitUnit.WORKING_HOUR)),
    _condition("E0301", 1, Limit(2, LimitUnit.URGENT_HOUR), after_photo=False),
    _condition("P0101", 1, Limit(30, LimitUnit.CALENDAR_DAY)),
    _condition("E0101", 1, Limit(9, LimitUnit.WORKING_DAY), Limit(4, LimitUnit.WORKING_HOUR)),
)
CATEGORIES = tuple(dict.fromkeys(condition.category_code for condition in CONDITIONS))
CATEGORY_IDS = {code: row_id for row_id, code in enumerate(CATEGORIES)}
CATALOGUE = Catalogue(
    {
        code: Category(code, "local", Kind.EVENT, code[1:3], "大类", "major", code[3:], "小类", "minor")
        for code in CATEGORIES
    },
    {condition.code: condition for condition in CONDITIONS},
)

RULES = RuleIndex(
    (
        DispatchRule("vending", "E0406", "unit1", "占道", "vending", helping_units=("unit2",)),
        DispatchRule("noise", "E0301", "unit2", "噪声", "noise"),
        DispatchRule(
            "buildings", "E0101", "unit3", "违建", "buildings", limit=Limit(12, LimitUnit.WORKING_HOUR)
        ),
    ),
    ZoneInfo("Asia/Shanghai"),
)
"""Manhole covers (P0101) have no rule: the grid's owner has them, or triage."""

ZONES = ("Asia/Shanghai", "Europe/Amsterdam", "America/Sao_Paulo", "Australia/Lord_Howe")

_edges = st.lists(st.integers(0, 1_440), min_size=2, max_size=4, unique=True).map(sorted)
_days = _edges.map(lambda edges: tuple(zip(edges[::2], edges[1::2], strict=False)))
_weeks: st.SearchStrategy[tuple[Ranges, ...]] = st.sampled_from(
    (CHINESE_WEEK, NIGHT_WEEK, tuple(((0, 1_440),) for _ in range(7)))
) | st.lists(st.just(()) | _days, min_size=7, max_size=7).map(tuple).filter(any)


def _calendar(code: str, zone: str, week: tuple[Ranges, ...], working_day_minutes: int) -> WorkCalendar:
    return WorkCalendar(
        code, "", "", zone, week, (), FIRST_ON, LAST_ON, working_day_minutes=working_day_minutes
    )


CHINA = WorkCalendar(
    "china",
    "",
    "",
    "Asia/Shanghai",
    CHINESE_WEEK,
    chinese_exceptions(FIRST_ON.year, LAST_ON.year),
    FIRST_ON,
    LAST_ON,
)
ALWAYS = _calendar("always", "Asia/Shanghai", tuple(((0, 1_440),) for _ in range(7)), 1_440)


def random_calendar(code: str) -> st.SearchStrategy[WorkCalendar]:
    """Draw a calendar of two years: any week with some open minutes, in any of the four zones."""
    return st.builds(
        _calendar, st.just(code), st.sampled_from(ZONES), _weeks, st.sampled_from((60, 480, 1_440))
    )


policies = st.builds(
    Policies,
    returns_per_unit_max=st.integers(0, 2),
    extensions_max=st.integers(0, 3),
    suspension_max_days=st.sampled_from((1, 30, 365)),
    reopen_max_days=st.integers(0, 30),
    escalation_ladder=st.integers(0, 4).map(lambda length: DEFAULT_LADDER[:length]),
    close_after_check=st.booleans(),
    fallback_to_grid_owner=st.booleans(),
    redispatch_on_correction=st.booleans(),
    checker_may_be_reporter=st.booleans(),
)


def office(first: WorkCalendar, second: WorkCalendar, with_policies: Policies) -> Reference:
    """Put the office together; two of its units keep the given calendars, the first one the Chinese."""
    calendars = {one.code: one for one in (CHINA, ALWAYS, first, second)}
    calendars |= {"patrol": second, "city": CHINA}
    return Reference(
        version=1,
        catalogue=CATALOGUE,
        category_ids=CATEGORY_IDS,
        known_categories={row_id: CATALOGUE.categories[code] for code, row_id in CATEGORY_IDS.items()},
        known_conditions=dict(enumerate(CONDITIONS)),
        condition_ids={
            (CATEGORY_IDS[one.category_code], one.number): row_id for row_id, one in enumerate(CONDITIONS)
        },
        units=UNITS,
        grids={
            code: GridFacts(number, code, GridLevel.UNIT_GRID, "网格", "grid", None, 1)
            for number, code in enumerate((GRID, OTHER_GRID))
        },
        grid_index=GridIndex(()),
        rules=RULES,
        calendars=calendars,
        policies=with_policies,
    )


begins = st.integers(0, 690 * 1_440).map(
    lambda minute: datetime.fromtimestamp(1_483_315_200 + minute * 60, UTC)
)
"""Whole minutes from 2017-01-02 to the last weeks before nobody knows the holidays any more."""
