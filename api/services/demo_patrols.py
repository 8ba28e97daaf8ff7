"""Let the demo street be patrolled: plans, posts and rosters, and the shifts of the last days with their tracks.

All of it through the services, as phones would have sent it. Officers are where their tickets say that they were; who
stands at posts walks no grids. Whatever the hour of the load somebody is on duty, and one post is unmanned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Role, Viewer
from api.domain.checkpoint_codes import Way, nfc_code, qr_code
from api.domain.geo import Crs, Place
from api.domain.grids import GridLevel
from api.domain.reference import Reference
from api.domain.reports import Source
from api.domain.shifts import ShiftAction
from api.models import Ticket
from api.queries.posts import StoredCheckpoint
from api.services.checkpoints import CheckInRequest, ToldWhere, check_in, code_rules, put_checkpoint
from api.services.demo_files import StreetFiles
from api.services.demo_patrol_files import PatrolFiles, place_of, read_patrols
from api.services.demo_street import NAMESPACE, person_id, viewer_of
from api.services.demo_walks import Stand, fixes_of, pause_in, walk, with_mock, with_teleport
from api.services.patrol_plans import put_plan
from api.services.rosters import RosterDraft, put_roster
from api.services.shifts import ShiftStart, ShiftStep, start_shift
from api.services.tracks import TrackRequest, step_and_measure, store_track

DAYS = 2
"""So many days before today are patrolled, and today."""

_PROMPT = timedelta(seconds=4)
"""How long what a phone sends is on its way."""

_HOURS = ((6, 14.5), (14, 22.5))
_NIGHT = (22, 30.5)
"""When a shift begins and ends, in hours of its day."""

_TAG = "04A2B3C4D5E680"
_UNMANNED = "post-site"
_BESIDE_SCHOOL = 0.0014
"""About 130 m, in degrees: so far from schools those keep who don't look after them."""

_GRACE = timedelta(minutes=10)
"""So long after a slot begins nobody says yet that it is unmanned: then the one before it was."""

_LATE = "officer26"
_LOOP_SPOTS = 3
"""Places in each unit grid that a walk leads to."""


async def play_patrols(
    session: WriteSession, reference: Reference, street: StreetFiles, now: datetime, zone: ZoneInfo
) -> None:
    """Store what is patrolled on the street, and who did it in the days before `now`."""
    patrols = _Patrols(session, reference, street, read_patrols(), now, zone)
    await patrols.store_duties()
    await patrols.stand_at_posts()
    await patrols.look_after_schools()
    await patrols.walk_grids()


@dataclass(frozen=True, slots=True)
class _Beat:
    """Somebody's shift: where it leads, and where she has to be when; `checkpoints` are those on her way."""

    username: str
    start: datetime
    stop: datetime
    loop: Sequence[Place]
    checkpoints: Sequence[StoredCheckpoint]
    team: str


class _Patrols:
    def __init__(
        self,
        session: WriteSession,
        reference: Reference,
        street: StreetFiles,
        files: PatrolFiles,
        now: datetime,
        zone: ZoneInfo,
    ) -> None:
        self._session, self._reference, self._files = session, reference, files
        self._now, self._zone = now, zone
        self._viewers = {person.username: viewer_of(person, reference) for person in street.people}
        self._street = street
        self._random = Random("gridpatrol-demo/patrols")  # noqa: S311  a story, not a secret
        self._today = now.astimezone(zone).date()
        self._first_on = self._today - timedelta(days=DAYS)
        # The last whole week, which a plan of each week is shown for.
        self._week_on = self._today - timedelta(days=self._today.weekday() + 7)
        self._checkpoints: dict[str, StoredCheckpoint] = {}

    def _at(self, on: date, hours: float) -> datetime:
        return datetime.combine(on, time(), self._zone) + timedelta(hours=hours)

    async def store_duties(self) -> None:
        """Store plans, checkpoints and rosters as an administrator did the day before they count."""
        began, admin = self._at(self._week_on, -6), person_id("admin")
        for plan in self._files.plan_drafts(self._first_on, self._week_on):
            await put_plan(self._session, admin, self._reference, plan, None, began)
        for draft in self._files.checkpoint_drafts(self._reference):
            stored, _ = await put_checkpoint(self._session, admin, self._reference, draft, None, began)
            self._checkpoints[draft.code] = stored
        for day in range(-DAYS, 2):
            on = self._today + timedelta(days=day)
            roster = RosterDraft(on, self._files.slots_of(on, self._zone))
            await put_roster(self._session, admin, roster, self._at(on, -32))

    async def stand_at_posts(self) -> None:
        """Let people come to their posts: most in time, one always late, nobody to the one that is unmanned now."""
        for day in range(-DAYS, 1):
            for slot in self._files.slots_of(self._today + timedelta(days=day), self._zone):
                if slot.post == _UNMANNED and slot.starts_at <= self._now < slot.stops_at + _GRACE:
                    continue
                for username in slot.people:
                    minutes = 14 if username == _LATE else self._random.uniform(-11, 3)
                    at = slot.starts_at + timedelta(minutes=minutes)
                    if at < self._now:
                        await self._check_in(username, self._checkpoints[slot.post], at)

    async def look_after_schools(self) -> None:
        """Let the first school be looked after twice in the last whole week, the other one once: a missed round."""
        officers = self._officers()
        for shape, weekdays in zip(self._schools(), ((1, 3), (1,)), strict=False):
            middle = shape.representative_point()
            community = self._community(Place(middle.x, middle.y))
            if community not in officers:
                continue
            ring = _places_on(shape.buffer(0.0004).exterior)  # some 40 m around it
            for weekday in weekdays:
                on = self._week_on + timedelta(days=weekday)
                start, stop = self._at(on, 7.5), self._at(on, 8.25)
                await self._go(_Beat(officers[community][1], start, stop, ring, (), "护学组"))

    async def walk_grids(self) -> None:
        """Let an officer of each community walk its grids, each day at the same hours; not those who are at posts."""
        at_posts = {username for slot in self._files.slots for username in slot.people}
        walked = {code: pair for code, pair in self._officers().items() if not at_posts.intersection(pair)}
        loops = self._loops()
        stands = await self._stands()
        for number, (code, pair) in enumerate(sorted(walked.items())):
            hours = _NIGHT if number % 4 == 3 else _HOURS[number % 2]  # noqa: PLR2004  every fourth by night
            for day in range(-DAYS - 1, 1):
                on = self._today + timedelta(days=day)
                start, stop = (self._at(on, hour) for hour in hours)
                if start >= self._now - timedelta(minutes=5) or stop < self._at(self._first_on, 0):
                    continue
                username = max(
                    pair, key=lambda name: sum(start < one.at < stop for one in stands.get(name, ()))
                )
                near = [
                    one for one in self._checkpoints.values() if self._community(place_of(one.draft)) == code
                ]
                team = f"第{number // 4 + 1}组"
                beat = _Beat(username, start, stop, loops[code], near, team)
                await self._go(beat, stands.get(username, ()))

    def _schools(self) -> list[BaseGeometry]:
        return [shape for facts, shape in self._reference.places.shapes() if facts.type == "school"]

    def _officers(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for person in self._street.people:
            if person.role is Role.OFFICER:
                for code in person.grids:
                    found.setdefault(code, []).append(person.username)
        return found

    def _community(self, place: Place) -> str:
        code = self._reference.locate(place).code
        return self._reference.grid_path(code)[-2].code if code else ""

    def _loops(self) -> Mapping[str, Sequence[Place]]:
        """Return for each community a way through all its unit grids, and along the roads in it, not around schools."""
        loops: dict[str, list[Place]] = {}
        schools = shapely.union_all(self._schools())
        for grid in self._street.grids:
            if grid.level is GridLevel.UNIT_GRID and grid.parent is not None:
                inner = grid.shape.buffer(-0.0001)  # some 10 m
                ring = shapely.LineString(shapely.get_coordinates(inner)[:-1])
                spots = [ring.interpolate(part / _LOOP_SPOTS, normalized=True) for part in range(_LOOP_SPOTS)]
                loop = loops.setdefault(grid.parent, [])
                loop += [Place(spot.x, spot.y) for spot in spots if spot.distance(schools) > _BESIDE_SCHOOL]
                for road in self._reference.roads.values():
                    if road.intersects(grid.shape):
                        loop += _places_on(road.intersection(grid.shape))
        return loops

    async def _stands(self) -> Mapping[str, Sequence[Stand]]:
        """Return when officers were at tickets: reporting or checking."""
        names = {viewer.person_id: name for name, viewer in self._viewers.items()}
        place = (func.ST_X(Ticket.place), func.ST_Y(Ticket.place))
        since = self._at(self._first_on, -2)
        reported = select(col(Ticket.reporter_id), col(Ticket.observed_at), *place).where(
            col(Ticket.source) == Source.OFFICER, col(Ticket.observed_at) >= since
        )
        checked = select(col(Ticket.checked_by_id), col(Ticket.checked_at), *place).where(
            col(Ticket.checked_at) >= since
        )
        found: dict[str, list[Stand]] = {}
        for statement in (reported, checked):
            for who, at, longitude, latitude in await self._session.execute(statement):
                found.setdefault(names[who], []).append(Stand(at, Place(longitude, latitude)))
        return {name: sorted(stands, key=lambda stand: stand.at) for name, stands in found.items()}

    async def _go(self, beat: _Beat, stands: Sequence[Stand] = ()) -> None:
        """Let somebody do a shift, with a pause where it is long, and send the track when it is over, or now."""
        viewer, random = self._viewers[beat.username], self._random
        start, until = beat.start + timedelta(minutes=random.uniform(0, 4)), min(beat.stop, self._now)
        shift_id = self._id(f"shift/{beat.username}/{beat.start}")
        told = ShiftStart(shift_id, start, beat.team)
        policies = self._reference.policies
        await start_shift(self._session, viewer, told, policies, self._zone, start + _PROMPT)
        visits = [
            (Stand(start + (until - start) * random.uniform(0.15, 0.9), place_of(one.draft)), one)
            for one in beat.checkpoints
        ]
        own = [one for one in stands if start < one.at < until]
        pause = pause_in(start, beat.stop, own)
        due = sorted([*own, *(stand for stand, _ in visits)], key=lambda stand: stand.at)
        corners = walk(beat.loop, due, start, until)
        crs = random.choice((Crs.WGS84, Crs.GCJ02))
        fixes = fixes_of(corners, random, crs)
        if pause is not None and pause[1] < until:
            await self._step(viewer, shift_id, ShiftAction.PAUSE, pause[0])
            await self._step(viewer, shift_id, ShiftAction.RESUME, pause[1])
            fixes = [one for one in fixes if not pause[0] <= one.at < pause[1]]
        if beat.stop <= self._now:
            await self._step(viewer, shift_id, ShiftAction.STOP, beat.stop)
        fixes = with_teleport(fixes) if viewer.username == "officer05" else fixes
        fixes = with_mock(fixes) if viewer.username == "officer07" else fixes
        request = TrackRequest(self._id(f"track/{shift_id}"), shift_id, crs, fixes)
        args = (self._session, viewer, self._reference, request, "demo-phone", self._zone)
        await store_track(*args, min(until + _PROMPT, self._now))
        corners_at = {corner.at for corner in corners}
        for stand, checkpoint in visits:
            if stand.at in corners_at:
                await self._check_in(beat.username, checkpoint, stand.at)

    async def _step(self, viewer: Viewer, shift_id: UUID, action: ShiftAction, at: datetime) -> None:
        step = ShiftStep(shift_id, action, at)
        await step_and_measure(self._session, viewer, self._reference, step, self._zone, at + _PROMPT)

    async def _check_in(self, username: str, stored: StoredCheckpoint, at: datetime) -> None:
        draft, rules = stored.draft, code_rules(stored, self._reference.policies)
        way = self._random.choice(draft.ways)
        code = None
        if way is Way.QR:
            code = qr_code(rules, at, self._zone)
        elif way is Way.NFC:
            code = nfc_code(rules, _TAG)
        accuracy_m = round(self._random.uniform(4, 15), 1)
        here = ToldWhere(draft.longitude, draft.latitude, Crs.WGS84, accuracy_m, is_mock=False)
        request = CheckInRequest(
            id=self._id(f"check-in/{username}/{draft.code}/{at}"),
            checkpoint=draft.code,
            way=way,
            at=at,
            where=here,
            code=code,
            tag=_TAG if way is Way.NFC else None,
            answers={},
        )
        viewer = self._viewers[username]
        await check_in(
            self._session, viewer, self._reference, request, self._zone, min(at + _PROMPT, self._now)
        )

    def _id(self, what: str) -> UUID:
        return uuid5(NAMESPACE, f"{what}/{self._now.isoformat()}")


def _places_on(line: shapely.Geometry) -> list[Place]:
    """Return the corners of a shape, in order."""
    return [Place(float(x), float(y)) for x, y in shapely.get_coordinates(line)]
