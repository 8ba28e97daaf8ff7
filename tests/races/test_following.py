"""Whatever people do and in whatever order it commits: who follows the feed holds what a fresh list shows.

And nobody is ever told of a ticket that the policy does not let her see. Random writers, some of whom keep their
transactions open while others go on; random changes of who may see what; readers who read now and then.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlmodel import col

from api.domain.errors import Refusal
from api.domain.lifecycle import Action
from api.models import Ticket
from api.queries.access import visible_tickets
from api.queries.people import find_viewer
from api.services.taking import StepRequest
from api.services.tickets import take_step
from api.settings import Settings
from tests.conftest import Server, opened_house
from tests.following import Follower, fresh, lasting, settled
from tests.http.side_ways import COVER, WASTE
from tests.http.test_people import editable
from tests.http.walking import photo, report, step
from tests.sweeping import escalated, rules_of
from tests.viewers import viewer_of

Result = TypeVar("Result")

READERS = ("officer01", "officer02", "member-sanitation", "lead-cityscape", "member-water", "dispatcher")
"""By grid, by unit, by escalation from the unit below, by a call for help, and by everything."""

MOVED = ("officer01", "officer02", "member-sanitation", "member-water")
GRIDS = ("990101001001", "990101001001004", "990101001002", "990101001")
UNITS = ("sanitation", "water", "cityscape", "market")
REPORTS: tuple[dict[str, Any], ...] = (
    {},
    WASTE,
    COVER,
    {"place": {"longitude": 116.40391, "latitude": 39.91202, "crs": "wgs84", "accuracy_m": 5}},
)
ACTIONS = ("accept", "urge", "return", "dispatch", "ask_help", "excuse_help", "merge", "rectify")
MOST_HELD_OPEN = 3

EXAMPLES = int(os.environ.get("GRIDPATROL_FEED_EXAMPLES", "4"))
"""Streets that are lived through; with a number of your own they are others each time."""

IS_EXPLORING = "GRIDPATROL_FEED_EXAMPLES" in os.environ
STEPS = 5

DEEDS = {
    "file": 3,
    "take": 4,
    "send_elsewhere": 2,
    "write_and_wait": 3,
    "commit": 3,
    "hand_grids_over": 2,
    "move": 1,
    "rename": 1,
    "pass_time": 1,
    "restart": 1,
    "read": 8,
    "compare": 1,
}
"""How often each thing happens, beside the others. One rule for all: of many, most would be left out of most lives."""

deed = st.sampled_from([name for name, weight in DEEDS.items() for _ in range(weight)])
which = st.integers(0, 99)


class Street(RuleBasedStateMachine):
    """A street in which everybody does something, followed by some."""

    server: Server
    demo_street: str
    home: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.open = AsyncExitStack()
        self.name = self.server.create(self.demo_street)
        self.settings = Settings(demo=True, database_url=self.server.url_of(self.name), home=self.home)
        self.house = self.run(self.open.enter_async_context(opened_house(self.settings)))
        self.followers = {name: Follower(self.house, name, limit=3) for name in READERS}
        self.sign_ins: dict[str, UUID] = {}
        self.run(self._sign_in())
        self.ever_seen: dict[str, set[str]] = {name: set() for name in READERS}
        self.tickets: list[str] = []
        self.deeds: dict[str, Callable[[int, int, int], None]] = {name: getattr(self, name) for name in DEEDS}
        self.kept_open: dict[str, tuple[asyncio.Event, asyncio.Task[None]]] = {}

    def run(self, doing: Awaitable[Result]) -> Result:
        """Do something in the machine's loop, and note who sees what afterwards."""

        async def done() -> Result:
            return await doing

        return self.runner.run(done())

    def teardown(self) -> None:
        """Let everybody finish, compare once more, and clear up."""
        try:
            self.run(self._commit_all())
            self.run(self._all_hold_what_a_fresh_list_shows())
        finally:
            self.run(self.open.aclose())
            self.runner.close()
            self.server.drop(self.name)

    @rule(deeds=st.lists(st.tuples(deed, which, which, which), min_size=8, max_size=8))
    def live(self, deeds: list[tuple[str, int, int, int]]) -> None:
        """Let some things happen."""
        for name, one, other, third in deeds:
            happens = self.deeds[name]
            happens(one, other, third)

    # What people do.

    @initialize(number=st.integers(1, 4))
    def begin(self, number: int) -> None:
        """Let there be some tickets before anybody begins to read."""
        for index in range(number):
            self.file(index, 0, 0)

    def file(self, kind: int, reporter: int, _: int) -> None:
        """Report something."""
        body = REPORTS[kind % len(REPORTS)]
        ticket = self.run(report(self.house, ("officer01", "officer02")[reporter % 2], **body))
        self.tickets.append(ticket["id"])
        self.run(self._note_who_sees())

    def take(self, ticket: int, action: int, unit: int) -> None:
        """Take a step if it may be taken."""
        ticket_id = self._free(ticket)
        if ticket_id is not None:
            action_name, master = ACTIONS[action % len(ACTIONS)], self._free(ticket + 1)
            self.run(self._take(ticket_id, action_name, UNITS[unit % len(UNITS)], master))
            self.run(self._note_who_sees())

    def send_elsewhere(self, ticket: int, unit: int, _: int) -> None:
        """Let a unit return a ticket and a dispatcher send it to another."""
        ticket_id = self._free(ticket)
        if ticket_id is not None:
            self.run(self._take(ticket_id, "return", "", None))
            self.run(self._take(ticket_id, "dispatch", UNITS[unit % len(UNITS)], None))
            self.run(self._note_who_sees())

    def write_and_wait(self, ticket: int, *_: int) -> None:
        """Take a step in a transaction that stays open."""
        ticket_id = self._free(ticket)
        if ticket_id is not None and len(self.kept_open) < MOST_HELD_OPEN:
            self.run(self._write_and_wait(ticket_id))

    def commit(self, which: int, *_: int) -> None:
        """Commit one of the open transactions, not the oldest first."""
        if self.kept_open:
            self.run(self._commit(sorted(self.kept_open)[which % len(self.kept_open)]))
            self.run(self._note_who_sees())

    def hand_grids_over(self, person: int, grids: int, _: int) -> None:
        """Give an officer other grids: those whose bits are set."""
        duties = [
            {"code": code, "from_on": "2026-11-01", "to_on": None, "is_phone_public": True}
            for bit, code in enumerate(GRIDS)
            if grids >> bit & 1
        ]
        self.run(self._edit(MOVED[person % 2], grids=duties))

    def move(self, person: int, unit: int, _: int) -> None:
        """Move somebody to another unit."""
        self.run(self._edit(MOVED[2 + person % 2], unit=UNITS[unit % len(UNITS)]))

    def rename(self, person: int, name: int, _: int) -> None:
        """Give somebody another name."""
        self.run(self._edit(MOVED[person % len(MOVED)], name=f"新名{name}"))

    def pass_time(self, hours: int, *_: int) -> None:
        """Let time pass and what is overdue escalate."""
        if not self.kept_open:  # the sweep would wait for their tickets
            self.house.clock.turn(hours=1 + hours % 30)
            self.run(escalated(self.house))
            self.run(self._note_who_sees())

    def restart(self, *_: int) -> None:
        """End the API's process and start another."""
        if not self.kept_open:
            self.run(self._restart())

    # What readers do.

    def read(self, reader: int, pages: int, _: int) -> None:
        """Read some pages."""
        self.run(self._read(READERS[reader % len(READERS)], 1 + pages % 4))

    def compare(self, *_: int) -> None:
        """Let everything commit; now all readers have to hold what there is."""
        self.run(self._commit_all())
        self.run(self._all_hold_what_a_fresh_list_shows())

    # How.

    def _free(self, which: int) -> str | None:
        """Return a ticket that no open transaction has locked."""
        free = [one for one in self.tickets if one not in self.kept_open]
        return free[which % len(free)] if free else None

    async def _take(self, ticket_id: str, action: str, unit: str, other: str | None) -> None:
        supervisor = await self.house.caller("supervisor")
        ticket = (await supervisor.get(f"/v1/tickets/{ticket_id}")).json()
        code = ticket["unit"]["code"] if ticket["unit"] else "sanitation"
        calls = [one["unit"]["code"] for one in ticket["requests"] if one["kind"] == "help"]
        what: dict[str, Any] = {"note": "说明", "reason": "原因"}
        by = {"urge": "supervisor", "dispatch": "dispatcher", "merge": "dispatcher"}.get(
            action, f"lead-{code}"
        )
        if action in {"dispatch", "ask_help"}:
            what["unit"] = unit
        if action == "excuse_help":
            what["unit"] = calls[0] if calls else unit
        if action == "merge":
            what["master"] = other
        if action in {"return", "rectify"}:
            purpose = "evidence" if action == "return" else "after"
            what["photos"] = [await photo(self.house, by, purpose)]
        answer = await step(self.house, by, ticket, action, **what)
        assert answer.status_code in {200, 403, 404, 409, 422}, answer.text

    async def _write_and_wait(self, ticket_id: str) -> None:
        reference, viewer = await rules_of(self.house.database), await viewer_of(self.house, "supervisor")
        request = StepRequest(Action.URGE, None, note="请加快", reason="请加快")
        written, committed = asyncio.Event(), asyncio.Event()

        async def write() -> None:
            try:
                async with self.house.database.write() as session:
                    now = self.house.clock.now
                    await take_step(session, reference, viewer, UUID(ticket_id), request, now)
                    written.set()
                    await committed.wait()
            except Refusal:
                written.set()  # a ticket that has ended takes no such step

        task = asyncio.create_task(write())
        await written.wait()
        self.kept_open[ticket_id] = (committed, task)

    async def _commit(self, ticket_id: str) -> None:
        committed, task = self.kept_open.pop(ticket_id)
        committed.set()
        await task

    async def _commit_all(self) -> None:
        for ticket_id in list(self.kept_open):
            await self._commit(ticket_id)
        await self._note_who_sees()

    async def _edit(self, username: str, **changes: Any) -> None:  # noqa: ANN401  any member of a person
        path = f"/v1/people/{username}"
        body = await editable(self.house, path, **changes)
        answer = await (await self.house.caller("admin")).put(path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        await self._note_who_sees()

    async def _restart(self) -> None:
        now = self.house.clock.now
        await self.open.aclose()
        self.house = await self.open.enter_async_context(opened_house(self.settings))
        self.house.clock.now = now
        await self._sign_in()
        for follower in self.followers.values():
            follower.house = self.house

    async def _read(self, username: str, pages: int) -> None:
        follower = self.followers[username]
        held_before = set(follower.held)
        for _ in range(pages):
            is_all = await follower.read()
            allowed = await self._visible_to(username)
            for ticket_id, version in follower.news():
                if version is None:
                    assert ticket_id in held_before | self.ever_seen[username], "told of what was never hers"
                else:
                    assert ticket_id in allowed, "told of what she may not see"
            if is_all:
                return

    async def _all_hold_what_a_fresh_list_shows(self) -> None:
        await settled(self.house.database)
        for username, follower in self.followers.items():
            await self._read(username, 10_000)
            there = await fresh(self.house, username)
            assert there.keys() == await self._visible_to(username)
            assert {one: lasting(held) for one, held in follower.held.items()} == {
                one: lasting(shown) for one, shown in there.items()
            }

    async def _visible_to(self, username: str) -> set[str]:
        async with self.house.database.read() as session:
            found = await find_viewer(
                session, self.sign_ins[username], self.settings.today(self.house.clock.now)
            )
            assert found is not None
            ids = await session.execute(select(col(Ticket.id)).where(visible_tickets(found.viewer)))
            return set(map(str, ids.scalars()))

    async def _note_who_sees(self) -> None:
        for username, seen in self.ever_seen.items():
            seen.update(await self._visible_to(username))

    async def _sign_in(self) -> None:
        """Sign the readers in; their answers are held against the description by other tests."""
        for username in READERS:
            caller = await self.house.caller(username)
            caller.event_hooks = {}
            token = caller.headers["Authorization"].removeprefix("Bearer ")
            self.sign_ins[username] = self.house.wiring.tokens.read(token, self.house.clock.now)


def test_who_follows_holds_what_a_fresh_list_shows(server: Server, demo_street: str, tmp_path: Path) -> None:
    class OnThisServer(Street):
        pass

    OnThisServer.server, OnThisServer.demo_street, OnThisServer.home = server, demo_street, tmp_path
    run_state_machine_as_test(
        OnThisServer,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not IS_EXPLORING,
            # Shrinking a street takes minutes: for whoever explores, not for every run.
            phases=(Phase.generate, Phase.shrink) if IS_EXPLORING else (Phase.generate,),
            deadline=None,
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        ),
    )
