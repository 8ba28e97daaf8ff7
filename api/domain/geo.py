"""Places on the earth, the coordinate systems that phones in China speak, and distances.

Inside GridPatrol a place is always longitude and latitude in degrees in EPSG:4326 (WGS-84). Other systems
exist only at the edge: `to_wgs84` on the way in, `from_wgs84` on the way out.
"""

# ruff: noqa: N818 - the errors' names are sentences in the domain's words, as in api.domain.errors.

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Self

MAX_LONGITUDE: Final = 180.0
MAX_LATITUDE: Final = 90.0

# WGS-84: equatorial radius in metres, flattening and squared eccentricity (NIMA TR8350.2).
_WGS84_RADIUS_M: Final = 6_378_137.0
_WGS84_FLATTENING: Final = 1 / 298.257223563
_WGS84_ECCENTRICITY2: Final = _WGS84_FLATTENING * (2 - _WGS84_FLATTENING)

# GCJ-02 is computed on the Krasovsky 1940 ellipsoid.
_KRASOVSKY_RADIUS_M: Final = 6_378_245.0
_KRASOVSKY_ECCENTRICITY2: Final = 0.006_693_421_622_965_943_23

# The box in which the published GCJ-02 algorithm shifts coordinates. It is wider than the country.
_CHINA_WEST: Final = 72.004
_CHINA_EAST: Final = 137.8347
_CHINA_SOUTH: Final = 0.8293
_CHINA_NORTH: Final = 55.8271

_BD09_LONGITUDE_SHIFT: Final = 0.0065
_BD09_LATITUDE_SHIFT: Final = 0.006
_BD09_FREQUENCY: Final = math.pi * 3000 / 180

# A shifted place lies at most this many degrees from the true one, so the inverse looks no farther.
_LARGEST_SHIFT: Final = 0.05
# An inverse must land in the box for a place on its very edge too, whatever the last bits say.
_BOX_ROUNDING: Final = 1e-9
_INVERSE_STEPS: Final = 20
_INVERSE_PRECISION: Final = 1e-13


class GeoError(ValueError):
    """The place can't be used."""

    code: ClassVar[str] = "place_wrong"

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.facts: Mapping[str, object] = facts


class PlaceNotFinite(GeoError):
    """A coordinate is not a finite number."""

    code = "place_not_finite"

    def __init__(self, longitude: float, latitude: float) -> None:
        # No facts: JSON has no way to write the numbers that were refused.
        super().__init__(f"longitude {longitude!r}, latitude {latitude!r}: both must be finite numbers")


class PlaceOutsideEarth(GeoError):
    """The place is not on the earth."""

    code = "place_outside_earth"

    def __init__(self, longitude: float, latitude: float) -> None:
        super().__init__(
            f"longitude {longitude!r} must lie in -180..180 and latitude {latitude!r} in -90..90",
            longitude=longitude,
            latitude=latitude,
        )


class UnknownCrs(GeoError):
    """The coordinate system is unknown."""

    code = "crs_unknown"

    def __init__(self, name: str) -> None:
        known = [str(crs) for crs in Crs]
        super().__init__(f"{name!r} is not one of the coordinate systems {', '.join(known)}", known=known)


class Crs(StrEnum):
    """A coordinate reference system in which a phone or a map service gives longitude and latitude."""

    WGS84 = "wgs84"
    """GPS and EPSG:4326."""
    GCJ02 = "gcj02"
    """Amap, Tencent and most phones sold in China (国测局坐标)."""
    BD09 = "bd09"
    """Baidu: GCJ-02, shifted once more."""
    CGCS2000 = "cgcs2000"
    """China's national datum (2000 国家大地坐标系); differs from WGS-84 by centimetres, which we ignore."""

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the system of this name; raise `UnknownCrs` for any other, as a guess may be 500 m wrong."""
        try:
            return cls(name)
        except ValueError:
            raise UnknownCrs(name) from None


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the earth: degrees east and degrees north in EPSG:4326.

    Raise `PlaceNotFinite` or `PlaceOutsideEarth` for anything that is no such point.
    """

    longitude: float
    latitude: float

    def __post_init__(self) -> None:
        """Refuse what is not on the earth."""
        _require_on_earth(self.longitude, self.latitude)


def to_wgs84(longitude: float, latitude: float, crs: str) -> Place:
    """Return the place that these degrees mean in the given system.

    GCJ-02 and BD-09 have no closed inverse: the answer is iterated and maps back onto the input within 1e-9
    degrees (0.1 mm). Outside the box 72.004-137.8347 E, 0.8293-55.8271 N nothing is shifted, as in the common
    algorithm and in the map services' own positions abroad. Along the box's edge, where a reading may have
    two origins, the one inside is meant.

    Raise `UnknownCrs`, `PlaceNotFinite` or `PlaceOutsideEarth`.
    """
    system = Crs.named(crs)
    _require_on_earth(longitude, latitude)
    if system in {Crs.WGS84, Crs.CGCS2000} or not _is_near_china(longitude, latitude):
        return Place(longitude, latitude)
    # The shift varies by a few percent of any step, so each turn of the iteration adds a digit or more.
    true_longitude, true_latitude = longitude, latitude
    for _ in range(_INVERSE_STEPS):
        shifted_longitude, shifted_latitude = _shift(true_longitude, true_latitude, system)
        longitude_error = longitude - shifted_longitude
        latitude_error = latitude - shifted_latitude
        true_longitude += longitude_error
        true_latitude += latitude_error
        if max(abs(longitude_error), abs(latitude_error)) < _INVERSE_PRECISION:
            break
    if _is_in_china(true_longitude, true_latitude, margin=_BOX_ROUNDING):
        return Place(true_longitude, true_latitude)
    return Place(longitude, latitude)


def from_wgs84(place: Place, crs: str) -> tuple[float, float]:
    """Return longitude and latitude in degrees of this place as the given system writes them.

    A pair and not a `Place`, because a `Place` is in EPSG:4326 by definition. Raise `UnknownCrs`.
    """
    system = Crs.named(crs)
    if system in {Crs.WGS84, Crs.CGCS2000} or not _is_in_china(place.longitude, place.latitude):
        return place.longitude, place.latitude
    return _shift(place.longitude, place.latitude, system)


def distance_m(a: Place, b: Place) -> float:
    """Return the distance between two places along the WGS-84 ellipsoid, in metres.

    Lambert's formula for long lines (W. D. Lambert, 1942): the great circle between the reduced latitudes,
    corrected to first order in the flattening. Against PostGIS's geodesics the error is under 2e-6 of the
    distance (1 mm in 500 m) up to 15 000 km; between nearly opposite places it can reach 0.5 %.
    """
    reduced_a = math.atan((1 - _WGS84_FLATTENING) * math.tan(math.radians(a.latitude)))
    reduced_b = math.atan((1 - _WGS84_FLATTENING) * math.tan(math.radians(b.latitude)))
    half_sum = (reduced_a + reduced_b) / 2
    half_difference = (reduced_b - reduced_a) / 2
    half_turn = math.radians(b.longitude - a.longitude) / 2
    haversine = (
        math.sin(half_difference) ** 2 + math.cos(reduced_a) * math.cos(reduced_b) * math.sin(half_turn) ** 2
    )
    near = min(haversine, 1.0)
    far = 1.0 - near
    if near == 0.0:
        return 0.0
    angle = 2 * math.atan2(math.sqrt(near), math.sqrt(far))
    if far == 0.0:
        # Exactly opposite points: any half meridian is a shortest way, and the correction is not defined.
        return _WGS84_RADIUS_M * angle * (1 - _WGS84_FLATTENING / 2)
    sum_term = (angle - math.sin(angle)) * (math.sin(half_sum) * math.cos(half_difference)) ** 2 / far
    difference_term = (angle + math.sin(angle)) * (math.cos(half_sum) * math.sin(half_difference)) ** 2 / near
    return _WGS84_RADIUS_M * (angle - _WGS84_FLATTENING / 2 * (sum_term + difference_term))


def metres_per_degree(latitude: float) -> tuple[float, float]:
    """Return the length in metres of one degree of longitude and of one degree of latitude at this latitude.

    From the radii of curvature in the prime vertical and in the meridian. Multiplying differences of degrees
    by them gives a flat map around the place, wrong by less than 0.05 % at 1 km below 60 degrees of latitude.
    """
    phi = math.radians(latitude)
    squeeze = 1 - _WGS84_ECCENTRICITY2 * math.sin(phi) ** 2
    prime_vertical_m = _WGS84_RADIUS_M / math.sqrt(squeeze)
    meridian_m = prime_vertical_m * (1 - _WGS84_ECCENTRICITY2) / squeeze
    return math.radians(prime_vertical_m * math.cos(phi)), math.radians(meridian_m)


def _require_on_earth(longitude: float, latitude: float) -> None:
    if not (math.isfinite(longitude) and math.isfinite(latitude)):
        raise PlaceNotFinite(longitude, latitude)
    if abs(longitude) > MAX_LONGITUDE or abs(latitude) > MAX_LATITUDE:
        raise PlaceOutsideEarth(longitude, latitude)


def _is_in_china(longitude: float, latitude: float, *, margin: float = 0.0) -> bool:
    return (
        _CHINA_WEST - margin <= longitude <= _CHINA_EAST + margin
        and _CHINA_SOUTH - margin <= latitude <= _CHINA_NORTH + margin
    )


def _is_near_china(longitude: float, latitude: float) -> bool:
    return _is_in_china(longitude, latitude, margin=_LARGEST_SHIFT)


def _shift(longitude: float, latitude: float, system: Crs) -> tuple[float, float]:
    """Write WGS-84 degrees as GCJ-02 or BD-09 does, as if the whole earth were inside the box."""
    longitude, latitude = _gcj02_from_wgs84(longitude, latitude)
    return _bd09_from_gcj02(longitude, latitude) if system is Crs.BD09 else (longitude, latitude)


def _gcj02_from_wgs84(longitude: float, latitude: float) -> tuple[float, float]:
    """Shift by the published approximation of the Chinese map offset (eviltransform, coordtransform)."""
    x = longitude - 105.0
    y = latitude - 35.0
    root = math.sqrt(abs(x))
    ripple = 20 * math.sin(6 * math.pi * x) + 20 * math.sin(2 * math.pi * x)
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += ripple * 2 / 3
    north_m += (20 * math.sin(math.pi * y) + 40 * math.sin(math.pi * y / 3)) * 2 / 3
    north_m += (160 * math.sin(math.pi * y / 12) + 320 * math.sin(math.pi * y / 30)) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += ripple * 2 / 3
    east_m += (20 * math.sin(math.pi * x) + 40 * math.sin(math.pi * x / 3)) * 2 / 3
    east_m += (150 * math.sin(math.pi * x / 12) + 300 * math.sin(math.pi * x / 30)) * 2 / 3
    phi = math.radians(latitude)
    squeeze = 1 - _KRASOVSKY_ECCENTRICITY2 * math.sin(phi) ** 2
    prime_vertical_m = _KRASOVSKY_RADIUS_M / math.sqrt(squeeze)
    meridian_m = prime_vertical_m * (1 - _KRASOVSKY_ECCENTRICITY2) / squeeze
    return (
        longitude + math.degrees(east_m / (prime_vertical_m * math.cos(phi))),
        latitude + math.degrees(north_m / meridian_m),
    )


def _bd09_from_gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """Shift by Baidu's published formula."""
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * _BD09_FREQUENCY)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * _BD09_FREQUENCY)
    return (
        radius * math.cos(angle) + _BD09_LONGITUDE_SHIFT,
        radius * math.sin(angle) + _BD09_LATITUDE_SHIFT,
    )
