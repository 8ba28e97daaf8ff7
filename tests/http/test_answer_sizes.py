"""What phones pay for by the byte stays small: pages of work as a street makes it, no two tickets alike."""

from datetime import datetime
from random import Random

import pytest

from bench.varied import varied_reports
from tests.conftest import SHANGHAI, House
from tests.http.walking import UNIT

LARGEST_PAGE_BYTES = 12_000
"""Of fifty tickets, by gzip, which every phone knows."""

OFFICERS = ("officer01", "officer05", "officer12", "officer20")


@pytest.fixture
async def busy(house: House) -> House:
    """Return a house with tickets of all sorts from two days, each filed at a moment of its own, some signed for."""
    began, random = house.clock.now, Random(1)
    reports = varied_reports(began, SHANGHAI, 240)
    for report_id, body in sorted(reports, key=lambda report: report[1]["observed_at"]):
        house.clock.now = datetime.fromisoformat(body["observed_at"])
        house.clock.turn(microseconds=random.randrange(60_000_000))
        officer = await house.caller(random.choice(OFFICERS))
        assert (await officer.put(f"/v1/reports/{report_id}", json=body)).status_code == 201
    house.clock.now = began
    member = await house.caller(f"member-{UNIT}")
    for ticket in (await member.get("/v1/queue?limit=200")).json()["items"][::3]:
        house.clock.turn(microseconds=random.randrange(60_000_000))
        step = {"action": "accept", "version": ticket["version"]}
        assert (await member.post(f"/v1/tickets/{ticket['id']}/steps", json=step)).status_code == 200
    return house


async def size(house: House, username: str, path: str, count: int) -> int:
    caller = await house.caller(username)
    answer = await caller.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["items"]) == count
    return int(answer.headers["content-length"])


async def test_a_page_of_fifty_weighs_no_more_than_a_small_picture(busy: House) -> None:
    sizes = {
        "a unit's queue": await size(busy, f"member-{UNIT}", "/v1/queue?limit=50", 50),
        "the desk's list": await size(busy, "dispatcher", "/v1/tickets?limit=50", 50),
    }
    busy.clock.turn(days=30)  # then all of it is overdue, and waits for the supervisor, who sees every name
    sizes["a supervisor's queue"] = await size(busy, "supervisor", "/v1/queue?limit=50", 50)
    assert max(sizes.values()) <= LARGEST_PAGE_BYTES, sizes
