"""The demo's month has what it must show, whenever it is loaded."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.domain.deadlines import due_at
from api.domain.reports import Source
from api.services.demo_draws import Scenery
from api.services.demo_files import StreetFiles, read_street
from api.services.demo_month import plots
from api.services.demo_plots import Plot

SHANGHAI = ZoneInfo("Asia/Shanghai")
SUNDAY_NOON = datetime(2026, 11, 22, 13, 2, tzinfo=SHANGHAI)
MOMENTS = [
    SUNDAY_NOON,
    datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI),
    datetime(2026, 10, 7, 3, 15, tzinfo=SHANGHAI),
    datetime(2026, 2, 23, 23, 59, 59, tzinfo=SHANGHAI),
    datetime(2026, 12, 31, 12, 0, tzinfo=SHANGHAI),
    datetime(2027, 6, 1, 8, 0, tzinfo=SHANGHAI),
]
"""A Sunday, a plain Monday, nights of long holidays, the calendar's last day, and one that it does not know."""


@pytest.fixture(scope="module")
def street() -> StreetFiles:
    return read_street()


def month(street: StreetFiles, now: datetime) -> list[Plot]:
    office = next(calendar for calendar in street.calendars if calendar.code == "city")
    return plots(Scenery(street.catalogue, street.grids, office, now, SHANGHAI))


@pytest.mark.parametrize("now", MOMENTS)
def test_every_ticket_begins_in_the_weeks_before_the_load(street: StreetFiles, now: datetime) -> None:
    told = month(street, now)
    assert all(now - timedelta(days=60) < plot.at < now for plot in told)
    assert sum(plot.at > now - timedelta(days=31) for plot in told) > 230
    assert len({plot.number for plot in told}) == len({plot.report_id for plot in told}) == len(told)


@pytest.mark.parametrize("now", MOMENTS)
def test_some_tickets_fall_due_around_the_load_whatever_the_hour(street: StreetFiles, now: datetime) -> None:
    office = next(calendar for calendar in street.calendars if calendar.code == "city")
    left = [
        due_at(plot.at, plot.condition.limit, office) - now
        for plot in month(street, now)
        if plot.source is Source.OFFICER
        and plot.fix_share is None
        and not plot.condition.limit.unit.counts_working_time
    ]
    assert sum(timedelta(minutes=-60) < time < timedelta(0) for time in left) >= 3
    assert sum(timedelta(0) < time < timedelta(hours=4) for time in left) >= 3


def test_the_same_instant_gives_the_same_month_and_another_another(street: StreetFiles) -> None:
    assert month(street, SUNDAY_NOON) == month(street, SUNDAY_NOON)
    later = month(street, SUNDAY_NOON + timedelta(hours=1))
    assert not {plot.report_id for plot in later} & {plot.report_id for plot in month(street, SUNDAY_NOON)}


def test_officers_report_by_day_and_callers_also_in_the_evening(street: StreetFiles) -> None:
    ordinary = [plot for plot in month(street, SUNDAY_NOON) if plot.at < SUNDAY_NOON - timedelta(days=1)]
    officers = {plot.at.astimezone(SHANGHAI).hour for plot in ordinary if plot.source is Source.OFFICER}
    assert officers <= set(range(7, 21))
