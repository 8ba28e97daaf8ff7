"""Fraud signals: what a reviewer should look at. Each has a weight and a sentence, and refuses nothing.

`signal_photos` and `signal_fixes` find them; here is what all of them share.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from api.domain.errors import OwnSignal, SignalSettled, VersionConflict


class SignalKind(StrEnum):
    """What is odd."""

    FILE_SEEN_BEFORE = "file_seen_before"
    PICTURE_SEEN_BEFORE = "picture_seen_before"
    PICTURE_RESEMBLES = "picture_resembles"
    PICTURE_CUT_FROM_EARLIER = "picture_cut_from_earlier"
    AFTER_SAME_AS_BEFORE = "after_same_as_before"
    AFTER_EDITED_FROM_BEFORE = "after_edited_from_before"
    AFTER_CUT_FROM_BEFORE = "after_cut_from_before"
    EDITING_SOFTWARE_NAMED = "editing_software_named"
    TAKEN_IN_FUTURE = "taken_in_future"
    TAKEN_BEFORE_DISPATCH = "taken_before_dispatch"
    TAKEN_BEFORE_REPAIR = "taken_before_repair"
    TAKEN_LONG_AGO = "taken_long_ago"
    TAKEN_ELSEWHERE = "taken_elsewhere"
    LOCATION_MOCKED = "location_mocked"
    ACCURACY_ZERO = "accuracy_zero"
    ACCURACY_CONSTANT = "accuracy_constant"
    COORDINATES_REPEATED = "coordinates_repeated"
    SPEED_IMPOSSIBLE = "speed_impossible"
    FAR_FROM_PLACE = "far_from_place"


KIND_NAMES: Final[Mapping[SignalKind, tuple[str, str]]] = MappingProxyType(
    {
        SignalKind.FILE_SEEN_BEFORE: ("同一文件", "the same file"),
        SignalKind.PICTURE_SEEN_BEFORE: ("同一照片", "the same picture"),
        SignalKind.PICTURE_RESEMBLES: ("相似照片", "a similar picture"),
        SignalKind.PICTURE_CUT_FROM_EARLIER: ("裁剪旧照片", "cut from an earlier picture"),
        SignalKind.AFTER_SAME_AS_BEFORE: ("整改前后相同", "after is before"),
        SignalKind.AFTER_EDITED_FROM_BEFORE: ("整改前照片修改", "after is an edited before"),
        SignalKind.AFTER_CUT_FROM_BEFORE: ("整改前照片裁剪", "after is cut from before"),
        SignalKind.EDITING_SOFTWARE_NAMED: ("图像编辑软件", "editing program"),
        SignalKind.TAKEN_IN_FUTURE: ("拍摄时间在未来", "taken in the future"),
        SignalKind.TAKEN_BEFORE_DISPATCH: ("拍摄早于派遣", "taken before dispatch"),
        SignalKind.TAKEN_BEFORE_REPAIR: ("拍摄早于处置", "taken before the repair"),
        SignalKind.TAKEN_LONG_AGO: ("拍摄时间过早", "taken long ago"),
        SignalKind.TAKEN_ELSEWHERE: ("拍摄地点不符", "taken elsewhere"),
        SignalKind.LOCATION_MOCKED: ("模拟定位", "mock location"),
        SignalKind.ACCURACY_ZERO: ("定位精度为零", "accuracy of zero"),
        SignalKind.ACCURACY_CONSTANT: ("定位精度不变", "constant accuracy"),
        SignalKind.COORDINATES_REPEATED: ("坐标重复", "repeated coordinates"),
        SignalKind.SPEED_IMPOSSIBLE: ("移动速度异常", "impossible speed"),
        SignalKind.FAR_FROM_PLACE: ("远离点位", "far from the place"),
    }
)
"""Names for people: (zh, en)."""

DEFAULT_WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        SignalKind.FILE_SEEN_BEFORE.value: 0.9,
        SignalKind.PICTURE_SEEN_BEFORE.value: 0.8,
        SignalKind.PICTURE_RESEMBLES.value: 0.2,
        SignalKind.PICTURE_CUT_FROM_EARLIER.value: 0.5,
        SignalKind.AFTER_SAME_AS_BEFORE.value: 0.9,
        SignalKind.AFTER_EDITED_FROM_BEFORE.value: 0.9,
        SignalKind.AFTER_CUT_FROM_BEFORE.value: 0.5,
        SignalKind.EDITING_SOFTWARE_NAMED.value: 0.6,
        SignalKind.TAKEN_IN_FUTURE.value: 0.5,
        SignalKind.TAKEN_BEFORE_DISPATCH.value: 0.7,
        SignalKind.TAKEN_BEFORE_REPAIR.value: 0.7,
        SignalKind.TAKEN_LONG_AGO.value: 0.4,
        SignalKind.TAKEN_ELSEWHERE.value: 0.6,
        SignalKind.LOCATION_MOCKED.value: 0.8,
        SignalKind.ACCURACY_ZERO.value: 0.4,
        SignalKind.ACCURACY_CONSTANT.value: 0.2,
        SignalKind.COORDINATES_REPEATED.value: 0.5,
        SignalKind.SPEED_IMPOSSIBLE.value: 0.6,
        SignalKind.FAR_FROM_PLACE.value: 0.3,
    }
)
"""How telling each kind is on its own, 0 to 1, unless the office's policy `signal_weights` says otherwise."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that a reviewer should look at. `weight` is 0..1: how telling it is on its own."""

    code: SignalKind
    weight: float
    zh: str
    en: str
    other_photo_id: UUID | None = None
    """The photo that this one was compared with."""
    facts: Mapping[str, float | str] = field(default_factory=dict[str, "float | str"])
    """What was measured."""

    def as_json(self) -> dict[str, Any]:
        """Return the signal as whoever sent the photo or report is told: without what others sent."""
        return {"code": self.code.value, "weight": self.weight, "zh": self.zh, "en": self.en}


class SignalState(StrEnum):
    """What became of a signal."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    CLEARED = "cleared"


STATE_NAMES: Final[Mapping[SignalState, tuple[str, str]]] = MappingProxyType(
    {
        SignalState.OPEN: ("待核", "to be looked at"),
        SignalState.CONFIRMED: ("属实", "confirmed"),
        SignalState.CLEARED: ("排除", "cleared"),
    }
)
"""Names for people: (zh, en)."""


def with_weights(signals: Iterable[Signal], weights: Mapping[str, float]) -> list[Signal]:
    """Give signals the weights of an office; a kind that weighs nothing is not raised."""
    weighed = ((signal, weights.get(signal.code, signal.weight)) for signal in signals)
    return [
        Signal(signal.code, weight, signal.zh, signal.en, signal.other_photo_id, signal.facts)
        for signal, weight in weighed
        if weight > 0
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a signal stands, and whose photo or report it is of."""

    id: int
    person_id: UUID
    state: SignalState
    version: int


def require_decidable(standing: Standing, decision: SignalState, by_id: UUID, seen: int) -> None:
    """Refuse a decision that can't be made.

    Raises OwnSignal, VersionConflict when somebody else was faster than `seen`, and SignalSettled when the signal
    stands as it is wanted. What was decided may be decided otherwise later; nobody is bound by a mistake.
    """
    stands = {"state": standing.state, "version": standing.version}
    if standing.person_id == by_id:
        raise OwnSignal("Somebody else has to look at what you sent yourself.", signal=standing.id)
    if seen != standing.version:
        raise VersionConflict(
            f"The signal is at version {standing.version}; you saw version {seen}.", **stands
        )
    if standing.state is decision:
        raise SignalSettled(f"The signal is {decision} already.", **stands)


@dataclass(frozen=True, slots=True)
class Tally:
    """The signals of a ticket, a person or a unit, by what became of them."""

    open: int
    confirmed: int
    cleared: int
    weights: tuple[float, ...]
    """Of those that were not cleared."""

    @property
    def total(self) -> float:
        """How telling they are together, 0 to 1."""
        return total_weight(self.weights)


def tally(signals: Iterable[tuple[SignalState, float]]) -> Tally:
    """Count signals, each given by its state and its weight."""
    counts = dict.fromkeys(SignalState, 0)
    weights: list[float] = []
    for state, weight in signals:
        counts[state] += 1
        if state is not SignalState.CLEARED:
            weights.append(weight)
    return Tally(
        counts[SignalState.OPEN],
        counts[SignalState.CONFIRMED],
        counts[SignalState.CLEARED],
        tuple(sorted(weights)),
    )


def total_weight(weights: Iterable[float]) -> float:
    """Return how telling signals are together: 1 - (1 - a)(1 - b)..., as if each were right by itself.

    Never less than the most telling one, never more than 1, whatever their order.
    """
    return 1.0 - prod(1.0 - weight for weight in sorted(weights))
