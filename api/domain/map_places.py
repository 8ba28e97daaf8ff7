"""Whether the coordinates of a map can be what its sender says they are, before anything is converted."""

from collections.abc import Mapping, Sequence
from typing import Final

from shapely.geometry.base import BaseGeometry

from api.domain.geo import MAX_LATITUDE, MAX_LONGITUDE, Crs
from api.domain.imports import Finding
from api.domain.map_shapes import SHIFTED, Bounds, bounds_of

_GLOBAL: Final = frozenset({"EPSG:4326", "OGC:CRS84", "EPSG:4979", "OGC:CRS84H", "EPSG:4490", "EPSG:4480"})
"""Degrees of WGS 84 and of CGCS2000, also with heights: the same to some centimetres."""

_COUNTRY: Final[Bounds] = (73.0, 3.0, 136.0, 54.0)
"""Around China and its seas."""

_NEAR_DEGREES: Final = 1.0
"""So far from the grids in force a new one is still believed: about 100 km."""


def declared_crs_findings(declared: str | None, crs: Crs) -> tuple[Finding, ...]:
    """Compare what a file says of its coordinates with what its sender says.

    A file in any other system than longitude and latitude must be converted first: metres, or degrees of an older
    datum, are never read as if they were these. GCJ-02 and BD-09 have no code of their own: programs that drew on
    such a map label the file as WGS 84 because nothing else was there. The sender knows; it is only pointed out.
    """
    if declared is None:
        return ()
    if declared not in _GLOBAL:
        detail = (
            f"The file says that its coordinates are in {declared}: export it again in EPSG:4326 or EPSG:4490"
            " (longitude and latitude in degrees)."
        )
        return (Finding("crs_contradicted", detail),)
    if crs in SHIFTED:
        detail = f"The file says {declared}, and is read as {crs} as you say: were it {declared}, it is now 500 m off."
        return (Finding("crs_label_ignored", detail, is_warning=True),)
    return ()


def swapped_axes(shapes: Mapping[int, BaseGeometry], present: Bounds | None) -> frozenset[int]:
    """Return the numbers of the features that have latitude before longitude.

    That is certain where it makes places out of what are none; and it is believed where it moves a feature from
    elsewhere in the world to the grids in force, or to China. `shapes` are not empty.
    """
    homes = [home for home in (_widened(present), _COUNTRY) if home is not None]
    found: set[int] = set()
    for number, shape in shapes.items():
        west, south, east, north = bounds = shape.bounds
        turned = (south, west, north, east)
        if not _is_on_earth(turned) or any(_is_within(bounds, home) for home in homes):
            continue
        if not _is_on_earth(bounds) or any(_is_within(turned, home) for home in homes):
            found.add(number)
    return frozenset(found)


def place_findings(
    shapes: Mapping[int, BaseGeometry], keys: Mapping[int, str], present: Bounds | None
) -> tuple[Finding, ...]:
    """Return what is wrong or odd about where the features of a file lie; `keys` are their codes.

    What concerns all of them is said once.
    """
    swapped = swapped_axes(shapes, present)
    if swapped and len(swapped) == len(shapes):
        return (Finding("axes_swapped", "All coordinates have latitude first: longitude comes first."),)
    outside = {number for number, shape in shapes.items() if not _is_on_earth(shape.bounds)} - swapped
    if outside and len(outside) == len(shapes):
        detail = "The coordinates are no degrees, perhaps metres: export the map in EPSG:4326."
        return (Finding("place_outside_earth", detail),)
    findings: list[Finding] = []
    for number, shape in shapes.items():
        if number in swapped:
            detail = "The coordinates have latitude first: longitude comes first."
            findings.append(Finding("axes_swapped", detail, line=number, key=keys.get(number)))
        elif number in outside:
            detail = "A coordinate is not on the earth: longitude is -180 to 180, latitude -90 to 90."
            findings.append(Finding("place_outside_earth", detail, line=number, key=keys.get(number)))
        elif (why := _why_unlikely(shape.bounds)) is not None:
            findings.append(
                Finding("place_unlikely", why, line=number, key=keys.get(number), is_warning=True)
            )
    return (*findings, *_far_off(shapes, keys, swapped | outside, present))


def _far_off(
    shapes: Mapping[int, BaseGeometry],
    keys: Mapping[int, str],
    without: frozenset[int],
    present: Bounds | None,
) -> Sequence[Finding]:
    """Return warnings for what lies far from the grids in force, or abroad when there are none yet."""
    kept = {number: shape for number, shape in shapes.items() if number not in without}
    home, words = (_widened(present), "more than 100 km from the grids in force")
    if home is None:
        home, words = _COUNTRY, "outside China"
    far = [number for number, shape in kept.items() if not _is_within(shape.bounds, home)]
    if far and len(far) == len(kept):
        west, south, east, north = bounds_of(kept.values()) or _COUNTRY
        where = f"{west:.4f} to {east:.4f} east, {south:.4f} to {north:.4f} north"
        return [Finding("place_far", f"All of it lies {words}: {where}.", is_warning=True)]
    return [
        Finding("place_far", f"It lies {words}.", line=number, key=keys.get(number), is_warning=True)
        for number in far
    ]


def _why_unlikely(bounds: Bounds) -> str | None:
    west, south, east, north = bounds
    if west <= 0 <= east and south <= 0 <= north:
        return "It touches longitude 0, latitude 0, where programs put what they don't know."
    return None


def _widened(bounds: Bounds | None) -> Bounds | None:
    if bounds is None:
        return None
    west, south, east, north = bounds
    return west - _NEAR_DEGREES, south - _NEAR_DEGREES, east + _NEAR_DEGREES, north + _NEAR_DEGREES


def _is_on_earth(bounds: Bounds) -> bool:
    return _is_within(bounds, (-MAX_LONGITUDE, -MAX_LATITUDE, MAX_LONGITUDE, MAX_LATITUDE))


def _is_within(bounds: Bounds, home: Bounds) -> bool:
    return home[0] <= bounds[0] and home[1] <= bounds[1] and bounds[2] <= home[2] and bounds[3] <= home[3]
