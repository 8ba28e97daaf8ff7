"""Maps as files that an office brings: features with properties and a geometry, in the order of the file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry.base import BaseGeometry

from api.domain.imports import Finding


class MapFormat(StrEnum):
    """The kinds of files that maps come in."""

    GEOJSON = "geojson"
    """RFC 7946, and its forerunner of 2008 with its member `crs`."""
    GEOPACKAGE = "geopackage"
    """OGC GeoPackage, `.gpkg`."""
    SHAPEFILE = "shapefile"
    """ESRI Shapefile: a `.zip` with one `.shp` and what belongs to it."""


@dataclass(frozen=True, slots=True)
class MapFeature:
    """One feature as the file has it: no coordinate is converted, no text is trimmed."""

    number: int
    """Its place in the file, from 1."""
    properties: Mapping[str, object]
    """Strings, integers, floats, booleans or None; of GeoJSON also lists and mappings. Dates are ISO text."""
    geometry: BaseGeometry | None
    """Perhaps empty, invalid or with heights, but of finite coordinates; None if it has none or a wrong one."""
    fault: str | None = None
    """Why the geometry can't be read, in a sentence."""


@dataclass(frozen=True, slots=True)
class MapFile:
    """What a file holds."""

    features: tuple[MapFeature, ...]
    declared_crs: str | None
    """What the file says of its coordinates: `EPSG:4490`, another authority's code, or else the name that the system
    goes by in the file; None if it says nothing."""
    encoding: str = "utf-8"
    """What its text was read as."""


class MapUnreadable(Exception):  # noqa: N818  a refusal, like those of the domain
    """The file can't be read as a map of its format; `findings` say why, and there is a fault among them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(self.findings[0].detail)
