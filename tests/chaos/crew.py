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
from gridphone import Cut, MirrorTicket, OutboxItem, Phone, VersionUnknown
from tests.chaos.acts import ANSWERING, CLASSES, answer_to, choose, picture
from tests.chaos.beats import Beat
from tests.chaos.journal import Journal, Made
from tests.chaos.ledger import GivenUp
from tests.chaos.street import DESK, MEMBERS, OFFICERS

THINK_S = (0.3, 2.0)
BURSTS = (1, 1, 1, 2, 2, 6)
"""How much somebody does before the phone tries for a network again."""

HELD_MAX = 10
"""Who holds so much waits for the network first: a slow machine gets less to do."""

TIMEOUT_S = 30.0
"""The proxy hangs up where an answer is lost; silence only means that the machine has other things to do."""

ON_PATROL, ON_TASKS = 0.35, 0.5
"""How much of an officer's work is walking, and how much of the rest is what she is asked to do."""

REFUSED, HANDED_OVER = 0.15, 0.15
"""How often a task is given up in one of these ways."""

WITH_TWO_PHONES = 3
CALLS = 40
"""In the morning, so that there are tasks before the first repair is reported."""

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
    """Yield the crew: officers (the first ones with two phones), units, and the desk."""
    street = read_street()
    middle = {grid.code: grid.shape.point_on_surface() for grid in street.grids}
    for entry in street.people:
        if entry.username in OFFICERS:
            spot = middle[entry.grids[0]]
            for number in range(2 if entry.username in OFFICERS[:WITH_TWO_PHONES] else 1):
                device_id = f"{entry.username}-{number}"
                yield Person(entry.username, "officer", device_id, entry.grids[0], (spot.x, spot.y))
        elif entry.username in MEMBERS:
            yield Person(entry.username, "member", entry.username)
        elif entry.username in DESK:
            spot = middle[street.grids[-1].code]  # where the calls that she takes come from
            yield Person(entry.username, Role(entry.role).value, entry.username, place=(spot.x, spot.y))


class Hand:
    """One person with one phone, at work."""

    def __init__(
        self,
        person: Person,
        folder: Path,
        address: str,
        journal: Journal,
        seed: int,
        beat: Beat | None = None,
    ) -> None:
        self.person = person
        self._beat = beat
        self.journal = journal
        self._folder, self._address = folder / person.device_id, address
        self._random = random.Random(f"{seed} {person.device_id}")
        self.phone = self._open()

    def _open(self) -> Phone:
        return Phone(self._folder, self._address, self.person.device_id, timeout_s=TIMEOUT_S)

    async def work(self) -> NoReturn:
        """Work until cancelled."""
        while True:
            if self.held() < HELD_MAX:
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

    async def take_calls(self) -> None:
        """Write down what people call about in the morning, and ask officers to go and look."""
        for _ in range(CALLS):
            self._step(self._report(), "ask_verification", has_photo=False, more={})
        await self.exchange()

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
        """Return what has not been answered for good."""
        return [item for item in self.phone.items() if item.state not in {"stored", "refused"}]

    def held(self) -> int:
        """Count what the phone still holds; its points are one thing."""
        return len(self.unsettled()) + bool(self.phone.patrol.points_held())

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
        if self._beat is not None and self._random.random() < ON_PATROL:
            self._beat.act(self.phone, self.journal.ledger)
            return
        if self.person.role == "officer" and self._random.random() < ON_TASKS and self._work_off():
            return
        if self.person.role == "supervisor" and self._random.random() < ON_TASKS and self._name_somebody():
            return
        chosen = choose(self.person.role, self.phone.tickets(), self._random)
        if self.person.role == "officer" and (chosen is None or self._random.random() < 0.6):
            self._report()
        elif self.person.role == "dispatcher" and self._random.random() < 0.3:
            self._report()  # a call from the street, which somebody has to look at
        elif self.person.role == "member" and self._random.random() < 0.1:
            self._accept_by_radio()
        elif chosen is not None:
            ticket, wish = chosen
            more = wish.more(ticket, self._random) if wish.more else {}
            self._note_answer(ticket, self._step(ticket.id, wish.action, has_photo=wish.has_photo, more=more))
            if wish.action == "accept" and self._random.random() < 0.5:
                self._step(ticket.id, "rectify", has_photo=True, more={})

    def _report(self) -> UUID:
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
        return report_id

    def _step(
        self,
        ticket_id: UUID,
        action: str,
        *,
        has_photo: bool,
        more: dict[str, str | int],
        version: int | None = None,
    ) -> UUID | None:
        mark, photos = f"mark-{uuid4().hex}", self._pictures(1 if has_photo else 0)
        with suppress(VersionUnknown):  # it has left the phone a moment ago
            step_id = self.phone.step(ticket_id, action, note=mark, photos=photos, version=version, **more)
            made = Made(step_id, self.person.username, ticket_id, mark, _sha256s(photos), action=action)
            self.journal.write(made)
            return step_id
        return None

    def _work_off(self) -> bool:
        """Do what the person is asked to, or give it up; tell whether there was anything."""
        tickets = self.phone.tasks.open()
        if not tickets:
            return False
        ticket, chance = self._random.choice(tickets), self._random.random()
        task_id = UUID(ticket.body["task"]["id"])
        if chance < REFUSED:
            mark = f"mark-{uuid4().hex}"
            self._note_given_up(self.phone.tasks.refuse(task_id, mark), task_id, "refuse", mark)
        elif chance < REFUSED + HANDED_OVER:
            self._hand_over(task_id)
        else:
            wish = answer_to(ticket, self._random)
            if wish is None:
                return False
            more = wish.more(ticket, self._random) if wish.more else {}
            self._note_answer(ticket, self._step(ticket.id, wish.action, has_photo=wish.has_photo, more=more))
        return True

    def _note_answer(self, ticket: MirrorTicket, step_id: UUID | None) -> None:
        """Write down which task of hers a step is meant to answer."""
        task = ticket.body["task"]
        if step_id is None or task is None or not task["yours"]:
            return
        if self.journal.made[step_id].action in ANSWERING:
            self.journal.ledger.answers[step_id] = UUID(task["id"])

    def _name_somebody(self) -> bool:
        """Give a task that nobody has, or now and then any, to some officer."""
        tasks = [ticket.body["task"] for ticket in self.phone.tickets() if ticket.body["task"] is not None]
        waiting = [task for task in tasks if task["assignee_id"] is None]
        if not tasks or (not waiting and self._random.random() < 0.5):
            return False
        self._hand_over(UUID(self._random.choice(waiting or tasks)["id"]))
        return True

    def _hand_over(self, task_id: UUID) -> None:
        mark, officer = f"mark-{uuid4().hex}", self._random.choice(OFFICERS)
        item_id = self.phone.tasks.hand_over(task_id, officer, mark)
        self._note_given_up(item_id, task_id, "hand-over", mark, officer)

    def _note_given_up(
        self, item_id: UUID, task_id: UUID, action: str, mark: str, officer: str | None = None
    ) -> None:
        given_up = GivenUp(self.person.username, task_id, action, mark, officer)
        self.journal.ledger.given_up[item_id] = given_up
        self.journal.operations["task_" + action] += 1

    def _accept_by_radio(self) -> None:
        """Accept what somebody has called about, whose report may still be on her phone: the step has to wait."""
        mine = self.person.username.removeprefix("member-")
        calls = [
            made
            for made in self.journal.reports()[-100:]
            if CLASSES[made.category or ""] == mine and not made.sha256s and made.username in OFFICERS
        ]
        if calls:
            call = self._random.choice(calls)
            # A report without photos is reported, filed and dispatched in one go: version 3.
            self._step(call.ticket_id, "accept", has_photo=False, more={}, version=3)

    def _pictures(self, count: int) -> list[bytes]:
        return [picture(self._random) for _ in range(count)]


def _sha256s(photos: list[bytes]) -> frozenset[str]:
    return frozenset(hashlib.sha256(photo).hexdigest() for photo in photos)
