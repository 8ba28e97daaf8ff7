"""Checkpoints and posts (签到点、岗点): where they are, and whether somebody is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.domain.checkpoint_codes import Way
from api.domain.errors import FieldWrong
from api.domain.geo import Place, distance_m


@dataclass(frozen=True, slots=True)
class CheckpointDraft:
    """A checkpoint as an administrator means it. One that wants staff is a post (岗点)."""

    code: str
    name_zh: str
    name_en: str
    place: str | None
    longitude: float
    latitude: float
    radius_m: float
    ways: tuple[Way, ...]
    rotation_s: int
    staff_min: int
    is_active: bool

    def told(self) -> Mapping[str, Any]:
        """Return it as plain values, as changes are kept."""
        return {name: getattr(self, name) for name in self.__slots__} | {"ways": list(self.ways)}


def check_place(
    checkpoint: CheckpointDraft, way: Way, place: Place | None, accuracy_m: float | None, *, is_mock: bool
) -> float | None:
    """Return how far from a checkpoint somebody is who checks in, None where she need not say; raises FieldWrong.

    A geofence and a QR code need a place, because a code can be sent on while it counts; a tag is held by hand. The
    fix's own accuracy counts for her, as far as the radius goes. `place_missing`, `place_mock`, `place_too_far`.
    """
    if place is None:
        if way is Way.NFC:
            return None
        raise FieldWrong("/place", "place_missing", "Say where you are: only a tag is enough by itself.")
    if is_mock:
        raise FieldWrong("/place/mocked", "place_mock", "A mock location confirms nothing.")
    away_m = distance_m(place, Place(checkpoint.longitude, checkpoint.latitude))
    if away_m - min(accuracy_m or 0.0, checkpoint.radius_m) > checkpoint.radius_m:
        raise FieldWrong(
            "/place",
            "place_too_far",
            f"That is {away_m:.0f} m from the checkpoint; within {checkpoint.radius_m:.0f} m counts.",
            distance_m=round(away_m, 1),
        )
    return away_m
