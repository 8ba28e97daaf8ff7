"""What visits are measured of."""

from enum import StrEnum


class VisitKind(StrEnum):
    """What somebody visited."""

    GRID = "grid"
    PLACE = "place"
