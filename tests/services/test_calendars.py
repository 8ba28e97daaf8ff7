"""Calendars from files: stored once, versioned when their content changes, watched by doctor and worker."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import select
from sqlmodel import col

from api import clock, doctor
from api.adapters.files import open_store
from api.db import Database, WriteSession
from api.domain.calendars import CalendarDay, DayKind, WorkCalendar
from api.models import CalendarDay as CalendarDayRow
from api.models import CalendarVersion
from api.queries.calendars import find_calendar, find_short_calendars
from api.services.calendars import FROM_FILE, store_calendars
from api.worker import reconcilers

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def calendar(*holidays: date, code: str = "city", last_on: date = date(2026, 12, 31)) -> WorkCalendar:
    days = [CalendarDay(on, DayKind.HOLIDAY, (), "假", "Holiday") for on in holidays]
    week = [((0, 1440),)] * 7
    return WorkCalendar(code, "市", "City", "Asia/Shanghai", week, days, date(2026, 1, 1), last_on)


@pytest.fixture
async def session(database: Database) -> AsyncIterator[WriteSession]:
    async with database.write() as opened:
        yield opened


async def versions(session: WriteSession) -> list[tuple[str, int, int]]:
    """Return code, version and number of days of every version that is kept."""
    rows = (
        await session.execute(
            select(CalendarVersion).order_by(col(CalendarVersion.calendar_code), col(CalendarVersion.version))
        )
    ).scalars()
    return [(row.calendar_code, row.version, len(row.days)) for row in rows]


async def test_the_same_calendar_again_makes_no_version_and_another_content_does(
    session: WriteSession,
) -> None:
    first, other = calendar(date(2026, 10, 1)), calendar(code="always")
    await store_calendars(session, [first, other], NOW)
    await store_calendars(session, [first, other], NOW)
    assert await versions(session) == [("always", 1, 0), ("city", 1, 1)]
    await store_calendars(session, [calendar(date(2026, 10, 1), date(2026, 10, 2))], NOW)
    assert await versions(session) == [("always", 1, 0), ("city", 1, 1), ("city", 2, 2)]
    stored = await find_calendar(session, "city")
    assert stored is not None
    assert (stored.version, sorted(stored.calendar.exceptions)) == (2, [date(2026, 10, 1), date(2026, 10, 2)])


async def test_the_days_of_a_calendar_are_replaced(session: WriteSession) -> None:
    await store_calendars(
        session, [calendar(date(2026, 10, 1)), calendar(date(2026, 5, 1), code="other")], NOW
    )
    await store_calendars(session, [calendar(date(2026, 10, 2))], NOW)
    rows = (await session.execute(select(CalendarDayRow))).scalars()
    assert {(row.calendar_code, row.on) for row in rows} == {
        ("city", date(2026, 10, 2)),
        ("other", date(2026, 5, 1)),
    }


async def test_what_comes_from_a_file_has_no_author(session: WriteSession) -> None:
    await store_calendars(session, [calendar()], NOW)
    row = (await session.execute(select(CalendarVersion))).scalar_one()
    assert (row.changed_by_id, row.changed_at, row.note) == (None, NOW, FROM_FILE)


async def test_calendars_that_end_within_the_offices_days_are_short(session: WriteSession) -> None:
    far = calendar(code="far", last_on=date(2030, 12, 31))
    await store_calendars(session, [calendar(date(2026, 10, 1)), far], NOW)
    for now, short in (
        (datetime(2026, 10, 1, tzinfo=UTC), []),
        (datetime(2026, 10, 3, tzinfo=UTC), ["city"]),
        (datetime(2030, 12, 1, tzinfo=UTC), ["city", "far"]),
    ):
        assert [seen.calendar.code for seen in await find_short_calendars(session, now)] == short


async def test_the_worker_says_it_once_a_day(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with database.write() as session:
        await store_calendars(session, [calendar(date(2026, 10, 1))], NOW)
    jobs = {
        job.name: job
        for job in reconcilers(database, open_store(tmp_path.as_uri()), ZoneInfo("Asia/Shanghai"))
    }
    await jobs["warn_of_calendars"].run(datetime(2026, 9, 1, tzinfo=UTC))
    assert "holidays" not in capsys.readouterr().out
    await jobs["warn_of_calendars"].run(datetime(2026, 12, 1, tzinfo=UTC))
    said = capsys.readouterr().out
    assert "city" in said
    assert "30" in said
    minute, hour, *every = jobs["warn_of_calendars"].cron.split()
    assert (minute.isdigit(), hour.isdigit(), every) == (True, True, ["*", "*", "*"])


def test_the_doctor_warns_without_failing_and_fails_once_holidays_are_over(
    street_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDPATROL_DEMO", "true")
    monkeypatch.setenv("GRIDPATROL_DATABASE_URL", street_url)
    monkeypatch.setenv("GRIDPATROL_HOME", str(tmp_path))
    today = clock.now().date()
    for days, is_well, is_warning, words in (
        (400, True, False, "holidays are loaded far enough ahead"),
        (30, True, True, "Calendar always (Around the clock) knows its holidays up to"),
        (-3, False, True, "Calendar always (Around the clock) knows its holidays up to"),
    ):
        # Without holidays of its own a calendar is known to its end.
        with psycopg.connect(street_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("DELETE FROM calendar_days")
            connection.execute("UPDATE calendars SET last_on = %s", (today + timedelta(days=days),))
        found = [one for one in doctor.examine() if one.check == "calendars"]
        assert (found[0].is_well, found[0].is_warning) == (is_well, is_warning)
        assert found[0].words.startswith(words)


def test_the_doctor_names_calendars_that_policies_count_in_and_nobody_made(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDPATROL_DEMO", "true")
    monkeypatch.setenv("GRIDPATROL_DATABASE_URL", empty_url)
    monkeypatch.setenv("GRIDPATROL_HOME", str(tmp_path))
    found = [one for one in doctor.examine() if one.check == "calendars"]
    assert [one.is_well for one in found] == [False] * 6
    assert "the policy intake_limit counts in the calendar 'always', which is not there" in found[0].words
