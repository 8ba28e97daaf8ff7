"""The feed under writers that commit in another order than they wrote: no gap, nothing twice, nothing early."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.domain.lifecycle import Action
from api.services.taking import StepRequest
from api.services.tickets import take_step
from tests.conftest import House
from tests.following import Follower, fresh, lasting, settled
from tests.http.side_ways import WASTE
from tests.http.walking import report, step
from tests.sweeping import rules_of
from tests.viewers import viewer_of


@asynccontextmanager
async def supervising(house: House, ticket: dict[str, Any], note: str) -> AsyncGenerator[int]:
    """Take a step in a transaction that commits when the block ends; yield the transaction's number."""
    reference, viewer = await rules_of(house.database), await viewer_of(house, "supervisor")
    request = StepRequest(Action.URGE, None, note=note, reason=note)
    async with house.database.write() as session:
        await take_step(session, reference, viewer, UUID(ticket["id"]), request, house.clock.now)
        number = await session.execute(text("SELECT pg_current_xact_id()::text::bigint"))
        yield number.scalar_one()


async def test_what_commits_later_than_what_was_written_after_it_is_not_missed(house: House) -> None:
    early, late = await report(house), await report(house, **WASTE)
    reader = await Follower(house, "supervisor").follow_all()
    reader.news()
    async with supervising(house, early, "先写后交") as first:
        async with supervising(house, late, "后写先交") as second:
            assert first < second
        # The second is committed, and anybody may read it; the feed waits until nothing can come before it.
        seen = (await (await house.caller("supervisor")).get(f"/v1/tickets/{late['id']}")).json()
        assert seen["version"] == late["version"] + 1
        assert await reader.read(), "nothing more is settled"
        assert reader.news() == []
    await reader.follow_all()
    told = [(early["id"], early["version"] + 1), (late["id"], late["version"] + 1)]
    assert reader.news() == told, "in the order of their transactions, each once"


async def test_a_reader_that_reads_at_every_moment_is_told_of_every_version(house: House) -> None:
    tickets = [await report(house) for _ in range(4)]
    reader = await Follower(house, "supervisor", limit=2).follow_all()
    writing = asyncio.gather(*(_urge_often(house, ticket) for ticket in tickets))
    while not writing.done():
        await reader.read()
    await writing
    await reader.follow_all()
    supervisor = await house.caller("supervisor")
    for ticket in tickets:
        shown = (await supervisor.get(f"/v1/tickets/{ticket['id']}")).json()
        assert lasting(reader.held[ticket["id"]]) == lasting(shown)
        versions = [version or 0 for ticket_id, version in reader.told if ticket_id == ticket["id"]]
        assert versions == sorted(versions), "no page goes back behind an earlier one"


async def _urge_often(house: House, ticket: dict[str, Any]) -> None:
    for _ in range(8):
        now = (await (await house.caller("supervisor")).get(f"/v1/tickets/{ticket['id']}")).json()
        answer = await step(house, "supervisor", now, "urge", reason="请加快")
        assert answer.status_code == 200, answer.text


async def test_a_transaction_that_takes_long_delays_the_feed_and_tears_nothing(house: House) -> None:
    ticket = await report(house)
    await settled(house.database)
    async with house.database.write() as session:
        await session.execute(text("SELECT pg_current_xact_id()"))  # a number is all it takes
        other = await report(house, **WASTE)
        reader = await Follower(house, "supervisor").follow()
        assert reader.held.keys() == {ticket["id"], other["id"]}, "who begins sees what there is"
        reader.news()
        await step(house, "member-cityscape", ticket, "accept")
        assert await reader.read()
        assert reader.news() == []
    await reader.follow_all()
    assert (ticket["id"], ticket["version"] + 1) in reader.news()
    assert reader.held == await fresh(house, "supervisor")


async def test_a_write_that_is_rolled_back_was_never_told(house: House) -> None:
    ticket = await report(house)
    reader = await Follower(house, "supervisor").follow_all()
    reader.news()
    answer = await step(house, "member-cityscape", {**ticket, "version": 99}, "accept")
    assert answer.status_code == 409
    await reader.follow_all()
    assert reader.news() == []
