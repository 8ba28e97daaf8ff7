"""Figures of patrol on the wire."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from api.domain.patrol_figures import Figure, FiguresBy, Sums
from api.schemas.base import Output, PrintableText
from api.schemas.coverage import DaysQuery


class FiguresQuery(DaysQuery):
    """What figures are told by, and of which days."""

    days_max: ClassVar[int] = 92

    by: FiguresBy


class FigureRowsQuery(FiguresQuery):
    """The rows behind one figure."""

    key: Annotated[str, Field(min_length=1, max_length=64), PrintableText]
    figure: Figure = Field(
        description="`time_s` is of `duty_s`, in grids and streets of `dwell_s`; `walked_m` there of `grid_walked_m`."
    )


class FiguresShown(Output):
    """The figures of one officer, grid, street, day or week. What nothing can be said of is null."""

    key: str = Field(description="User name, code, first day of the week, or day.")
    name: str = Field(description="Of the officer, grid or street; the key itself for days and weeks.")
    shifts: int
    time_s: float = Field(description="On duty; in a grid or street, the time inside.")
    walked_m: float
    grids_due: int = Field(
        description="Unit grids times days; an officer's own on days with a shift of hers."
    )
    grids_entered: int
    coverage_share: float | None
    findings: int
    valid_findings: int
    findings_per_km: float | None
    valid_findings_per_km: float | None
    findings_per_hour: float | None
    valid_findings_per_hour: float | None
    off_hours_duty_share: float | None = Field(description="Of the time on duty.")
    off_hours_findings: int
    off_hours_findings_share: float | None
    missed: int = Field(description="漏报: valid public tips in the grids that she is on duty for.")
    rostered: int = Field(description="Slots of rosters whose time has come.")
    punctual_share: float | None
    rounds_due: int
    rounds_done: int
    rounds_share: float | None


class FiguresPage(Output):
    """One page of figures, by key."""

    items: list[FiguresShown]
    next: str | None


class FigureRowShown(Output):
    """One row behind a figure. `row` is a shift's or ticket's id, or names a grid and day, a slot, or a round."""

    row: str
    on: date
    amount: float
    officer: str | None
    grid: str | None


class FigureRowsPage(Output):
    """One page of rows; their amounts come to the figure."""

    items: list[FigureRowShown]
    next: str | None


def figures_shown(key: str, name: str, sums: Sums) -> FiguresShown:
    """Show the figures of one key."""
    return FiguresShown(
        key=key,
        name=name,
        shifts=int(sums.of(Figure.SHIFTS)),
        time_s=round(sums.time_s, 1),
        walked_m=round(sums.walked_m, 1),
        grids_due=int(sums.of(Figure.GRIDS_DUE)),
        grids_entered=int(sums.of(Figure.GRIDS_ENTERED)),
        coverage_share=sums.share(Figure.GRIDS_ENTERED, Figure.GRIDS_DUE),
        findings=int(sums.of(Figure.FINDINGS)),
        valid_findings=int(sums.of(Figure.VALID_FINDINGS)),
        findings_per_km=sums.per_km(Figure.FINDINGS),
        valid_findings_per_km=sums.per_km(Figure.VALID_FINDINGS),
        findings_per_hour=sums.per_hour(Figure.FINDINGS),
        valid_findings_per_hour=sums.per_hour(Figure.VALID_FINDINGS),
        off_hours_duty_share=sums.share(Figure.OFF_HOURS_DUTY_S, Figure.DUTY_S),
        off_hours_findings=int(sums.of(Figure.OFF_HOURS_FINDINGS)),
        off_hours_findings_share=sums.share(Figure.OFF_HOURS_FINDINGS, Figure.FINDINGS),
        missed=int(sums.of(Figure.MISSED)),
        rostered=int(sums.of(Figure.ROSTERED)),
        punctual_share=sums.share(Figure.PUNCTUAL, Figure.ROSTERED),
        rounds_due=int(sums.of(Figure.ROUNDS_DUE)),
        rounds_done=int(sums.of(Figure.ROUNDS_DONE)),
        rounds_share=sums.share(Figure.ROUNDS_DONE, Figure.ROUNDS_DUE),
    )
