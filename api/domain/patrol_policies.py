"""The numbers of patrol that differ from city to city; a part of `api.domain.policies`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from api.domain import policy_values as read_value
from api.domain.coverage import RoadRules
from api.domain.tracks import TrackRules

_KM_H = 1_000 / 3_600


@dataclass(frozen=True, slots=True)
class PatrolPolicies:
    """Thresholds of shifts, tracks, coverage, checkpoints and posts, and how long tracks are kept."""

    shift_hours_max: int = 16
    """班次: one that nobody stops ends by itself so long after its start."""

    office_calendar: str = "city"
    """错时: what lies outside the open hours of this calendar is off-hours."""

    track_days: int = 90
    """Points of tracks are personal data: they are removed so many days after they were made."""

    track_accuracy_max_m: float = 100.0
    """A fix that is less accurate than this is left out of what is measured."""

    track_speed_max_kmh: float = 120.0
    """Nobody moves faster: a point out of reach is a drift spike or a teleport."""

    track_jitter_m: float = 50.0
    """How far two fixes of one place may lie apart, whatever the time between them."""

    track_spike_s: int = 60
    """A track that jumps away and is back within so long was drifting."""

    track_gap_s: int = 300
    """Between fixes further apart in time nothing is known: no metres, no time in a grid."""

    track_step_m: float = 15.0
    """Metres count once somebody is so far from where they were last counted."""

    stop_radius_m: float = 40.0
    """停留: so near to where somebody came to a halt ..."""

    stop_min_s: int = 300
    """... for so long is a stop."""

    coverage_dwell_s: int = 30
    """巡查覆盖: a unit grid counts as entered after so long inside."""

    visit_gap_s: int = 900
    """Whoever leaves a grid or place for less than this makes one visit, not two."""

    road_stretch_m: float = 50.0
    """Roads are cut into stretches of this length."""

    road_reach_m: float = 25.0
    """A road is gone where the track passes within this distance."""

    road_share: float = 0.8
    """A stretch counts as entered when this share of it was gone."""

    passed_within_m: float = 25.0
    """A place was seen by whoever passes within this distance."""

    position_fresh_s: int = 600
    """A last position that is older is shown as old."""

    code_grace_s: int = 60
    """签到码: the code before the present one still counts for so long."""

    checkin_late_hours: int = 72
    """A check-in may be told so long after it was made, as by a phone without a network."""

    post_early_s: int = 1_800
    """岗点: a check-in counts from so long before the time of the roster ..."""

    post_grace_s: int = 300
    """... and is late after this."""

    @property
    def track_rules(self) -> TrackRules:
        """What tracks are cleaned and measured by."""
        return TrackRules(
            accuracy_max_m=self.track_accuracy_max_m,
            speed_max_m_s=self.track_speed_max_kmh * _KM_H,
            jitter_m=self.track_jitter_m,
            spike_max=timedelta(seconds=self.track_spike_s),
            gap_max=timedelta(seconds=self.track_gap_s),
            step_min_m=self.track_step_m,
            stop_radius_m=self.stop_radius_m,
            stop_min=timedelta(seconds=self.stop_min_s),
        )

    @property
    def road_rules(self) -> RoadRules:
        """What roads are held against tracks by."""
        return RoadRules(self.road_stretch_m, self.road_reach_m, self.road_share)


PATROL_READERS: Mapping[str, Callable[[str, object], object]] = MappingProxyType(
    {
        "shift_hours_max": read_value.whole(1, 48),
        "office_calendar": read_value.calendar_code,
        "track_days": read_value.whole(1, 3_660),
        "track_accuracy_max_m": read_value.number(1.0, 10_000.0),
        "track_speed_max_kmh": read_value.number(1.0, 1_000.0),
        "track_jitter_m": read_value.number(0.0, 1_000.0),
        "track_spike_s": read_value.whole(0, 3_600),
        "track_gap_s": read_value.whole(1, 86_400),
        "track_step_m": read_value.number(0.0, 1_000.0),
        "stop_radius_m": read_value.number(1.0, 1_000.0),
        "stop_min_s": read_value.whole(1, 86_400),
        "coverage_dwell_s": read_value.whole(0, 86_400),
        "visit_gap_s": read_value.whole(0, 86_400),
        "road_stretch_m": read_value.number(5.0, 10_000.0),
        "road_reach_m": read_value.number(1.0, 1_000.0),
        "road_share": read_value.number(0.01, 1.0),
        "passed_within_m": read_value.number(0.0, 1_000.0),
        "position_fresh_s": read_value.whole(1, 86_400),
        "code_grace_s": read_value.whole(0, 86_400),
        "checkin_late_hours": read_value.whole(1, 24 * 366),
        "post_early_s": read_value.whole(0, 86_400),
        "post_grace_s": read_value.whole(0, 86_400),
    }
)
"""Reads the values of these policies."""
