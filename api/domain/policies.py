"""Numbers and switches that differ from city to city: data in the database, with defaults for a new office.

Classes, limits, calendars and dispatch rules have tables of their own; here is what is left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from api.domain import policy_values as read_value
from api.domain.errors import FieldWrong
from api.domain.escalation import DEFAULT_LADDER, Rung
from api.domain.lifecycle import Clock, Closing
from api.domain.limits import Limit, LimitUnit
from api.domain.patrol_policies import PATROL_READERS, PatrolPolicies
from api.domain.policy_values import JsonValue, StageLimit, value_as_json
from api.domain.signals import DEFAULT_WEIGHTS

_DUE_SOON_MAX_S = 7 * 86_400
_RETURN_WINDOW = Limit(4, LimitUnit.WORKING_HOUR)
_INTAKE = _DISPATCH = StageLimit(15, "always")
_VERIFICATION = _CHECK = StageLimit(120, "patrol")
_SIGN_FOR = StageLimit(60, "city")


@dataclass(frozen=True, slots=True)
class Policies(PatrolPolicies):
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

    grid_code_pattern: str = "2+2+2+3+3+3"
    """网格编码: the digits of the parts of a unit grid's code (`api.domain.grids.CodePattern`)."""

    officers_per_grid_min: int = 2
    """一格两员: an import of grids warns of unit grids with fewer people on duty."""

    place_reach_m: float = 200.0
    """A report made farther than this from the place (点位) that it names carries the signal far_from_place."""

    light_yellow_share: float = 0.8
    """Share of a limit after which the light turns yellow."""

    due_soon_s: int = 14_400
    """An open ticket that is due within this time counts as due soon."""

    intake_limit: StageLimit = _INTAKE
    """受理: from the report to filed, rejected or sent to verification."""

    verification_limit: StageLimit = _VERIFICATION
    """核实: from the question to the officer's answer."""

    dispatch_limit: StageLimit = _DISPATCH
    """派遣: from filed to assigned."""

    sign_for_limit: StageLimit = _SIGN_FOR
    """签收: from assigned to accepted by the unit."""

    check_limit: StageLimit = _CHECK
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

    feed_days: int = 30
    """A phone that followed the feed within so many days goes on from there; later it starts again."""

    calendar_warning_days: int = 90
    """A calendar whose holidays are loaded for fewer days than this from today needs the next year's."""

    number_template: str = "{category}-{date}-{sequence:06d}"
    """Ticket number (案卷号), filled by `api.domain.numbers.number_parts`."""

    close_after_check: bool = True
    """A passed check closes the ticket at once; otherwise a dispatcher closes it."""

    signers_first: bool = True
    """门前三包: a finding that a frontage agreement covers goes to its signer first, where that is a unit."""

    fallback_to_place_unit: bool = True
    """What no rule covers goes to the unit responsible for its place (点位责任单位), if that has one."""

    fallback_to_area_owner: bool = True
    """Else to the owner of the smallest area around it that belongs to somebody (权属单位)."""

    fallback_to_grid_owner: bool = True
    """Else to the grid's owning unit (属地兜底); otherwise to triage."""

    redispatch_on_correction: bool = True
    """更正: rules choose the unit anew when class or place is corrected; otherwise the ticket stays where it is."""

    checker_may_be_reporter: bool = False
    """Whether the officer who reported a ticket may check its repair, too."""

    only_assignees_check: bool = True
    """Only who was asked to verify or check does so, or a supervisor; otherwise any officer of the grid may."""

    checker_load_m: float = 500.0
    """Choosing a checker: each task that is open already counts like so many metres of way."""

    checker_rotation_m: float = 1_000.0
    """轮换: each task on the same unit's work within `checker_rotation_days` counts like so many metres."""

    checker_rotation_days: int = 14
    """How far back rotation looks."""

    position_minutes: int = 120
    """Where an officer was last seen counts so long; after that the middle of her grid does."""

    task_attempts_max: int = 3
    """How many officers one task is given to, one after the other; then it waits for a supervisor."""

    second_check_share: float = 0.05
    """抽查: the share of passed checks and fixes on the spot that somebody else looks at again at once."""

    look_back_share: float = 0.1
    """回头看: the share of closed tickets that is looked at again after `look_back_days`."""

    look_back_days: int = 30
    """回头看: so many days after closing."""

    look_back_within_days: int = 3
    """How many days an officer has for a look-back."""

    waiting_hours: int = 72
    """A step that came before its ticket waits so long for it, around the clock; then its sender is told."""

    public_responsibility: bool = True
    """网格责任公示: anybody may ask who is responsible for a place; otherwise nothing of it is public."""
    upload_ttl_hours: int = 48
    """An upload that is not finished so long after it was begun is removed."""

    uploads_open_max: int = 100
    """How many unfinished uploads one person may have."""

    uploads_open_max_mb: int = 500
    """How many megabytes the unfinished uploads of one person may come to, as they were announced."""

    signal_weights: Mapping[str, float] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    """How telling each kind of signal is, 0 to 1; one of 0 is not raised. Kinds left out keep their defaults."""

    photo_reach_m: float = 100.0
    """A photo taken farther than this from its ticket's place carries the signal taken_elsewhere."""

    photo_age_max_hours: int = 24
    """A photo that had been taken so long before it was captured or sent carries the signal taken_long_ago."""

    photo_same_bits: int = 5
    """Perceptual hashes that differ in so many of 64 bits at most are very similar."""

    photo_look_bits: int = 10
    """And up to so many, similar: worth a look."""

    photo_memory_days: int = 365
    """How far back a person's and a unit's photos are compared; the same picture is found however old."""

    speed_max_kmh: float = 120.0
    """Two fixes of one officer with a faster way between them carry the signal speed_impossible."""

    fixes_alike_from: int = 5
    """So many reports of one officer with exactly the same coordinates, or accuracy, are odd."""

    fixes_memory_days: int = 30
    """How far back an officer's fixes are compared."""

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

    def calendars(self) -> dict[str, str]:
        """Return which calendars the office itself counts in: by the name of the policy, the calendar's code."""
        limits = {field.name: getattr(self, field.name) for field in fields(self)}
        stages = {name: limit.calendar for name, limit in limits.items() if isinstance(limit, StageLimit)}
        return {**stages, "office_calendar": self.office_calendar}

    def as_json(self) -> dict[str, JsonValue]:
        """Return all policies as `from_mapping` reads them."""
        return {field.name: value_as_json(getattr(self, field.name)) for field in fields(self)}

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


_METRES_MAX = 10_000.0
_DAYS_MAX = 3_660

_READERS: Mapping[str, Callable[[str, object], object]] = MappingProxyType(
    {
        "duplicate_radius_m": read_value.number(0.0, _METRES_MAX),
        "grid_tolerance_m": read_value.number(0.0, _METRES_MAX),
        "grid_tolerance_max_m": read_value.number(0.0, _METRES_MAX),
        "grid_sliver_m2": read_value.number(0.0, _METRES_MAX),
        "grid_code_pattern": read_value.code_pattern,
        "officers_per_grid_min": read_value.whole(0, 100),
        "place_reach_m": read_value.number(0.0, _METRES_MAX),
        "light_yellow_share": read_value.number(0.01, 1.0),
        "due_soon_s": read_value.whole(0, _DUE_SOON_MAX_S),
        "intake_limit": read_value.stage_limit,
        "verification_limit": read_value.stage_limit,
        "dispatch_limit": read_value.stage_limit,
        "sign_for_limit": read_value.stage_limit,
        "check_limit": read_value.stage_limit,
        "return_window": read_value.limit,
        "returns_per_unit_max": read_value.whole(0, 100),
        "extensions_max": read_value.whole(0, 100),
        "suspension_max_days": read_value.whole(1, _DAYS_MAX),
        "escalation_ladder": read_value.ladder,
        "digest_from": read_value.whole(2, 1_000),
        "urgent_notices_at_once": read_value.switch,
        "reopen_max_days": read_value.whole(0, _DAYS_MAX),
        "feed_days": read_value.whole(1, 366),
        "calendar_warning_days": read_value.whole(0, _DAYS_MAX),
        "number_template": read_value.number_template,
        "close_after_check": read_value.switch,
        "signers_first": read_value.switch,
        "fallback_to_place_unit": read_value.switch,
        "fallback_to_area_owner": read_value.switch,
        "fallback_to_grid_owner": read_value.switch,
        "redispatch_on_correction": read_value.switch,
        "checker_may_be_reporter": read_value.switch,
        "only_assignees_check": read_value.switch,
        "checker_load_m": read_value.number(0.0, _METRES_MAX),
        "checker_rotation_m": read_value.number(0.0, _METRES_MAX),
        "checker_rotation_days": read_value.whole(0, _DAYS_MAX),
        "position_minutes": read_value.whole(0, 24 * 60),
        "task_attempts_max": read_value.whole(1, 100),
        "second_check_share": read_value.number(0.0, 1.0),
        "look_back_share": read_value.number(0.0, 1.0),
        "look_back_days": read_value.whole(1, _DAYS_MAX),
        "look_back_within_days": read_value.whole(1, _DAYS_MAX),
        "waiting_hours": read_value.whole(1, 24 * 366),
        "public_responsibility": read_value.switch,
        "upload_ttl_hours": read_value.whole(1, 24 * _DAYS_MAX),
        "uploads_open_max": read_value.whole(1, 10_000),
        "uploads_open_max_mb": read_value.whole(1, 1_000_000),
        "signal_weights": read_value.weights(DEFAULT_WEIGHTS),
        "photo_reach_m": read_value.number(0.0, _METRES_MAX),
        "photo_age_max_hours": read_value.whole(1, 24 * _DAYS_MAX),
        "photo_same_bits": read_value.whole(0, 32),
        "photo_look_bits": read_value.whole(0, 32),
        "photo_memory_days": read_value.whole(0, _DAYS_MAX),
        "speed_max_kmh": read_value.number(1.0, 10_000.0),
        "fixes_alike_from": read_value.whole(2, 1_000),
        "fixes_memory_days": read_value.whole(1, 366),
        **PATROL_READERS,
    }
)
