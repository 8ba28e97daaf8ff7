"""How often the database is asked: budgets that no list outgrows with its rows."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from api.services.sync import IN_ONE_TRANSACTION
from tests.conftest import House
from tests.http.syncing import a_report, item, statuses, synced
from tests.http.walking import CHECKER, FINDER, UNIT, accepted, photo, rectified, report, stall, step

FILING = 8
"""Statements that turn a report into a dispatched ticket; the target of the project, photos included."""

PAGE = 2
"""Who asks, and the page."""

TICKET = 6
"""Who asks, the ticket, its clocks, its photos, what was asked for on it, which photos are still to come."""

BATCH = 5
"""Who asks, the device, and for the answer the tickets, the reports and the photos."""

RUN = 7
"""The names, what was filed before, tickets, events, clocks, duplicates, reports: for up to fifty reports."""

BEGUN = 2
"""The names, what was filed before: then something is refused."""

RUN_WITH_PHOTOS = RUN + 8
"""Photos tied, their names, tied again, any somebody else's; announcements: names, photos, announced, written."""

HISTORY = 3
"""Who asks, the ticket, its events."""


@contextmanager
def counted(house: House) -> Generator[list[str]]:
    """Note the statements that the application sends; BEGIN and COMMIT are not among them."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401  SQLAlchemy's signature
        sent.append(statement)

    engine = house.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def told(statements: list[str]) -> str:
    """Return statements for a person who has to find the one too many."""
    return "\n".join(f"{number}. {' '.join(one.split())[:150]}" for number, one in enumerate(statements, 1))


@pytest.fixture
async def warm(house: House) -> House:
    """Return a house that has loaded its reference data, as a process has after its first request."""
    for username in (FINDER, CHECKER, f"member-{UNIT}", "dispatcher", "supervisor"):
        await (await house.caller(username)).get("/v1/lifecycle")
    return house


@pytest.mark.parametrize("photos", [0, 1, 5])
async def test_filing_a_report_keeps_its_budget(warm: House, photos: int) -> None:
    stored = [await photo(warm, FINDER, "before") for _ in range(photos)]
    await report(warm)  # so that there is a duplicate to be found
    officer = await warm.caller(FINDER)
    with counted(warm) as sent:
        answer = await officer.put(f"/v1/reports/{uuid4()}", json=stall(warm, photos=stored))
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["duplicates"]) == 1
    assert len(sent) <= FILING, told(sent)


async def test_a_report_that_is_sent_again_costs_no_more_than_the_first_time(warm: House) -> None:
    officer, path, body = await warm.caller(FINDER), f"/v1/reports/{uuid4()}", stall(warm)
    await officer.put(path, json=body)
    with counted(warm) as sent:
        answer = await officer.put(path, json=body)
    assert answer.status_code == 200
    assert len(sent) <= FILING, told(sent)


@pytest.mark.parametrize(
    ("username", "path"),
    [
        (f"member-{UNIT}", "/v1/queue"),
        (FINDER, "/v1/queue"),
        ("dispatcher", "/v1/queue"),
        ("supervisor", "/v1/queue"),
        ("supervisor", "/v1/overdue"),
        ("supervisor", "/v1/overdue/summary?by=unit"),
        ("supervisor", "/v1/tickets/counts?by=state"),
        (f"lead-{UNIT}", "/v1/notices"),
        (FINDER, "/v1/notices"),
        ("supervisor", "/v1/tickets?order=-filed_at&near=116.404,39.915,500&q=水果&reporter=officer01"),
    ],
)
async def test_a_page_is_who_asks_and_one_statement(warm: House, username: str, path: str) -> None:
    await rectified(warm)
    await report(warm)
    warm.clock.turn(days=30)
    caller = await warm.caller(username)
    with counted(warm) as sent:
        answer = await caller.get(path)
    assert answer.status_code == 200, answer.text
    assert len(sent) <= PAGE, told(sent)


async def test_a_page_of_two_hundred_asks_as_often_as_a_page_of_one(warm: House) -> None:
    officer, supervisor = await warm.caller(FINDER), await warm.caller("supervisor")
    for number in range(200):
        place = {"longitude": 116.40 + number / 100_000, "latitude": 39.91, "crs": "wgs84"}
        await officer.put(f"/v1/reports/{uuid4()}", json=stall(warm, place=place))
    warm.clock.turn(days=30)
    for path in ("/v1/tickets", "/v1/overdue", "/v1/queue"):
        with counted(warm) as for_one:
            one = await supervisor.get(path, params={"limit": 1})
        with counted(warm) as for_all:
            all_of_them = await supervisor.get(path, params={"limit": 200})
        assert (len(one.json()["items"]), len(all_of_them.json()["items"])) == (1, 200)
        assert len(for_one) == len(for_all) == PAGE, told(for_all)


async def test_a_ticket_is_six_questions_however_many_clocks_and_photos_it_has(warm: House) -> None:
    ticket = await rectified(warm, photos=[await photo(warm, FINDER, "before") for _ in range(3)])
    unit = await warm.caller(f"member-{UNIT}")
    for path in (f"/v1/tickets/{ticket['id']}", f"/v1/tickets/by-number/{ticket['number']}"):
        with counted(warm) as sent:
            await unit.get(path)
        assert len(sent) == TICKET, told(sent)
    for query, extra in (("", 0), ("?verify=true", 1)):
        with counted(warm) as sent:
            await unit.get(f"/v1/tickets/{ticket['id']}/history{query}")
        assert len(sent) == HISTORY + extra, told(sent)


async def test_a_step_is_who_asks_the_locked_ticket_what_it_changes_and_the_answer(warm: House) -> None:
    ticket = await report(warm)
    with counted(warm) as sent:
        answer = await step(warm, f"member-{UNIT}", ticket, "accept")
    assert answer.status_code == 200
    # The viewer; ticket and clocks, locked; ticket, clock and event written; then ticket, clocks, photos,
    # requests and photos to come shown.
    assert len(sent) == 1 + 2 + 3 + 5, told(sent)


@pytest.mark.parametrize(
    ("path", "budget"),
    [
        # Who asks, the page, who is paired, how much is open.
        ("/v1/places", 4),
        # Who asks, the place, its pairings, its agreements, how much is open.
        ("/v1/places/compound-heping", 5),
        # Who asks, how many people are there: the snapshot has the areas.
        ("/v1/areas", 2),
        # Who asks, the area, its people twice, how many of them are there.
        ("/v1/areas/station-forecourt", 5),
        ("/v1/place-types", 1),
    ],
)
async def test_places_and_areas_keep_their_budget(warm: House, path: str, budget: int) -> None:
    caller = await warm.caller("dispatcher")
    with counted(warm) as sent:
        answer = await caller.get(path, params={"limit": 200} if path in {"/v1/places", "/v1/areas"} else {})
    assert answer.status_code == 200, answer.text
    assert len(sent) <= budget, told(sent)


def a_batch(house: House, reports: int, photos: int) -> list[dict[str, Any]]:
    """Return reports, each with photos to come, and what announces these photos."""
    items: list[dict[str, Any]] = []
    for _ in range(reports):
        awaited = [str(uuid4()) for _ in range(photos)]
        items.append(a_report(house, photos=awaited))
        body = {"purpose": "before", "sha256": "0" * 64, "size_bytes": 7}
        items += [item(house, "photo", body, id=photo_id) for photo_id in awaited]
    return items


@pytest.mark.parametrize("photos", [0, 1, 3])
async def test_a_run_of_a_batch_asks_as_often_whether_it_has_one_report_or_many(
    warm: House, photos: int
) -> None:
    await report(warm)
    asked: list[int] = []
    for reports in (2, 12):
        items = a_batch(warm, reports, photos)
        assert len(items) <= IN_ONE_TRANSACTION
        with counted(warm) as sent:
            results = await synced(warm, items)
        assert set(statuses(results)) == {201}
        asked.append(len(sent))
        assert len(sent) <= BATCH + (RUN_WITH_PHOTOS if photos else RUN), told(sent)
        with counted(warm) as again:
            assert set(statuses(await synced(warm, items))) == {200}
        assert len(again) <= len(sent), told(again)
    assert asked[0] == asked[1]


async def test_a_batch_of_two_hundred_reports_is_four_runs(warm: House) -> None:
    with counted(warm) as sent:
        await synced(warm, a_batch(warm, 200, 0))
    assert len(sent) <= BATCH + 200 // IN_ONE_TRANSACTION * RUN, told(sent)


async def test_one_bad_report_costs_its_neighbours_little(warm: House) -> None:
    items = a_batch(warm, IN_ONE_TRANSACTION, 0)
    items[17]["body"]["category"] = "X9999"
    with counted(warm) as sent:
        results = await synced(warm, items)
    assert statuses(results).count(201) == IN_ONE_TRANSACTION - 1
    # Halves of halves: on each of six levels the half without it is done, the other one begun and given up.
    assert len(sent) <= BATCH + 7 * (RUN + BEGUN), told(sent)


async def test_a_step_that_somebody_has_to_look_at_costs_the_choice_and_the_task(warm: House) -> None:
    ticket = await accepted(warm)
    after = await photo(warm, f"member-{UNIT}", "after")
    with counted(warm) as sent:
        answer = await step(warm, f"member-{UNIT}", ticket, "rectify", note="已劝离", photos=[after])
    assert answer.status_code == 200
    # Who asks; ticket and clocks, locked; the photo; who might go, where they were seen; ticket, a clock stopped
    # and one started, event and task written; then ticket, clocks, photos, requests and photos to come shown.
    assert len(sent) == 1 + 2 + 1 + 2 + 5 + 5, told(sent)


@pytest.mark.parametrize(
    ("username", "path", "budget"),
    [
        (FINDER, "/v1/tasks?longitude=116.404&latitude=39.915", PAGE),
        ("supervisor", "/v1/tasks", PAGE),
        # Who asks, tickets, tasks, places.
        (FINDER, "/v1/nearby?longitude=116.404&latitude=39.915", 4),
        (f"member-{UNIT}", "/v1/nearby?longitude=116.404&latitude=39.915", 2),
    ],
)
async def test_tasks_and_what_is_near_keep_their_budget(
    warm: House, username: str, path: str, budget: int
) -> None:
    for _ in range(2):
        await rectified(warm)
    caller = await warm.caller(username)
    with counted(warm) as sent:
        answer = await caller.get(path)
    assert answer.status_code == 200, answer.text
    assert len(sent) <= budget, told(sent)
