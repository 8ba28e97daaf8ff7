"""The storm from its beginning to the report: build the city, let the crew work, kill, calm down, look."""

import asyncio
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from api import clock
from api.adapters.files import open_store
from api.db import Database
from api.queries.reference import load_reference
from gridphone import OutboxItem
from tests.chaos import check
from tests.chaos.aftermath import let_worker_finish, weeks_pass
from tests.chaos.beats import Beat, Post
from tests.chaos.check_patrol import check_check_ins, check_measures, check_shifts, check_tracks
from tests.chaos.check_tasks import check_tasks
from tests.chaos.crew import Hand, Person, people
from tests.chaos.findings import Fault, Findings
from tests.chaos.journal import Journal
from tests.chaos.kills import City, CityDown, city
from tests.chaos.ledger import Ledger
from tests.chaos.office import Office
from tests.chaos.patrol_truth import read_patrol
from tests.chaos.posts import make_posts, set_policies
from tests.chaos.proxy import CALM, STORM, Proxy, proxied
from tests.chaos.report import Report
from tests.chaos.truth import read_truth

STANDSTILL_S = 60
"""How long the phones may hold what they hold in calm weather without anything getting through."""

ADMINISTERED_S = (1.0, 5.0)
"""Between two acts of the administrator."""

WEEKS_PASS = 0.3
"""How often an act of the administrator is instead that it is time to look back at old repairs."""

STEPS_MIN = 10
"""A storm is not over before phones were told of so many steps: on a slow machine it takes a while."""

AT_ONCE = 8

Result = TypeVar("Result")


async def run_storm(home: Path, storm_s: float, seed: int) -> Report:
    """Run all of it in this folder; the report says what was found. How far it is goes to standard error."""
    began = time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {what}", file=sys.stderr, flush=True)  # noqa: T201  it takes minutes

    report, journal = Report(seed), Journal()
    async with city(home, seed) as here, proxied(here.addresses, CALM, seed) as (proxy, address):
        tell("the city runs")
        posts = await _prepare(here, seed)
        hands = [
            Hand(person, home / "phones", address, journal, seed, _beat(person, posts, here, seed))
            for person in people()
        ]
        report.phones = len(hands)
        try:
            await _each(hands, Hand.sign_in)
            await _each([hand for hand in hands if hand.person.role == "dispatcher"], Hand.take_calls)
            tell("everybody is signed in: the storm begins")
            report.storm_s = await _rage(here, proxy, hands, journal, storm_s, report)
            tell("calm")
            report.settled_s = await _settle(here, proxy, hands)
            tell("nothing is held any more")
            report.findings.expect(
                await let_worker_finish(here.settings), Fault.STUCK, "the worker has not ended its work"
            )
            await _catch_up(hands, report.findings)
            tell("everybody has heard of everything")
            report.checked_s = await _look(here, hands, journal, report, seed)
        except CityDown as down:
            report.findings.add(Fault.BROKEN, str(down))
        finally:
            for hand in hands:
                hand.phone.close()
        _count(report, here, proxy, journal)
    report.all_in_all_s = time.monotonic() - began
    return report


async def _prepare(here: City, seed: int) -> list[Post]:
    """Let the office make its policies and checkpoints, while nothing is at stake."""
    places = [person.place for person in people() if person.role == "officer"]
    async with Office(here.addresses, seed).signed_in("admin") as admin:
        await set_policies(admin)
        return await make_posts(admin, places[::9], clock.now(), here.settings.zone)


def _beat(person: Person, posts: Sequence[Post], here: City, seed: int) -> Beat | None:
    if person.role != "officer":
        return None
    draw = random.Random(f"{seed} {person.device_id} on patrol")
    return Beat(person.username, person.place, posts, draw, here.settings.zone)


async def _rage(
    here: City, proxy: Proxy, hands: Sequence[Hand], journal: Journal, storm_s: float, report: Report
) -> float:
    """Let everything happen at once."""
    began = time.monotonic()
    proxy.weather = STORM

    async def work(hand: Hand) -> None:
        try:
            await hand.work()
        except Exception:  # noqa: BLE001  a phone that crashes is a finding, and the others go on
            why = f"the phone {hand.person.device_id} crashed: {traceback.format_exc()}"
            report.findings.add(Fault.BROKEN, why)

    working = [asyncio.create_task(work(hand)) for hand in hands]
    administering = asyncio.create_task(_administer(here, hands, random.Random(report.seed)))
    try:
        await here.rage(began + storm_s, lambda: journal.told_steps() >= STEPS_MIN)
    finally:
        proxy.weather = CALM
        # Rounds that are under way end here, as when an app is killed.
        for task in (administering, *working):
            task.cancel()
        results = await asyncio.gather(administering, *working, return_exceptions=True)
        if isinstance(results[0], Exception):
            report.findings.add(Fault.BROKEN, f"the administrator was refused: {results[0]!r}")
    return time.monotonic() - began


async def _administer(here: City, hands: Sequence[Hand], draw: random.Random) -> None:
    """Sign a phone out now and then, as if it was lost, and hand an officer another grid."""
    office = Office(here.addresses, draw.randrange(1 << 30))
    grids = sorted({hand.person.grid for hand in hands if hand.person.grid})
    while True:
        await asyncio.sleep(draw.uniform(*ADMINISTERED_S))
        hand, grid, today = draw.choice(hands), draw.choice(grids), here.settings.today(clock.now())
        if draw.random() < WEEKS_PASS:
            await weeks_pass(here.settings)
            hand.journal.operations["weeks_pass"] += 1
        elif hand.person.grid and draw.random() < 0.5:
            await office.move(hand.person.username, grid, today)
            hand.journal.operations["grid_handed_over"] += 1
        else:
            await office.sign_out(hand.person.username, hand.person.device_id)
            hand.journal.operations["phone_signed_out"] += 1


async def _settle(here: City, proxy: Proxy, hands: Sequence[Hand]) -> float:
    """Exchange in calm weather until no phone holds anything."""
    began = time.monotonic()
    await here.ready()
    await proxy.quiet()
    held, moved_at = -1, began
    while holding := [hand for hand in hands if hand.held()]:
        count = sum(hand.held() for hand in holding)
        if count != held:
            held, moved_at = count, time.monotonic()
        elif time.monotonic() - moved_at > STANDSTILL_S:
            break  # what is still held is found by the check
        await _each(holding, Hand.exchange)
        await asyncio.sleep(0.2)
    return time.monotonic() - began


async def _catch_up(hands: Sequence[Hand], findings: Findings) -> None:
    """Let every phone hear what is new, until there can be nothing more."""
    for _ in range(2):  # the last round of one is news for another
        await asyncio.sleep(0.5)
        whole = await _each(hands, _caught_up)
        findings.expect(all(whole), Fault.STUCK, f"{whole.count(False)} phones could not exchange in peace")


async def _caught_up(hand: Hand) -> bool:
    """Exchange; a phone whose sign-in had ended does so once more."""
    return await hand.exchange() or await hand.exchange()


async def _each(hands: Sequence[Hand], do: Callable[[Hand], Awaitable[Result]]) -> list[Result]:
    few = asyncio.Semaphore(AT_ONCE)

    async def alone(hand: Hand) -> Result:
        async with few:
            return await do(hand)

    return await asyncio.gather(*map(alone, hands))


async def _look(here: City, hands: Sequence[Hand], journal: Journal, report: Report, seed: int) -> float:
    began = time.monotonic()
    findings = report.findings
    await check.check_mirrors(findings, hands, Office(here.addresses, seed))
    database = Database(here.settings.required_database_url, pool_size=2)
    files = open_store(here.settings.files_location)
    try:
        truth = await read_truth(database, files)
        items = {item.id: item for hand in hands for item in hand.phone.items()}
        check.check_phones(findings, journal, items)
        check.check_stored(findings, journal, items, truth)
        check.check_histories(findings, truth)
        report.swept = await check.check_files(findings, truth, database, files)
        report.city = await _look_at_patrols(
            findings, here, database, journal.ledger, items, Office(here.addresses, seed)
        )
    finally:
        await database.close()
    await check.check_ledger(findings, here.settings)
    report.stored = Counter(item.kind for item in items.values() if item.state == "stored")
    report.refused = Counter(
        (item.problem or {}).get("code", "?") for item in items.values() if item.state == "refused"
    )
    return time.monotonic() - began


async def _look_at_patrols(
    findings: Findings,
    here: City,
    database: Database,
    ledger: Ledger,
    items: Mapping[UUID, OutboxItem],
    office: Office,
) -> dict[str, int]:
    truth, zone = await read_patrol(database), here.settings.zone
    check_shifts(findings, ledger, items, truth, clock.now())
    check_tracks(findings, ledger, items, truth)
    check_check_ins(findings, ledger, items, truth)
    check_tasks(findings, ledger, items, truth)
    async with database.snapshot() as session:
        reference = await load_reference(session, zone)
    today = here.settings.today(clock.now())
    days = {"from_on": (today - timedelta(days=2)).isoformat(), "to_on": today.isoformat()}
    shown = {one["id"]: one for one in await office.read("supervisor", "/v1/shifts")}
    covered = {one["code"]: one for one in await office.read("supervisor", "/v1/patrols/coverage", **days)}
    check_measures(findings, ledger, truth, reference, zone, shown, covered)
    return truth.counts()


def _count(report: Report, here: City, proxy: Proxy, journal: Journal) -> None:
    report.operations = dict(sorted((journal.operations + journal.ledger.operations).items()))
    report.kills = dict(here.kills)
    report.ended_by_themselves = here.ended_by_themselves
    report.network = dict(proxy.counts)
    report.answers = dict(sorted(proxy.answers.items()))
    faults = proxy.answers["500"]
    report.findings.expect(
        not faults, Fault.BROKEN, f"the API answered {faults} times with 500; its logs say why"
    )
    for name, times in here.ended_by_themselves.items():
        if name.startswith("api"):
            report.findings.add(Fault.BROKEN, f"{name} ended by itself {times} times; its log says why")
