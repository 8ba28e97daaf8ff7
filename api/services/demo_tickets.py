"""Let the demo street's month happen: every ticket through the services, as if people had done it.

So each history is a real chain, each ledger was kept by the clocks themselves, and each due time is what the
rules of that moment made it. Deeds of all tickets are done in the order of their instants, which gives ticket
numbers and duplicates their natural order too.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from api.adapters.files import FileStore
from api.db import WriteSession
from api.domain.access import Role, Viewer
from api.domain.calendars import PastCalendarHorizon
from api.domain.lifecycle import State
from api.domain.reference import Reference
from api.domain.report_requests import ReportRequest
from api.models import Ticket
from api.services.demo_draws import Scenery
from api.services.demo_files import StreetFiles
from api.services.demo_month import plots
from api.services.demo_photos import StoredPicture, Studio
from api.services.demo_plots import Cast, Crew, Deed, Plot, Standing, Story
from api.services.demo_stories import tell
from api.services.demo_street import viewer_of
from api.services.photos import insert_photo
from api.services.reports import file_reports
from api.services.tickets import take_step

Progress = Callable[[str], None]

OFFICE = "city"
"""The calendar by which the month's plots choose what is overdue."""

PATROL = "patrol"
"""The calendar of officers in the street."""

_AHEAD = timedelta(hours=18)
"""So long before their first deed stories begin, that their pictures are ready by then."""


async def play_month(
    session: WriteSession,
    reference: Reference,
    files: FileStore,
    street: StreetFiles,
    now: datetime,
    zone: ZoneInfo,
    progress: Progress,
) -> None:
    """Make the tickets of the month before `now` on a street that has none."""
    cast = cast_of(street, reference)
    viewers = {person.username: viewer_of(person, reference) for person in street.people}
    told = plots(Scenery(street.catalogue, street.grids, reference.calendar(OFFICE), now, zone))
    async with Studio(files, zone) as studio:
        month = _Month(session, reference, zone, viewers, studio)
        await month.play(cast, told, now, progress)


def cast_of(street: StreetFiles, reference: Reference) -> Cast:
    """Return who plays: officers by community, crews by unit."""
    officers = sorted(
        (code, person.username)
        for person in street.people
        if person.role is Role.OFFICER
        for code in person.grids
    )
    by_role = {(person.unit, person.role): person.username for person in street.people if person.unit}
    return Cast(
        officers={
            code: [username for _, username in pairs]
            for code, pairs in groupby(officers, key=lambda pair: pair[0])
        },
        crews={
            unit.code: Crew(
                lead=by_role[unit.code, Role.UNIT_LEAD],
                member=by_role[unit.code, Role.UNIT_MEMBER],
                calendar=reference.calendar(unit.calendar_code),
            )
            for unit in street.units
        },
        patrol=reference.calendar(PATROL),
        fallback_unit=next(unit.code for unit in street.units if unit.is_fallback),
    )


@dataclass(frozen=True, slots=True)
class _Next:
    """The next deed of a story, and its pictures, which are made while other deeds are done."""

    deed: Deed
    plot: Plot
    story: Story
    pictures: tuple[asyncio.Task[StoredPicture], ...]


class _Month:
    """The stories that go on, by the instant of their next deed."""

    def __init__(
        self,
        session: WriteSession,
        reference: Reference,
        zone: ZoneInfo,
        viewers: Mapping[str, Viewer],
        studio: Studio,
    ) -> None:
        self._session, self._reference, self._zone = session, reference, zone
        self._viewers, self._studio = viewers, studio
        self._agenda: list[tuple[datetime, int, _Next]] = []

    async def play(self, cast: Cast, told: Iterable[Plot], now: datetime, progress: Progress) -> None:
        """Tell all plots, and do all deeds up to `now`, the earliest first."""
        to_begin = deque(sorted(told, key=lambda plot: plot.at))
        today = None
        while to_begin or self._agenda:
            at = self._agenda[0][0] if self._agenda else to_begin[0].at
            while to_begin and to_begin[0].at <= at + _AHEAD:
                plot = to_begin.popleft()
                story = tell(cast, plot)
                self._plan(plot, story, next(story), now)
            if not self._agenda:
                continue
            at, _, upcoming = heapq.heappop(self._agenda)
            on = at.astimezone(self._zone).date()
            if on != today:
                today = on
                progress(f"tickets of {on.isoformat()}")
            standing = await self._do(upcoming)
            self._plan(upcoming.plot, upcoming.story, _go_on(upcoming.story, standing), now)

    def _plan(self, plot: Plot, story: Story, deed: Deed | None, now: datetime) -> None:
        """Put a deed on the agenda, unless it would only happen after `now`."""
        if deed is None or deed.at > now:
            story.close()
            return
        pictures = tuple(
            self._studio.order(uuid5(plot.report_id, f"photo/{deed.at}/{number}"), picture)
            for number, picture in enumerate(deed.pictures)
        )
        heapq.heappush(self._agenda, (deed.at, plot.number, _Next(deed, plot, story, pictures)))

    async def _do(self, upcoming: _Next) -> Standing:
        deed, viewer = upcoming.deed, self._viewers[upcoming.deed.username]
        photo_ids: list[UUID] = []
        for task in upcoming.pictures:
            stored = await task
            weights = self._reference.policies.signal_weights
            await insert_photo(self._session, viewer, stored.request, stored.drawing, weights, deed.at)
            photo_ids.append(stored.request.id)
        if deed.awaits_photo:
            photo_ids.append(uuid5(upcoming.plot.report_id, "awaited"))
        ids = tuple(photo_ids)
        if isinstance(deed.request, ReportRequest):
            report = replace(deed.request, photo_ids=ids)
            (filed,) = await file_reports(
                self._session, self._reference, viewer, [report], deed.at, self._zone
            )
            assert filed is not None, "every report of the month has an id of its own"  # noqa: S101  else a plot is told twice
            case = filed.case
            return self._standing(case.state, case.triage, case.unit_id, case.due_at, case.open_helper_ids)
        step, ticket_id = replace(deed.request, photo_ids=ids), upcoming.plot.report_id
        await take_step(self._session, self._reference, viewer, ticket_id, step, deed.at)
        columns = (getattr(Ticket, name) for name in _STANDING)
        row = (await self._session.execute(select(*columns).where(col(Ticket.id) == ticket_id))).one()
        return self._standing(*row)

    def _standing(
        self,
        state: State | None,
        triage: str | None,
        unit_id: int | None,
        due_at: datetime | None,
        helper_ids: Iterable[int],
    ) -> Standing:
        assert state is not None  # noqa: S101  the ticket was just created or changed
        units = self._reference.units
        unit = units[unit_id].code if unit_id is not None else None
        return Standing(state, triage, unit, due_at, tuple(units[helper].code for helper in helper_ids))


_STANDING = ("state", "triage", "unit_id", "due_at", "open_helper_ids")
"""What `_standing` is told, from the ticket's row."""


def _go_on(story: Story, standing: Standing) -> Deed | None:
    """Return the next deed of a story, None at its end."""
    try:
        return story.send(standing)
    except StopIteration:
        return None
    except PastCalendarHorizon:
        return None  # so far ahead that nobody knows the holidays, it has surely not happened yet
