"""Numbers and switches that differ from city to city: data in the database, with defaults for a new office.

Classes, limits, calendars and dispatch rules have tables of their own; here is what is left.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from types import MappingProxyType
from typing import cast

from api.domain.errors import FieldWrong, NotConfigured
from api.domain.escalation import DEFAULT_LADDER, LADDER_LENGTH_MAX, Answerer, Rung
from api.domain.ledger import Term
from api.domain.lifecycle import Clock, Closing
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit
from api.domain.numbers import number_parts

NUMBER_LENGTH_MAX = 64
"""Longest ticket number that a template may make."""

_DUE_SOON_MAX_S = 7 * 86_400
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SEQUENCE_DIGITS = 9
_RETURN_WINDOW = Limit(4, LimitUnit.WORKING_HOUR)


@dataclass(frozen=True, slots=True)
class StageLimit:
    """How long a stage inside the office may take, in open minutes of the calendar with this code."""

    minutes: int
    calendar: str

    @property
    def term(self) -> Term:
        """What the stage's clock is measured by."""
        return Term(Limit(self.minutes, LimitUnit.WORKING_MINUTE), self.calendar)


@dataclass(frozen=True, slots=True)
class Policies:
    """The office's policies; the defaults are those of the demo street.

    Read from data by `from_mapping`, which refuses what cannot be meant.
    """

    duplicate_radius_m: float = 50.0
    """Open tickets of the same class within this distance are offered as duplicates of a new report."""

    grid_tolerance_m: float = 50.0
    """A place outside all grids belongs to the nearest grid within this distance."""

    grid_tolerance_max_m: float = 200.0
    """A less accurate fix widens the tolerance to its own accuracy, up to this distance."""

    grid_sliver_m2: float = 1.0
    """Gaps and overlaps between grids smaller than this are warnings on import, larger ones errors."""

    light_yellow_share: float = 0.8
    """Share of a limit after which the light turns yellow."""

    due_soon_s: int = 14_400
    """An open ticket that is due within this time counts as due soon."""

    intake_limit: StageLimit = StageLimit(15, "always")
    """受理: from the report to filed, rejected or sent to verification."""

    verification_limit: StageLimit = StageLimit(120, "patrol")
    """核实: from the question to the officer's answer."""

    dispatch_limit: StageLimit = StageLimit(15, "always")
    """派遣: from filed to assigned."""

    sign_for_limit: StageLimit = StageLimit(60, "city")
    """签收: from assigned to accepted by the unit."""

    check_limit: StageLimit = StageLimit(120, "patrol")
    """核查: from the unit's answer to the check."""

    return_window: Limit = _RETURN_WINDOW
    """回退: a unit may return a ticket so long after it was assigned, and never past its limit."""

    returns_per_unit_max: int = 1
    """How often one unit may return the same ticket; after that it goes to adjudication."""

    extensions_max: int = 2
    """How often the limit of a ticket may be extended (延期), each time by the original limit."""

    suspension_max_days: int = 365
    """Longest suspension (挂账) in days; the ticket resumes by itself at its end."""

    escalation_ladder: tuple[Rung, ...] = DEFAULT_LADDER
    """上报: who answers for an overdue ticket at each level, and how long after the due time it goes up."""

    digest_from: int = 5
    """提醒: so many notices for one receiver at once are told in one digest, fewer one by one."""

    urgent_notices_at_once: bool = True
    """Notices on limits that run around the clock go out at once; otherwise in the receiver's working hours."""

    reopen_max_days: int = 30
    """A closed ticket may be reopened (反弹) within so many days."""

    calendar_warning_days: int = 90
    """A calendar whose holidays are loaded for fewer days than this from today needs the next year's."""

    number_template: str = "{category}-{date}-{sequence:06d}"
    """Ticket number (案卷号), filled by `api.domain.numbers.number_parts`."""

    close_after_check: bool = True
    """A passed check closes the ticket at once; otherwise a dispatcher closes it."""

    fallback_to_grid_owner: bool = True
    """What no rule covers goes to the grid's owning unit (属地兜底); otherwise to triage."""

    checker_may_be_reporter: bool = False
    """Whether the officer who reported a ticket may check its repair, too."""

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> "Policies":
        """Read policies; keys that are left out keep their defaults.

        `FieldWrong` points at the first key that is unknown (`policy_unknown`), of another type
        (`policy_mistyped`), outside its bounds (`policy_out_of_range`) or at odds with another
        (`policy_at_odds`).
        """
        known = {field.name for field in fields(cls)}
        values: dict[str, object] = {}
        for key, value in mapping.items():
            if key not in known:
                raise FieldWrong(f"/{key}", "policy_unknown", "There is no such policy.")
            values[key] = _READERS[key](f"/{key}", value)
        policies = cls(**values)  # pyright: ignore[reportArgumentType]  each value was read by its own reader
        if policies.grid_tolerance_max_m < policies.grid_tolerance_m:
            raise FieldWrong(
                "/grid_tolerance_max_m",
                "policy_at_odds",
                "The largest tolerance is smaller than the ordinary one, grid_tolerance_m.",
            )
        return policies

    @property
    def closing(self) -> Closing:
        """Who strikes tickets off, as the lifecycle table names it."""
        return Closing.WITH_CHECK if self.close_after_check else Closing.AT_DESK

    @property
    def stage_limits(self) -> Mapping[Clock, StageLimit]:
        """The limits of the stages inside the office, by their clock; the others have none of their own."""
        return {
            Clock.INTAKE: self.intake_limit,
            Clock.VERIFICATION: self.verification_limit,
            Clock.DISPATCH: self.dispatch_limit,
            Clock.SIGN_FOR: self.sign_for_limit,
            Clock.CHECK: self.check_limit,
        }

    def calendar_codes(self) -> frozenset[str]:
        """Return the calendars that the stages need."""
        return frozenset(stage.calendar for stage in self.stage_limits.values())


def _number(minimum: float, maximum: float) -> Callable[[str, object], float]:
    def read(pointer: str, value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _mistyped(pointer, "A number")
        return _bounded(pointer, float(value), minimum, maximum)

    return read


def _whole(minimum: int, maximum: int) -> Callable[[str, object], int]:
    def read(pointer: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _mistyped(pointer, "A whole number")
        return int(_bounded(pointer, value, minimum, maximum))

    return read


def _bounded(pointer: str, value: float, minimum: float, maximum: float) -> float:
    # "not inside" rather than "outside": NaN is neither
    if not minimum <= value <= maximum:
        raise FieldWrong(pointer, "policy_out_of_range", f"{minimum} to {maximum} is allowed.")
    return value


def _switch(pointer: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _mistyped(pointer, "true or false")
    return value


def _stage_limit(pointer: str, value: object) -> StageLimit:
    members = _members(pointer, value, {"minutes", "calendar"})
    code = members["calendar"]
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise _mistyped(f"{pointer}/calendar", "The code of a calendar")
    return StageLimit(_whole(1, LARGEST_LIMIT)(f"{pointer}/minutes", members["minutes"]), code)


def _limit(pointer: str, value: object) -> Limit:
    members = _members(pointer, value, {"value", "unit"})
    unit = members["unit"]
    if not isinstance(unit, str) or unit not in set(LimitUnit):
        raise _mistyped(f"{pointer}/unit", f"One of {', '.join(LimitUnit)}")
    return Limit(_whole(1, LARGEST_LIMIT)(f"{pointer}/value", members["value"]), LimitUnit(unit))


def _ladder(pointer: str, value: object) -> tuple[Rung, ...]:
    if not isinstance(value, list):
        raise _mistyped(pointer, "A list of rungs")
    rungs = cast("list[object]", value)
    if len(rungs) > LADDER_LENGTH_MAX:
        raise FieldWrong(pointer, "policy_out_of_range", f"A ladder has {LADDER_LENGTH_MAX} rungs at most.")
    return tuple(_rung(f"{pointer}/{index}", rung) for index, rung in enumerate(rungs))


def _rung(pointer: str, value: object) -> Rung:
    members = _members(pointer, value, {"answers", "after"})
    answers = members["answers"]
    if not isinstance(answers, str) or answers not in set(Answerer):
        raise _mistyped(f"{pointer}/answers", f"One of {', '.join(Answerer)}")
    return Rung(Answerer(answers), _limit(f"{pointer}/after", members["after"]))


def _members(pointer: str, value: object, names: set[str]) -> dict[str, object]:
    if not isinstance(value, Mapping) or set(cast("Mapping[object, object]", value)) != names:
        raise _mistyped(pointer, f"An object with {' and '.join(sorted(names))}, nothing else,")
    return dict(cast("Mapping[str, object]", value))


def _number_template(pointer: str, value: object) -> str:
    if not isinstance(value, str):
        raise _mistyped(pointer, "Text")
    try:
        parts = number_parts(value, category="E0406", on=date(2026, 11, 22), grid_code="9" * 15)
    except NotConfigured as error:
        raise FieldWrong(pointer, "policy_out_of_range", error.detail) from None
    around = parts.prefix + parts.suffix
    # Numbers stand in addresses: /v1/tickets/by-number/{number}
    if not around.isprintable() or any(character.isspace() or character == "/" for character in around):
        raise FieldWrong(pointer, "policy_out_of_range", "A ticket number has no spaces and no slashes.")
    if len(around) + max(parts.width, _SEQUENCE_DIGITS) > NUMBER_LENGTH_MAX:
        raise FieldWrong(
            pointer, "policy_out_of_range", f"A number is at most {NUMBER_LENGTH_MAX} characters long."
        )
    return value


def _mistyped(pointer: str, expected: str) -> FieldWrong:
    return FieldWrong(pointer, "policy_mistyped", f"{expected} is expected.")


_METRES_MAX = 10_000.0
_DAYS_MAX = 3_660

_READERS: Mapping[str, Callable[[str, object], object]] = MappingProxyType(
    {
        "duplicate_radius_m": _number(0.0, _METRES_MAX),
        "grid_tolerance_m": _number(0.0, _METRES_MAX),
        "grid_tolerance_max_m": _number(0.0, _METRES_MAX),
        "grid_sliver_m2": _number(0.0, _METRES_MAX),
        "light_yellow_share": _number(0.01, 1.0),
        "due_soon_s": _whole(0, _DUE_SOON_MAX_S),
        "intake_limit": _stage_limit,
        "verification_limit": _stage_limit,
        "dispatch_limit": _stage_limit,
        "sign_for_limit": _stage_limit,
        "check_limit": _stage_limit,
        "return_window": _limit,
        "returns_per_unit_max": _whole(0, 100),
        "extensions_max": _whole(0, 100),
        "suspension_max_days": _whole(1, _DAYS_MAX),
        "escalation_ladder": _ladder,
        "digest_from": _whole(2, 1_000),
        "urgent_notices_at_once": _switch,
        "reopen_max_days": _whole(0, _DAYS_MAX),
        "calendar_warning_days": _whole(0, _DAYS_MAX),
        "number_template": _number_template,
        "close_after_check": _switch,
        "fallback_to_grid_owner": _switch,
        "checker_may_be_reporter": _switch,
    }
)
