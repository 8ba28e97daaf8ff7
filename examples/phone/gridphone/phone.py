"""A phone: what its person does with it, with or without a network."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from gridphone.answers import Cut, Problem, SignInNeeded
from gridphone.backoff import LOOK_S, pause, pause_s
from gridphone.conflicts import Conflict, conflict_of
from gridphone.delivery import Delivery
from gridphone.exchange import Exchange
from gridphone.feed import Feed
from gridphone.items import OutboxItem
from gridphone.mirror import Mirror, MirrorTicket
from gridphone.outbox import Outbox
from gridphone.patrol import Patrol
from gridphone.photos import PhotoFolder
from gridphone.service import Service
from gridphone.store import Store
from gridphone.tasks import Tasks
from gridphone.tokens import Tokens

STORED_KEPT_FOR = timedelta(days=7)
"""How long the outbox shows what the server has confirmed. The server knows a step again for as long."""

_ASK_EVERY_S = 300.0
"""How often a phone that listens does a round all the same, to find what no event tells: a step that waited."""

_PURPOSES = {"rectify": "after", "pass_check": "check", "fail_check": "check"}
"""What a photo proves, by the step that it comes with; `evidence` with all others."""


class VersionUnknown(LookupError):  # noqa: N818  an ordinary thing
    """The phone does not have this ticket, so nobody can have looked at it here."""


class OthersWorkHeld(RuntimeError):  # noqa: N818  the same
    """The phone holds unsent work of somebody else, which must not go out under another name."""


class Phone:
    """One person's phone, all of it in one folder. One process exchanges at a time."""

    def __init__(
        self,
        folder: Path,
        address: str,
        device_id: str,
        *,
        timeout_s: float = 10,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Open the phone in this folder, or make a new one.

        `device_id` was made once, at random, when the app was installed. `transport` and `clock` are for tests.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._address = address
        self._device_id = device_id
        self._timeout_s = timeout_s
        self._transport = transport
        self._clock = clock
        self._store = Store(folder / "phone.sqlite3")
        self._tokens = Tokens(self._store, clock)
        self._outbox = Outbox(self._store)
        self._mirror = Mirror(self._store)
        self._photos = PhotoFolder(folder / "photos")
        self._photos.sweep(self._outbox.photo_ids_to_keep())
        self.patrol = Patrol(self._store, self._outbox, clock)
        """Shifts, tracks and check-ins."""
        self.tasks = Tasks(self._mirror, self._outbox, clock)
        self._delivery = Delivery(self._store, self._outbox, self._photos, self.patrol, clock)
        self._feed = Feed(self._store, self._mirror)
        self._one_at_a_time = asyncio.Lock()
        self._quiet_until = 0.0

    def close(self) -> None:
        """Close the phone's file. Nothing depends on it: a phone that is killed instead loses nothing."""
        self._store.close()

    # Without a network

    def report(
        self,
        *,
        category: str,
        condition: int,
        longitude: float,
        latitude: float,
        description: str = "",
        photos: Sequence[bytes] = (),
        observed_at: datetime | None = None,
    ) -> UUID:
        """Report a problem; return the report's id, which its ticket will have too.

        When this returns the report and its photos are on the phone's disk. The place is what GPS says (WGS-84).
        """
        made_at = self._clock()
        report_id = uuid4()
        kept = self._keep_pictures(photos)
        body = {
            "category": category,
            "condition": condition,
            "description": description,
            "observed_at": (observed_at or made_at).isoformat(),
            "place": {"longitude": longitude, "latitude": latitude, "crs": "wgs84"},
            "photos": [str(photo_id) for photo_id in kept],
        }
        with self._store.transaction():
            self._add_photos(kept, "before", made_at)
            self._outbox.add(report_id, "report", body, made_at, ticket_id=report_id)
        return report_id

    def step(
        self,
        ticket_id: UUID,
        action: str,
        *,
        note: str = "",
        photos: Sequence[bytes] = (),
        version: int | None = None,
        **more: str | int | bool,
    ) -> UUID:
        """Take a step on a ticket as the person sees it; return the step's id. `more` is what the action asks for.

        What the person sees is the mirror with the phone's own work on top. A step on such work names it (`after`),
        because nobody knows yet which version it will lead to; any other names the mirror's version, or the one that is
        given. VersionUnknown: the phone does not have the ticket.
        """
        made_at = self._clock()
        step_id = uuid4()
        kept = self._keep_pictures(photos)
        with self._store.transaction():
            seen = self._mirror.version_of(ticket_id)
            after = self._outbox.made_on_top_of(ticket_id, seen) if version is None else None
            body: dict[str, Any] = {"ticket": str(ticket_id), "action": action, "note": note, **more}
            body["photos"] = [str(photo_id) for photo_id in kept]
            if after is not None:
                body["after"] = str(after)
            else:
                body["version"] = version or seen
                if body["version"] is None:
                    raise VersionUnknown(f"Ticket {ticket_id} is not on this phone.")
            self._add_photos(kept, _PURPOSES.get(action, "evidence"), made_at)
            self._outbox.add(step_id, "step", body, made_at, ticket_id=ticket_id, after=after)
        return step_id

    def _keep_pictures(self, pictures: Sequence[bytes]) -> dict[UUID, bytes]:
        # Files first: one that nothing speaks of is swept away later, but a row must never be without its file.
        kept = {uuid4(): picture for picture in pictures}
        for photo_id, picture in kept.items():
            self._photos.keep(photo_id, picture)
        return kept

    def _add_photos(self, kept: dict[UUID, bytes], purpose: str, made_at: datetime) -> None:
        for photo_id, picture in kept.items():
            body = {
                "purpose": purpose,
                "sha256": hashlib.sha256(picture).hexdigest(),
                "size_bytes": len(picture),
                "captured_at": made_at.isoformat(),
            }
            self._outbox.add(photo_id, "photo", body, made_at)

    def items(self) -> list[OutboxItem]:
        """Return what was made on this phone, the oldest first, and what became of it."""
        return self._outbox.items()

    def conflicts(self) -> list[Conflict]:
        """Return the steps that came too late, with what the person has to know to decide anew."""
        found = map(conflict_of, self._outbox.items())
        return [conflict for conflict in found if conflict is not None]

    def dismiss(self, item_id: UUID) -> None:
        """Forget something that was refused, now that the person has seen it."""
        self._outbox.forget(item_id)

    def tickets(self) -> list[MirrorTicket]:
        """Return the tickets that the person may see, as of the last round, most urgent first."""
        return self._mirror.tickets()

    def catalog(self) -> dict[str, Any] | None:
        """Return classes, conditions, units, lifecycle and policies, as of the last round."""
        told = self._store.fact("catalog")
        return json.loads(told) if told else None

    @property
    def username(self) -> str | None:
        """Whose phone it is."""
        return self._tokens.username

    # With a network

    async def sign_in(self, username: str, password: str) -> None:
        """Sign in; from then on the phone stays signed in by itself.

        Raises Problem (`sign_in_refused`), Cut, or OthersWorkHeld. A phone without unsent work forgets its former
        owner.
        """
        former = self._tokens.username
        is_handed_over = former is not None and former != username
        if is_handed_over and (self._outbox.has_unsent() or self.patrol.points_held()):
            raise OthersWorkHeld(f"The phone still holds work of {former}.")
        async with self._one_at_a_time, self._service() as service:
            answer = await service.sign_in(username, password)
        with self._store.transaction():
            if is_handed_over:
                self._outbox.forget_all()
                self._mirror.forget_all()
                self.patrol.forget_all()
                self._store.note(catalog=None, catalog_etag=None)
            self._tokens.keep(answer, username)

    async def exchange(self) -> Exchange:
        """Do one round: send what the phone holds, then follow the feed until there is nothing more to be told.

        Ends quietly wherever the network does, and may be called as often as one likes. Every act is written down
        before the next one begins, so it does not matter where a round ends.
        """
        done = Exchange()
        async with self._one_at_a_time:
            now = asyncio.get_running_loop().time()
            if now < self._quiet_until:
                done.cut = f"The server asked to be left alone for {self._quiet_until - now:.0f} s."
                return done
            self._outbox.forget_stored(self._clock() - STORED_KEPT_FOR)
            try:
                async with self._service() as service:
                    await self._send(service, done)
                    done.changes = await self._feed.follow(service)
                    done.is_complete = True
                    await self._feed.ask_for_catalog(service)
                    await self._look_after_shift(service)
            except Cut as cut:
                done.cut = str(cut)
                self._quiet_until = asyncio.get_running_loop().time() + cut.wait_s
            except SignInNeeded:
                done.is_sign_in_needed = True
            except Problem as problem:
                done.note(problem)
        return done

    async def _send(self, service: Service, done: Exchange) -> None:
        try:
            await self._delivery.send(service, done)
        except Problem as problem:
            done.note(problem)  # the person's tickets are worth asking for all the same

    async def _look_after_shift(self, service: Service) -> None:
        shift = self.patrol.shift
        if shift is not None and shift.runs_as is not None:
            self.patrol.note_standing(shift, await service.shift_state(shift.runs_as))

    async def watch(self, until: Callable[[], bool]) -> None:
        """Exchange whenever there is something to send, and in between hear at once of what changes.

        The stream of events goes on behind the mirror's cursor (`Last-Event-ID`). Where it can't be opened or ends,
        rounds take its place, ever more rarely while they fail. Returns when `until` says so, or nobody is signed in.
        """
        failures = 0
        while not until():
            done = await self.exchange()
            if done.is_sign_in_needed:
                return
            if done.is_complete:
                try:
                    failures = 1 if await self._listen(until) else 0
                except (Cut, Problem, SignInNeeded):
                    failures = 1
            else:
                failures += 1
            if failures:
                await pause(pause_s(failures), until)

    async def _listen(self, until: Callable[[], bool]) -> bool:
        """Listen until the stream ends, or there is something else to do; tell whether it ended by itself."""
        now = asyncio.get_running_loop().time
        end = now() + _ASK_EVERY_S
        async with self._service() as service:
            listening = asyncio.create_task(self._feed.listen(service))
            try:
                while not (listening.done() or until() or now() > end or self._has_due()):
                    await asyncio.wait([listening], timeout=LOOK_S)
            finally:
                listening.cancel()
                await asyncio.wait([listening])
            if listening.cancelled():
                return False
            listening.result()
            return True

    def _has_due(self) -> bool:
        return self._outbox.has_due(self._clock()) or self.patrol.is_due()

    def _service(self) -> Service:
        return Service(self._address, self._device_id, self._tokens, self._timeout_s, self._transport)
