"""The person's shift, and the track that the phone makes of it.

A shift is the phone's from the moment it is started, with or without a network; its id is made here. Points are kept on
duty only, one for each millisecond. When the office knows the shift they are gathered into batches, and a batch is an
item of the outbox like any other: one id and the same words for ever, so one that comes twice is stored once. Only one
is under way at a time: without a network points stay points, and there is a limit to them.

One person has one shift at a time, on all her phones. Where another phone was first the office refuses our start and
names the other's shift: ours goes on as that one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from gridphone.items import OutboxItem
from gridphone.outbox import Outbox
from gridphone.store import Store

ShiftAction = Literal["pause", "resume", "stop"]

POINTS_MAX = 20_000
"""Points that the phone holds. Beyond that every other one goes where they are densest: a coarser track says more than
one with a hole."""

BATCH_POINTS = 2_000
"""Points of one batch. The server takes more, but a batch that is cut is sent again from its beginning."""

GATHER_POINTS, GATHER_AFTER = 60, timedelta(minutes=1)
"""So many points, or so old ones, are worth a round of their own."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_AFTER: dict[ShiftAction, str] = {"pause": "paused", "resume": "running", "stop": "ended"}


class NoSuchShift(RuntimeError):  # noqa: N818  an ordinary thing
    """There is no shift on this phone that this could happen to, or there is one already."""


@dataclass(frozen=True, slots=True)
class HeldShift:
    """A shift on this phone: `running`, `paused` or `ended`, as far as the phone knows."""

    id: UUID
    state: str
    runs_as: UUID | None
    """The shift that the office has for it: this one, or that of the person's other phone; None: not yet known."""


class Patrol:
    """The shifts and points in the phone's file."""

    def __init__(self, store: Store, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._outbox = outbox
        self._clock = clock

    # Without a network

    @property
    def shift(self) -> HeldShift | None:
        """The shift that goes on."""
        row = self._store.row("SELECT * FROM shifts WHERE state <> 'ended' ORDER BY number DESC LIMIT 1")
        return HeldShift(UUID(row["id"]), row["state"], _uuid(row["runs_as"])) if row else None

    def start(self, *, team: str = "", at: datetime | None = None) -> UUID:
        """Start a shift now, or at the instant that is given; return its id. NoSuchShift: one goes on."""
        made_at = self._clock()
        shift_id = uuid4()
        body = {"shift": str(shift_id), "action": "start", "at": _told(at or made_at), "team": team}
        with self._store.transaction():
            if self.shift is not None:
                raise NoSuchShift("A shift goes on: stop it first.")
            self._store.write("INSERT INTO shifts (id, state) VALUES (?, 'running')", str(shift_id))
            self._outbox.add(shift_id, "shift", body, made_at)
        return shift_id

    def step(self, action: ShiftAction, *, at: datetime | None = None) -> UUID:
        """Pause the shift, go on with it, or stop it; return the step's id. NoSuchShift: it can't be done."""
        made_at = self._clock()
        step_id = uuid4()
        with self._store.transaction():
            shift = self.shift
            if shift is None or shift.state == _AFTER[action]:
                raise NoSuchShift(f"There is no shift to {action}.")
            named = shift.runs_as or shift.id
            body = {"shift": str(named), "action": action, "at": _told(at or made_at)}
            self._outbox.add(step_id, "shift", body, made_at, after=shift.id)
            self._note_state(shift.id, _AFTER[action])
        return step_id

    def keep_point(
        self,
        longitude: float,
        latitude: float,
        *,
        at: datetime | None = None,
        accuracy_m: float | None = None,
        speed_m_s: float | None = None,
        is_mock: bool = False,
    ) -> bool:
        """Keep where the phone is (WGS-84, by GPS); False off duty and where this instant has a point already."""
        at_ms = ((at or self._clock()) - _EPOCH) // _MS
        point = {
            "at": _told(_EPOCH + at_ms * _MS),
            "longitude": longitude,
            "latitude": latitude,
            "accuracy_m": accuracy_m,
            "speed_m_s": speed_m_s,
            "is_mock": is_mock,
        }
        with self._store.transaction():
            shift = self.shift
            if shift is None or shift.state != "running":
                return False
            if self.points_held() >= POINTS_MAX:
                self._thin()
            query = "INSERT OR IGNORE INTO points (shift, at_ms, body) VALUES (?, ?, ?)"
            return self._store.write(query, str(shift.id), at_ms, json.dumps(point)) == 1

    def points_held(self) -> int:
        """Return how many points no batch has yet."""
        row = self._store.row("SELECT count(*) AS points FROM points")
        return row["points"] if row else 0

    def _thin(self) -> None:
        self._store.write(
            "DELETE FROM points WHERE (shift, at_ms) IN (SELECT shift, at_ms FROM"
            " (SELECT shift, at_ms, row_number() OVER track AS place, at_ms - lag(at_ms) OVER track AS gap"
            "  FROM points WINDOW track AS (PARTITION BY shift ORDER BY at_ms))"
            " WHERE place % 2 = 0 ORDER BY gap LIMIT ?)",
            POINTS_MAX // 4,
        )

    def check_in(
        self,
        checkpoint: str,
        way: Literal["geofence", "qr", "nfc"],
        *,
        place: tuple[float, float] | None = None,
        accuracy_m: float | None = None,
        code: str | None = None,
        tag: str | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """Confirm that the person is at a checkpoint; return the check-in's id. `place` is what GPS says.

        Codes are judged by the time at which they were read, so this needs no network either.
        """
        made_at = self._clock()
        check_in_id = uuid4()
        body: dict[str, Any] = {"checkpoint": checkpoint, "way": way, "at": _told(at or made_at)}
        if place is not None:
            body["place"] = {"longitude": place[0], "latitude": place[1], "crs": "wgs84"}
            body["place"] |= {"accuracy_m": accuracy_m} if accuracy_m is not None else {}
        body |= {name: value for name, value in (("code", code), ("tag", tag)) if value is not None}
        self._outbox.add(check_in_id, "checkin", body, made_at)
        return check_in_id

    # With a network

    def is_due(self) -> bool:
        """Tell whether points are worth a round of their own."""
        row = self._store.row(
            "SELECT count(*) AS points, min(at_ms) AS first FROM points JOIN shifts ON id = shift"
            " WHERE runs_as IS NOT NULL"
        )
        if row is None or row["points"] == 0:
            return False
        is_old = self._clock() - _EPOCH - row["first"] * _MS > GATHER_AFTER
        return (row["points"] >= GATHER_POINTS or is_old) and not self._outbox.is_under_way("track")

    def gather(self) -> None:
        """Make the oldest points of a shift that the office knows the next batch, if none is under way."""
        with self._store.transaction():
            shift = self._store.row(
                "SELECT id, runs_as FROM shifts WHERE runs_as IS NOT NULL"
                " AND EXISTS (SELECT 1 FROM points WHERE shift = id) ORDER BY number LIMIT 1"
            )
            if shift is None or self._outbox.is_under_way("track"):
                return
            query = "SELECT at_ms, body FROM points WHERE shift = ? ORDER BY at_ms LIMIT ?"
            rows = list(self._store.rows(query, shift["id"], BATCH_POINTS))
            points = [json.loads(row["body"]) for row in rows]
            body = {"shift": shift["runs_as"], "crs": "wgs84", "points": points}
            self._outbox.add(uuid4(), "track", body, self._clock(), after=UUID(shift["id"]))
            self._store.write(
                "DELETE FROM points WHERE shift = ? AND at_ms <= ?", shift["id"], rows[-1]["at_ms"]
            )

    def note_taken(self, item: OutboxItem) -> None:
        """Note that the office knows a shift that was started here."""
        if item.body["action"] == "start":
            self._store.write("UPDATE shifts SET runs_as = id WHERE id = ?", str(item.id))

    def note_refused(self, item: OutboxItem, problem: dict[str, Any]) -> None:
        """Note what the office said to a start: that another phone was first, or no for another reason.

        Then there is no such shift, and whatever was recorded was recorded off duty: nothing of it is kept.
        """
        if item.body["action"] != "start":
            return
        with self._store.transaction():
            if problem["code"] != "shift_running":
                self._store.write("DELETE FROM shifts WHERE id = ?", str(item.id))
                return
            self._store.write("UPDATE shifts SET runs_as = ? WHERE id = ?", problem["shift"], str(item.id))
            if (shift := self.shift) is not None and shift.id == item.id:
                self._note_state(item.id, problem["state"])

    def note_standing(self, shift: HeldShift, state: str) -> None:
        """Note how the shift stands in the office: another phone, or its longest time, may have ended it.

        What was done here and has not arrived counts more.
        """
        now = self.shift
        if now is not None and now.id == shift.id and not self._outbox.is_under_way("shift"):
            self._note_state(shift.id, state)

    def _note_state(self, shift_id: UUID, state: str) -> None:
        self._store.write("UPDATE shifts SET state = ? WHERE id = ?", state, str(shift_id))

    def forget_all(self) -> None:
        """Forget everything: the phone gets another owner."""
        self._store.write("DELETE FROM shifts")


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
