"""The demo: loaded once, made by the real services, and true in every part."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio
import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlmodel import col

from api.adapters.files import open_store
from api.adapters.passwords import verify_password
from api.db import Database, ReadSession
from api.demo import DatabaseNotEmpty, DemoSummary, ensure_demo
from api.domain.access import Role
from api.domain.calendars import WorkCalendar
from api.domain.cases import Triage
from api.domain.deadlines import Interval, Light, due_from_ledger, light
from api.domain.explanations import instant_en
from api.domain.geo import Place, distance_m
from api.domain.history import Event, first_break
from api.domain.ledger import Ledger, Stretch
from api.domain.lifecycle import ENDS, STAGE_OF, Action, Clock, State
from api.domain.photos import Variant, key_in
from api.domain.reports import Source
from api.domain.requests import RequestKind, RequestState
from api.domain.signals import SignalKind
from api.models import (
    Grid,
    GridPerson,
    Person,
    Photo,
    Policy,
    Shift,
    SignalExamination,
    SignalRow,
    Ticket,
    TicketEvent,
    TicketRequest,
    Unit,
)
from api.queries.cases import load_stretches
from api.queries.histories import EventFacts
from api.queries.reference import load_reference
from api.queries.tracks import find_fixes
from api.services.demo_draws import Scenery
from api.services.demo_files import read_street
from api.services.demo_month import plots
from api.services.demo_plots import Fraud
from api.services.signal_examinations import examine
from api.settings import DEMO_PASSWORD, Settings, SettingsRefused
from tests.conftest import Server

NOW = datetime(2026, 11, 22, 13, 2, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Sunday, when offices are closed: a demo has to show every state all the same."""


@dataclass(frozen=True)
class Loaded:
    """The demo as two starts at once loaded it."""

    settings: Settings
    starts: tuple[DemoSummary, ...]
    said: tuple[str, ...]


@pytest.fixture(scope="session")
def loaded(server: Server, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Load the demo once for all tests here, by two starts at the same moment. Nobody changes it."""
    name = server.create(migrated)
    settings = Settings(demo=True, database_url=server.url_of(name), home=tmp_path_factory.mktemp("demo"))
    said: list[str] = []
    starts: list[DemoSummary] = []

    async def start() -> None:
        starts.append(await ensure_demo(settings, now=NOW, progress=said.append))

    async def start_twice() -> None:
        async with anyio.create_task_group() as both:
            both.start_soon(start)
            both.start_soon(start)

    anyio.run(start_twice)
    yield Loaded(settings, tuple(starts), tuple(said))
    server.drop(name)


@pytest.fixture
async def session(loaded: Loaded) -> AsyncIterator[ReadSession]:
    database = Database(loaded.settings.required_database_url)
    async with database.read() as opened:
        yield opened
    await database.close()


async def tickets_of(session: ReadSession) -> list[Ticket]:
    return list((await session.execute(select(Ticket).order_by(col(Ticket.number)))).scalars())


def test_two_starts_at_once_load_the_demo_once(loaded: Loaded) -> None:
    assert sorted(start.is_new for start in loaded.starts) == [False, True]
    first, second = loaded.starts
    assert (first.communities, first.unit_grids, first.classes, first.people) == (16, 105, 143, 59)
    assert (first.tickets, first.photos) == (second.tickets, second.photos)
    assert 200 <= first.tickets <= 300


def test_a_load_says_what_it_is_doing(loaded: Loaded) -> None:
    assert len(loaded.said) > 20
    assert loaded.said[-2].endswith("2026-11-22")
    assert "patrols" in loaded.said[-1]


async def test_a_later_start_changes_nothing_and_leaves_alone_what_people_changed(
    server: Server, demo_street: str, tmp_path: Path
) -> None:
    name = server.create(demo_street)
    settings = Settings(demo=True, database_url=server.url_of(name), home=tmp_path)
    database = Database(settings.required_database_url)
    async with database.write() as session:
        renamed = update(Person).where(col(Person.username) == "admin").values(username="boss", name="某人")
        await session.execute(renamed)
        # The demo has the default, which needs no row.
        await session.execute(insert(Policy).values(key="due_soon_s", value=60))
    summary = await ensure_demo(settings, now=NOW)
    assert (summary.is_new, summary.tickets) == (False, 0)
    async with database.read() as session:
        names = select(col(Person.name)).where(col(Person.username) == "boss")
        assert (await session.execute(names)).scalar_one() == "某人"
        soon = select(col(Policy.value)).where(col(Policy.key) == "due_soon_s")
        assert (await session.execute(soon)).scalar_one() == 60
    await database.close()
    server.drop(name)


async def test_the_demo_is_not_put_beside_other_data(empty_url: str, tmp_path: Path) -> None:
    database = Database(empty_url)
    async with database.write() as session:
        await session.execute(insert(Policy).values(key="due_soon_s", value=60))
    await database.close()
    with pytest.raises(DatabaseNotEmpty, match="policies"):
        await ensure_demo(Settings(demo=True, database_url=empty_url, home=tmp_path), now=NOW)


async def test_the_demo_is_for_demo_installations_only(empty_url: str, tmp_path: Path) -> None:
    key = "0123456789abcdefghijklmnopqrstuvwxyz"
    settings = Settings(database_url=empty_url, home=tmp_path, token_key=key)  # pyright: ignore[reportArgumentType]  pydantic wraps it
    with pytest.raises(SettingsRefused, match="GRIDPATROL_DEMO"):
        await ensure_demo(settings, now=NOW)


async def test_a_load_that_breaks_off_leaves_nothing_and_can_be_repeated(
    empty_url: str, tmp_path: Path
) -> None:
    settings = Settings(demo=True, database_url=empty_url, home=tmp_path)

    class PowerCut(Exception):  # noqa: N818  what happens
        pass

    def cut(words: str) -> None:
        if words.endswith("2026-10-26"):
            raise PowerCut

    for _ in range(2):
        with pytest.raises(PowerCut):
            await ensure_demo(settings, now=NOW, progress=cut)
        database = Database(empty_url)
        async with database.read() as session:
            for table in (Person, Unit, Grid, Ticket, TicketEvent, Photo):
                assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 0
        await database.close()


async def test_everybody_signs_in_with_the_published_password(session: ReadSession) -> None:
    rows = (await session.execute(select(col(Person.role), col(Person.password_hash)))).all()
    roles = Counter(row.role for row in rows)
    assert roles == {
        Role.OFFICER: 32,
        Role.UNIT_LEAD: 12,
        Role.UNIT_MEMBER: 12,
        Role.DISPATCHER: 1,
        Role.SUPERVISOR: 1,
        Role.ADMINISTRATOR: 1,
    }
    hashes = {row.password_hash for row in rows}
    assert len(hashes) == 1
    assert (await verify_password(DEMO_PASSWORD, hashes.pop())).is_right


async def test_two_officers_are_on_duty_in_each_community(session: ReadSession) -> None:
    statement = (
        select(col(Grid.code), col(Person.username), col(GridPerson.is_phone_public))
        .join(GridPerson, col(GridPerson.grid_id) == col(Grid.id))
        .join(Person, col(Person.id) == col(GridPerson.person_id))
        .where(col(GridPerson.from_on) < (NOW - timedelta(days=31)).date())
    )
    rows = (await session.execute(statement)).all()
    on_duty: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        on_duty[row.code].add(row.username)
        assert row.is_phone_public
    assert len(on_duty) == 16
    assert {len(officers) for officers in on_duty.values()} == {2}
    assert on_duty["990101001001"] == {"officer01", "officer02"}


async def test_the_street_owns_every_grid_on_it(session: ReadSession) -> None:
    reference = await load_reference(session, ZoneInfo("Asia/Shanghai"))
    assert len(reference.units) == 12
    assert set(reference.calendars) == {"city", "patrol", "always"}
    for code, grid in reference.grids.items():
        owner = reference.fallback_unit(code)
        if grid.level in {"street", "community", "unit_grid"}:
            assert owner is not None
            assert owner.code == "street"


async def test_every_state_and_reason_to_wait_is_there(session: ReadSession) -> None:
    tickets = await tickets_of(session)
    assert {ticket.state for ticket in tickets} == set(State)
    # The limits of the street's classes end before the calendar does, so a due time is always known.
    assert {ticket.triage for ticket in tickets} == {None, *Triage} - {Triage.NO_DEADLINE}
    assert sum(ticket.is_self_fixed for ticket in tickets) >= 10
    assert sum(ticket.rework_count > 0 for ticket in tickets) >= 8
    for mark in (
        "is_pinned",
        "is_exempt",
        "extension_count",
        "urged_count",
        "supervised_count",
        "escalation_level",
    ):
        assert any(getattr(ticket, mark) for ticket in tickets), mark
    assert {ticket.state for ticket in tickets if ticket.reopen_count} == {State.IN_PROGRESS, State.CLOSED}
    assert all(ticket.suspended_until > NOW for ticket in tickets if ticket.suspended_until)


async def test_every_step_was_taken(session: ReadSession) -> None:
    actions = {*(await session.execute(select(col(TicketEvent.action)).distinct())).scalars()}
    of_closings = {Action.REASSIGN, Action.REASSIGN_HELP}
    of_corrections = {Action.CORRECT, Action.REDISPATCH, Action.RECALL}
    # A second look begins with the worker, and none runs while the month is played.
    of_second_looks = {Action.RECHECK}
    besides = of_closings | of_corrections | of_second_looks
    assert actions == {*Action} - {Action.CLOSE, Action.RECOMPUTE} - besides


async def test_every_request_waits_somewhere_and_was_granted_and_denied_elsewhere(
    session: ReadSession,
) -> None:
    rows = await session.execute(select(col(TicketRequest.kind), col(TicketRequest.state)).distinct())
    decided = {RequestState.PENDING, RequestState.GRANTED, RequestState.DENIED}
    assert {(kind, state) for kind in RequestKind for state in decided} <= {tuple(row) for row in rows}


async def test_a_merged_ticket_is_told_to_its_master(session: ReadSession) -> None:
    tickets = {ticket.id: ticket for ticket in await tickets_of(session)}
    merged = [ticket for ticket in tickets.values() if ticket.merged_into_id]
    assert {tickets[one.merged_into_id].state for one in merged if one.merged_into_id} == {
        State.IN_PROGRESS,
        State.CLOSED,
    }


async def test_nobody_finishes_what_a_helper_still_owes(session: ReadSession) -> None:
    tickets = await tickets_of(session)
    owed = [ticket for ticket in tickets if ticket.open_helper_ids]
    assert owed
    assert {ticket.state for ticket in owed} <= {State.ASSIGNED, State.IN_PROGRESS, State.SUSPENDED}


async def test_some_tickets_are_overdue_by_minutes_some_by_days_and_some_are_due_soon(
    session: ReadSession,
) -> None:
    at_work = [t for t in await tickets_of(session) if t.state in {State.ASSIGNED, State.IN_PROGRESS}]
    left = [ticket.due_at - NOW for ticket in at_work if ticket.due_at]
    assert len(left) == len(at_work)
    assert sum(timedelta(minutes=-60) < time < timedelta(0) for time in left) >= 3
    assert sum(time < timedelta(days=-1) for time in left) >= 5
    assert sum(timedelta(0) < time < timedelta(hours=4) for time in left) >= 3
    lights = {light(NOW, ticket.yellow_at, ticket.due_at) for ticket in at_work}
    assert lights == set(Light)


async def test_tickets_are_spread_over_street_classes_units_and_sources(session: ReadSession) -> None:
    tickets = await tickets_of(session)
    assert len({ticket.grid_code[:12] for ticket in tickets if ticket.grid_code}) == 16
    assert len({ticket.category_code for ticket in tickets}) >= 50
    assert len({ticket.unit_id for ticket in tickets}) >= 11
    assert {ticket.source for ticket in tickets} == set(Source)
    hours = {ticket.reported_at.astimezone(NOW.tzinfo).hour for ticket in tickets}
    assert len(hours) >= 12
    assert max(ticket.updated_at for ticket in tickets) <= NOW
    assert min(ticket.reported_at for ticket in tickets) < NOW - timedelta(days=25)


async def test_every_history_is_an_unbroken_chain(session: ReadSession) -> None:
    chains: dict[UUID, list[tuple[Event, str]]] = defaultdict(list)
    rows = await session.execute(
        select(TicketEvent).order_by(col(TicketEvent.ticket_id), col(TicketEvent.seq))
    )
    for row in rows.scalars():
        chains[row.ticket_id].append(EventFacts(row, None).chained())
    for ticket in await tickets_of(session):
        chain = chains[ticket.id]
        assert first_break(chain) is None
        assert (ticket.history_count, ticket.history_sha256) == (len(chain), chain[-1][1])
        instants = [event.at for event, _ in chain]
        assert instants == sorted(instants)


async def test_every_due_time_follows_from_the_ledger(session: ReadSession) -> None:
    calendars = (await load_reference(session, ZoneInfo("Asia/Shanghai"))).calendars
    for ticket in await tickets_of(session):
        ledger = Ledger(await load_stretches(session, ticket.id))
        stage = STAGE_OF.get(ticket.state)
        shown = ledger.running(stage) if stage else ledger.latest(Clock.RECTIFICATION)
        if shown is None:
            assert ticket.is_self_fixed or ticket.state is State.REJECTED
            assert (ticket.due_at, ticket.yellow_at) == (None, None)
        else:
            if ticket.state is not State.SUSPENDED:
                assert (ticket.due_at, ticket.yellow_at) == (shown.due_at, shown.yellow_at)
            assert ticket.due_at == due_again(ledger, shown, calendars, ticket.suspended_until)
        if ticket.state in ENDS:
            assert all(stretch.stopped_at for stretch in ledger.stretches)


def due_again(
    ledger: Ledger, shown: Stretch, calendars: Mapping[str, WorkCalendar], resumes_at: datetime | None
) -> datetime:
    """Compute when the limit ends from what the clock had used when it last started, or will start again."""
    assert shown.term is not None
    cycle = [s for s in ledger.stretches if (s.clock, s.cycle) == (shown.clock, shown.cycle)]
    intervals = [Interval(s.started_at, s.stopped_at) for s in cycle]
    last = Interval(resumes_at) if resumes_at else Interval(intervals.pop().started_at)
    limits = [milestone.limit for milestone in shown.term.milestones] or [shown.term.limit]
    calendar = calendars[shown.term.calendar_code]
    ends = [due_from_ledger([*intervals, last], limit, calendar, shown.extensions) for limit in limits]
    return max(end for end in ends if end)


async def test_every_unit_reads_how_its_due_time_came_about(session: ReadSession) -> None:
    with_units = {State.ASSIGNED, State.IN_PROGRESS, State.SUSPENDED}
    for ticket in [one for one in await tickets_of(session) if one.state in with_units]:
        assert ticket.due_at is not None
        assert ticket.due_explanation is not None
        due = ticket.due_at.astimezone(NOW.tzinfo)
        assert f"due {instant_en(due, due)}." in ticket.due_explanation["en"]
        is_resting = "as agreed" in ticket.due_explanation["en"]
        assert is_resting == (ticket.state is State.SUSPENDED)


async def test_nobody_checks_what_he_fixed_or_reported(session: ReadSession) -> None:
    checked = [ticket for ticket in await tickets_of(session) if ticket.checked_by_id]
    assert len(checked) >= 100
    for ticket in checked:
        assert ticket.checked_by_id not in {ticket.fixed_by_id, ticket.reporter_id}


async def test_every_photo_has_its_files_and_all_are_different(session: ReadSession, loaded: Loaded) -> None:
    photos = list((await session.execute(select(Photo))).scalars())
    assert len({photo.sha256 for photo in photos}) == len(photos)
    assert all(photo.ticket_id for photo in photos)
    assert [photo.id for photo in photos if photo.signals] == []
    files = open_store(loaded.settings.files_location)
    for photo in photos:
        assert (await files.open(key_in(photo.file_key, Variant.ORIGINAL))).size_bytes == photo.size_bytes
        for variant in (Variant.THUMB, Variant.SCREEN):
            assert (await files.open(key_in(photo.file_key, variant))).size_bytes > 0


async def test_officers_were_on_patrol_where_they_reported(session: ReadSession) -> None:
    """Within a few steps of the place: phones err, and fixes are 45 seconds apart."""
    since = NOW - timedelta(days=2)
    statement = (
        select(col(Shift.id), col(Ticket.observed_at), func.ST_X(Ticket.place), func.ST_Y(Ticket.place))
        .join(Ticket, col(Ticket.reporter_id) == col(Shift.person_id))
        .where(
            col(Ticket.source) == Source.OFFICER,
            col(Ticket.observed_at) > since,
            col(Ticket.observed_at) > col(Shift.started_at) + timedelta(minutes=10),
            func.coalesce(col(Shift.ended_at), NOW) > col(Ticket.observed_at) + timedelta(minutes=2),
        )
    )
    found = (await session.execute(statement)).all()
    assert found
    for shift_id, at, longitude, latitude in found:
        fixes = await find_fixes(session, shift_id, at - timedelta(seconds=60), at + timedelta(seconds=60))
        away_m = [distance_m(Place(one.longitude, one.latitude), Place(longitude, latitude)) for one in fixes]
        assert min(away_m) < 150, at


async def test_what_was_pretended_is_found_and_little_else(server: Server, loaded: Loaded) -> None:
    """The signals of the plots that pretend, and of as many honest ones."""
    name = server.create(loaded.settings.database_url.rsplit("/", 1)[-1].split("?")[0])  # pyright: ignore[reportOptionalMemberAccess]
    zone = ZoneInfo("Asia/Shanghai")
    database = Database(server.url_of(name))
    async with database.read() as session:
        reference = await load_reference(session, zone)
    street = read_street()
    told = plots(Scenery(street.catalogue, street.grids, reference.calendar("city"), NOW, zone))
    doubtful = {plot.report_id: plot.fraud for plot in told if plot.fraud}
    assert set(doubtful.values()) == set(Fraud)
    examined = [plot.report_id for plot in told][-len(doubtful) * 3 :]
    async with database.write() as session:
        others = select(col(Photo.id)).where(col(Photo.ticket_id).not_in(examined))
        await session.execute(
            delete(SignalExamination).where(
                col(SignalExamination.photo_id).in_(others)
                | col(SignalExamination.report_id).not_in(examined)
            )
        )
    files = open_store(loaded.settings.files_location)
    raised = await examine(database, files, reference, NOW)
    async with database.read() as session:
        rows = (await session.execute(select(col(SignalRow.ticket_id), col(SignalRow.kind)))).all()
    kinds = {(doubtful.get(ticket_id), kind) for ticket_id, kind in rows}
    assert kinds >= {
        (Fraud.EDITED, SignalKind.AFTER_EDITED_FROM_BEFORE),
        (Fraud.BORROWED, SignalKind.PICTURE_SEEN_BEFORE),
        (Fraud.ELSEWHERE, SignalKind.TAKEN_ELSEWHERE),
        (Fraud.MOCKED, SignalKind.LOCATION_MOCKED),
    }
    assert {kind for fraud, kind in kinds if fraud is None} <= {SignalKind.PICTURE_RESEMBLES}
    assert raised < 20
    await database.close()
    server.drop(name)
