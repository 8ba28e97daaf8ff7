"""Coverage on the wire: unit grids and roads, and what was seen of them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from api.domain.errors import FieldWrong
from api.domain.limits import Language
from api.domain.reference import GridFacts
from api.language import name_in
from api.pages import PageQuery
from api.queries.coverage import GridVisits, RoadWalks
from api.schemas.base import NearDay, Output

DAYS_MAX = 366


class DaysQuery(PageQuery):
    """Of which days coverage is told."""

    model_config = ConfigDict(extra="forbid")

    days_max: ClassVar[int] = DAYS_MAX

    from_on: NearDay = Field(description="The first day, in the city's zone.")
    to_on: NearDay | None = Field(default=None, description="The last day; without it that one day.")

    def days(self) -> tuple[date, date]:
        """Return the first and the last day; FieldWrong for days that are none or too many."""
        last = self.to_on or self.from_on
        if not 0 <= (last - self.from_on).days < self.days_max or last == date.max:
            raise FieldWrong("/query/to_on", "period_wrong", f"1 to {self.days_max} days, in their order.")
        return self.from_on, last


class CoverageQuery(DaysQuery):
    """Which unit grids, in the order of their codes."""

    grid: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,20}$")] | None = Field(
        default=None, description="Grid code or its beginning."
    )
    entered: bool | None = Field(default=None, description="Those that were entered, or those that were not.")


class GridCoverage(Output):
    """How a unit grid was seen in these days."""

    code: str
    name: str
    is_entered: bool = Field(description="Somebody was inside for policy `coverage_dwell_s` or longer.")
    visits: int = Field(description="Visits that were long enough.")
    people: int
    dwell_s: float
    walked_m: float
    first_at: datetime | None
    last_at: datetime | None


class CoveragePage(Output):
    """One page of unit grids."""

    items: list[GridCoverage]
    next: str | None


class RoadCoverage(Output):
    """How much of a road was gone in these days."""

    code: str
    name: str
    stretches: int = Field(description="Of policy `road_stretch_m` each, from the road's beginning.")
    entered: list[int] = Field(description="The stretches that were entered, counted from 0.")
    share: float
    shifts: int


class RoadCoveragePage(Output):
    """One page of roads."""

    items: list[RoadCoverage]
    next: str | None


class CoverageSummary(Output):
    """Coverage of all unit grids and roads that you may ask for; a share of nothing is null."""

    grids: int
    grids_entered: int
    grid_share: float | None
    stretches: int
    stretches_entered: int
    stretch_share: float | None
    dwell_s: float
    walked_m: float


def grid_coverage(grid: GridFacts, visits: GridVisits | None, language: Language) -> GridCoverage:
    """Show how a grid was seen."""
    return GridCoverage(
        code=grid.code,
        name=name_in(language, grid.name_zh, grid.name_en),
        is_entered=visits is not None and visits.visits > 0,
        visits=visits.visits if visits else 0,
        people=visits.people if visits else 0,
        dwell_s=round(visits.dwell_s, 1) if visits else 0.0,
        walked_m=round(visits.walked_m, 1) if visits else 0.0,
        first_at=visits.first_at if visits else None,
        last_at=visits.last_at if visits else None,
    )


def road_coverage(code: str, name: str, stretches: int, walks: RoadWalks | None) -> RoadCoverage:
    """Show how much of a road was gone; `stretches` is how many it has today."""
    entered = [stretch for stretch in walks.entered if stretch < stretches] if walks else []
    return RoadCoverage(
        code=code,
        name=name,
        stretches=stretches,
        entered=entered,
        share=len(entered) / stretches,
        shifts=walks.shifts if walks else 0,
    )


def coverage_summary(
    grids: int,
    visits: Mapping[str, GridVisits],
    stretches: Mapping[str, int],
    walks: Mapping[str, RoadWalks],
) -> CoverageSummary:
    """Sum up coverage; `stretches` has how many each road has today."""
    entered = sum(1 for one in visits.values() if one.visits)
    total = sum(stretches.values())
    gone = sum(
        sum(1 for stretch in walk.entered if stretch < stretches.get(code, 0)) for code, walk in walks.items()
    )
    return CoverageSummary(
        grids=grids,
        grids_entered=entered,
        grid_share=entered / grids if grids else None,
        stretches=total,
        stretches_entered=gone,
        stretch_share=gone / total if total else None,
        dwell_s=round(sum(one.dwell_s for one in visits.values()), 1),
        walked_m=round(sum(one.walked_m for one in visits.values()), 1),
    )
