"""How long shifts were on duty, as `api.domain.shifts` has it, for many of them in one statement."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, Float, Interval, String, cast, func, literal, select
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE
from sqlmodel import col

from api.domain.shifts import ShiftAction
from api.domain.tracks import MS
from api.models import ShiftEvent

_ON_DUTY_FROM = (ShiftAction.START, ShiftAction.RESUME)


def duty_of_shifts(chosen: CTE, longest: timedelta, now: datetime, open_hours: str) -> CTE:
    """Return (id, duty_s, off_hours_s) of shifts (id, started_at): from each start to what ends it, or until now.

    `open_hours` are the office's, as a multirange is written; what lies outside them is off-hours.
    """
    at: Any = col(ShiftEvent.at)
    ends_at: Any = func.lead(at).over(partition_by=col(ShiftEvent.shift_id), order_by=at)
    latest_at: Any = func.greatest(
        chosen.c.started_at + literal(longest, Interval), at + literal(MS, Interval)
    )
    told = (
        select(
            chosen.c.id,
            col(ShiftEvent.action),
            at.label("start"),
            func.least(func.coalesce(ends_at, latest_at), literal(now)).label("stop"),
        )
        .join(chosen, chosen.c.id == col(ShiftEvent.shift_id))
        .cte("told")
    )
    span = func.tstzmultirange(func.tstzrange(told.c.start, told.c.stop))
    is_open: Any = span.op("*")(open_multirange(open_hours))
    part = func.unnest(is_open).column_valued("part")
    worked = select(func.sum(_seconds(func.upper(part) - func.lower(part)))).scalar_subquery()
    whole = _seconds(told.c.stop - told.c.start)
    return (
        select(
            told.c.id,
            func.sum(whole).label("duty_s"),
            func.sum(whole - func.coalesce(worked, 0.0)).label("off_hours_s"),
        )
        .where(told.c.action.in_(_ON_DUTY_FROM), told.c.start < told.c.stop)
        .group_by(told.c.id)
        .cte("duty")
    )


def open_multirange(written: str) -> Any:  # noqa: ANN401  a column
    """Return a multirange of instants that is read once, not once for each row: what an instant means may change."""
    return select(cast(literal(written, String), TSTZMULTIRANGE)).scalar_subquery()


def _seconds(span: Any) -> Any:  # noqa: ANN401  an interval
    return cast(func.extract("epoch", span), Float)
