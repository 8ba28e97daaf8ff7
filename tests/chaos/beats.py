"""Officers on patrol: they start shifts, walk, pause, check in and stop, each in a time of her own.

A beat begins hours ago and is walked faster than the clock goes, so that half a minute of storm has tracks of hours.
All of it is told late, as by a phone that had no network.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from api import clock
from api.domain.geo import metres_per_degree
from api.domain.tracks import to_instant, to_ms
from gridphone import Phone
from tests.chaos.ledger import CheckedIn, Ledger, Point, Started, Stepped

LONGEST_SHIFT = timedelta(hours=16)
"""Policy `shift_hours_max`, as the demo has it."""

BEGAN = timedelta(hours=6)
FORGETFUL = 0.25
"""How many never stop their first shift. It began so long ago that it ends by itself in the storm."""

ENDS_IN = timedelta(seconds=20)
"""How long the shift of somebody forgetful still goes on after she told the phone of it."""

EVERY = timedelta(seconds=5)
PACE_M_S = 1.3
ROAMS_M = 350.0
"""How far from the middle of her grid somebody walks."""

AT_ONCE = (5, 20, 60, 60, 120)
A_MORNING = 700
"""Points that were gathered without a network; a batch of so many goes by itself."""

TOLD_AGAIN, LONG = 0.25, 0.04


@dataclass(frozen=True, slots=True)
class Post:
    """A checkpoint, with what its sheet shows on each day."""

    code: str
    longitude: float
    latitude: float
    sheets: dict[date, str]


class Beat:
    """The patrol of one phone. Those of two phones of one officer have points of the same instants, at other places."""

    def __init__(
        self,
        username: str,
        place: tuple[float, float],
        posts: Sequence[Post],
        draw: random.Random,
        zone: ZoneInfo,
    ) -> None:
        self._username, self._home, self._posts, self._draw, self._zone = username, place, posts, draw, zone
        self._at, self._heading = place, draw.uniform(0, 2 * math.pi)
        self._is_forgetful = random.Random(username).random() < FORGETFUL
        self._next = clock.now().replace(microsecond=0) - BEGAN
        self._starts = 0

    def act(self, phone: Phone, ledger: Ledger) -> None:
        """Do something on patrol."""
        for _ in range(self._draw.choice((1, 2, 4))):
            self._act_once(phone, ledger)

    def _act_once(self, phone: Phone, ledger: Ledger) -> None:
        shift, chance = phone.patrol.shift, self._draw.random()
        if chance < 0.12:
            self._check_in(phone, ledger)
        elif shift is None:
            self._start(phone, ledger)
        elif shift.state == "paused":
            self._step(phone, ledger, "resume" if chance < 0.9 or self._forgets_it else "stop")
        elif chance < 0.22:
            self._step(phone, ledger, "pause")
        elif chance < 0.30 and not self._forgets_it:
            self._step(phone, ledger, "stop")
        else:
            self._walk(phone, ledger)

    @property
    def _forgets_it(self) -> bool:
        return self._is_forgetful and self._starts == 1

    def _start(self, phone: Phone, ledger: Ledger) -> None:
        now = clock.now()
        if self._next > now:
            return
        if self._forgets_it:
            self._next = now.replace(microsecond=0)  # it has ended by itself a moment ago
        elif self._is_forgetful and self._starts == 0:
            self._next = now.replace(microsecond=0) - LONGEST_SHIFT + ENDS_IN
        at = self._tick()
        shift_id = phone.patrol.start(at=at, team="chaos")
        ledger.starts[shift_id] = Started(self._username, at)
        ledger.points[shift_id] = {}
        ledger.operations["shift_start"] += 1
        self._starts += 1
        if self._forgets_it:
            # She recorded nothing for most of the day.
            self._next = now.replace(microsecond=0) - BEGAN / 6

    def _step(self, phone: Phone, ledger: Ledger, action: str) -> None:
        shift = phone.patrol.shift
        if shift is None or self._next > clock.now():
            return
        at = self._tick()
        match action:
            case "pause":
                step_id = phone.patrol.step("pause", at=at)
            case "resume":
                step_id = phone.patrol.step("resume", at=at)
            case _:
                step_id = phone.patrol.step("stop", at=at)
        ledger.steps[step_id] = Stepped(shift.id, action, at)
        ledger.operations[f"shift_{action}"] += 1
        self._tick()

    def _tick(self) -> datetime:
        """Let a moment pass: nothing else happens at the instant that is returned."""
        at = self._next + timedelta(milliseconds=self._draw.randrange(200, 800))
        self._next += timedelta(seconds=self._draw.randrange(2, 5))
        return at

    def _walk(self, phone: Phone, ledger: Ledger) -> None:
        shift = phone.patrol.shift
        if shift is None:
            return
        known = ledger.points[shift.id]
        for _ in range(A_MORNING if self._draw.random() < LONG else self._draw.choice(AT_ONCE)):
            if self._next > clock.now():
                break
            self._go_on()
            self._keep(phone, ledger, known, to_ms(self._next), self._point())
            self._next += EVERY
        if known and self._draw.random() < TOLD_AGAIN:
            # What location services do: they tell the last points once more. They go out in another batch.
            for at_ms in self._draw.sample(sorted(known), min(len(known), 5)):
                self._keep(phone, ledger, known, at_ms, known[at_ms])
                ledger.operations["point_again"] += 1

    def _keep(self, phone: Phone, ledger: Ledger, known: dict[int, Point], at_ms: int, point: Point) -> None:
        is_kept = phone.patrol.keep_point(
            point.longitude,
            point.latitude,
            at=to_instant(at_ms),
            accuracy_m=point.accuracy_m,
            is_mock=point.is_mock,
        )
        if is_kept and at_ms not in known:
            known[at_ms] = point
            ledger.operations["point"] += 1

    def _go_on(self) -> None:
        east_m, north_m = metres_per_degree(self._home[1])
        away_m = math.hypot((self._at[0] - self._home[0]) * east_m, (self._at[1] - self._home[1]) * north_m)
        if away_m > ROAMS_M:  # home again
            north = (self._home[1] - self._at[1]) * north_m
            self._heading = math.atan2(north, (self._home[0] - self._at[0]) * east_m)
        elif self._draw.random() < 0.1:
            self._heading = self._draw.uniform(0, 2 * math.pi)
        step_m = PACE_M_S * EVERY.total_seconds() * (0 if self._draw.random() < 0.1 else 1)
        self._at = (
            self._at[0] + step_m * math.cos(self._heading) / east_m,
            self._at[1] + step_m * math.sin(self._heading) / north_m,
        )

    def _point(self) -> Point:
        """Return where she is as a phone tells it: now and then too vaguely, or a kilometre away, or made up."""
        longitude, latitude = round(self._at[0], 7), round(self._at[1], 7)
        match self._draw.randrange(60):
            case 0:
                return Point(longitude, latitude, 400.0, is_mock=False)
            case 1:
                return Point(longitude + 0.02, latitude, 6.0, is_mock=False)
            case 2:
                return Point(longitude, latitude, 6.0, is_mock=True)
            case 3:
                return Point(longitude, latitude, None, is_mock=False)
            case _:
                return Point(longitude, latitude, float(self._draw.randrange(3, 30)), is_mock=False)

    def _check_in(self, phone: Phone, ledger: Ledger) -> None:
        post, other = self._draw.sample(self._posts, 2)
        now = clock.now()
        place, is_right = (post.longitude, post.latitude), True
        if self._draw.random() < 0.5:
            way = "geofence"
            check_in_id = phone.patrol.check_in(post.code, "geofence", place=place, accuracy_m=8.0, at=now)
        else:
            way, is_right = "qr", self._draw.random() < 0.8
            code = (post if is_right else other).sheets[now.astimezone(self._zone).date()]
            check_in_id = phone.patrol.check_in(post.code, "qr", place=place, code=code, at=now)
        ledger.check_ins[check_in_id] = CheckedIn(self._username, post.code, way, now, is_right)
        ledger.operations["check_in"] += 1
