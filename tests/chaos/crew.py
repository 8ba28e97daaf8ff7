"""The people of the street with their phones: they report, work, lose the network, and have their apps killed."""

import asyncio
import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from uuid import UUID, uuid4

from api.domain.access import Role
from api.services.demo_files import read_street
from api.settings import DEMO_PASSWORD
from gridphone import Cut, OutboxItem, Phone, VersionUnknown
from tests.chaos.acts import CLASSES, choose, picture
from tests.chaos.journal import Journal, Made
from tests.chaos.street import DESK, MEMBERS, OFFICERS

THINK_S = (0.3, 2.0)
BURSTS = (1, 1, 1, 2, 2, 6)
"""How much somebody does before the phone tries for a network again."""

HELD_MAX = 10
"""Who holds so much waits for the network first: a slow machine gets less to do."""

TIMEOUT_S = 30.0
"""The proxy hangs up where an answer is lost; silence only means that the machine has other things to do."""
KILLED, WATCHING = 0.10, 0.12
"""How often the app is killed in the middle of a round, and how often it listens to the stream for a while."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a phone; an officer begins in `grid`, and walks about `place`."""

    username: str
    role: str
    device_id: str
    grid: str | None = None
    place: tuple[float, float] = (0.0, 0.0)


def people() -> Iterator[Person]:
    """Yield the crew: officers (the first with two phones), units, and the desk."""
    street = read_street()
    middle = {grid.code: grid.shape.point_on_surface() for grid in street.grids}
    for entry in street.people:
        if entry.username in OFFICERS:
            spot = middle[entry.grids[0]]
            for number in range(2 if entry.username == OFFICERS[0] else 1):
                device_id = f"{entry.username}-{number}"
                yield Person(entry.username, "officer", device_id, entry.grids[0], (spot.x, spot.y))
        elif entry.username in MEMBERS:
            yield Person(entry.username, "member", entry.username)
        elif entry.username in DESK:
            yield Person(entry.username, Role(entry.role).value, entry.username)


class Hand:
    """One person with one phone, at work."""

    def __init__(self, person: Person, folder: Path, address: str, journal: Journal, seed: int) -> None:
        self.person = person
        self.journal = journal
        self._folder, self._address = folder / person.device_id, address
        self._random = random.Random(f"{seed} {person.device_id}")
        self.phone = self._open()

    def _open(self) -> Phone:
        return Phone(self._folder, self._address, self.person.device_id, timeout_s=TIMEOUT_S)

    async def work(self) -> NoReturn:
        """Work until cancelled."""
        while True:
            if len(self.unsettled()) < HELD_MAX:
                for _ in range(self._random.choice(BURSTS)):
                    self._act()
            fate = self._random.random()
            if fate < KILLED:
                await self._be_killed()
            elif fate < KILLED + WATCHING:
                await self._watch()
            else:
                await self.exchange()
            await asyncio.sleep(self._random.uniform(*THINK_S))

    async def exchange(self) -> bool:
        """Do a round, signing in again where that is needed; tell whether nothing cut it."""
        done = await self.phone.exchange()
        self.journal.operations["exchange"] += 1
        self.journal.hear(self.phone.items())
        if done.is_sign_in_needed:
            await self.sign_in()
            return False
        return done.is_complete

    async def sign_in(self) -> None:
        """Sign in, however often it takes."""
        while True:
            with suppress(Cut):
                await self.phone.sign_in(self.person.username, DEMO_PASSWORD)
                self.journal.operations["sign_in"] += 1
                return
            await asyncio.sleep(self._random.uniform(*THINK_S))

    def unsettled(self) -> list[OutboxItem]:
        """Return what the phone still holds."""
        return [item for item in self.phone.items() if item.state not in {"stored", "refused"}]

    async def _be_killed(self) -> None:
        """End the app in the middle of a round, and start it again."""
        round_ = asyncio.create_task(self.phone.exchange())
        try:
            await asyncio.wait([round_], timeout=self._random.uniform(0, 0.8))
        finally:
            round_.cancel()
            await asyncio.wait([round_])
        self.journal.hear(self.phone.items())
        self.phone.close()
        self.phone = self._open()
        self.journal.operations["app_killed"] += 1

    async def _watch(self) -> None:
        until = time.monotonic() + self._random.uniform(1, 4)
        await self.phone.watch(lambda: time.monotonic() >= until)
        self.journal.operations["watch"] += 1
        self.journal.hear(self.phone.items())

    def _act(self) -> None:
        """Do one thing that the person may do, without a network."""
        chosen = choose(self.person.role, self.phone.tickets(), self._random)
        if self.person.role == "officer" and (chosen is None or self._random.random() < 0.6):
            self._report()
        elif self.person.role == "member" and self._random.random() < 0.1:
            self._accept_by_radio()
        elif chosen is not None:
            ticket, wish = chosen
            more = wish.more(ticket, self._random) if wish.more else {}
            self._step(ticket.id, wish.action, has_photo=wish.has_photo, more=more)
            if wish.action == "accept" and self._random.random() < 0.5:
                self._step(ticket.id, "rectify", has_photo=True, more={})

    def _report(self) -> None:
        mark, photos = f"mark-{uuid4().hex}", self._pictures(self._random.choice((0, 0, 1, 1, 2)))
        category = self._random.choice(list(CLASSES))
        longitude, latitude = self.person.place
        report_id = self.phone.report(
            category=category,
            condition=1,
            longitude=longitude + self._random.uniform(-0.0005, 0.0005),
            latitude=latitude + self._random.uniform(-0.0005, 0.0005),
            description=mark,
            photos=photos,
        )
        made = Made(report_id, self.person.username, report_id, mark, _sha256s(photos), category=category)
        self.journal.write(made)

    def _step(
        self,
        ticket_id: UUID,
        action: str,
        *,
        has_photo: bool,
        more: dict[str, str | int],
        version: int | None = None,
    ) -> None:
        mark, photos = f"mark-{uuid4().hex}", self._pictures(1 if has_photo else 0)
        with suppress(VersionUnknown):  # it has left the phone a moment ago
            step_id = self.phone.step(ticket_id, action, note=mark, photos=photos, version=version, **more)
            made = Made(step_id, self.person.username, ticket_id, mark, _sha256s(photos), action=action)
            self.journal.write(made)

    def _accept_by_radio(self) -> None:
        """Accept what somebody has called about, whose report may still be on her phone: the step has to wait."""
        mine = self.person.username.removeprefix("member-")
        calls = [
            made
            for made in self.journal.reports()[-100:]
            if CLASSES[made.category or ""] == mine and not made.sha256s
        ]
        if calls:
            call = self._random.choice(calls)
            # A report without photos is reported, filed and dispatched in one go: version 3.
            self._step(call.ticket_id, "accept", has_photo=False, more={}, version=3)

    def _pictures(self, count: int) -> list[bytes]:
        return [picture(self._random) for _ in range(count)]


def _sha256s(photos: list[bytes]) -> frozenset[str]:
    return frozenset(hashlib.sha256(photo).hexdigest() for photo in photos)
