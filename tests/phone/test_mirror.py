"""The phone shows what the feed told, never half of it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from gridphone import feed
from tests.http.walking import report
from tests.phone.network import Fault, Street, seen_by, stall

OFFICER, MEMBER = "officer01", "member-cityscape"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make several pages of a test's few tickets."""
    monkeypatch.setattr(feed, "PAGE", 2)


async def test_a_ticket_that_left_the_persons_sight_leaves_the_phone(street: Street) -> None:
    officer, unit = await street.phone_of(OFFICER), await street.phone_of(MEMBER)
    ticket = stall(officer)
    await street.exchanged(officer, unit)
    assert seen_by(unit) == {str(ticket): 3}
    unit.step(ticket, "return", reason="非本单位", photos=[street.picture(9)])
    dispatcher = await street.phone_of("dispatcher")
    await street.exchanged(unit, dispatcher)
    dispatcher.step(ticket, "dispatch", unit="water")
    await street.exchanged(dispatcher, unit)
    assert [item.problem for item in dispatcher.items()] == [None]
    assert seen_by(unit) == {}
    assert str(ticket) in seen_by(dispatcher)


async def test_a_new_mirror_is_shown_when_it_is_whole_and_not_before(street: Street) -> None:
    phone = street.open_phone(OFFICER)
    await phone.sign_in(OFFICER, "gridpatrol-demo")
    made = {(await report(street.house))["id"] for _ in range(5)}
    street.network.plan("GET", "/v1/changes", Fault.NEVER_ARRIVES)
    assert (await phone.exchange()).cut is not None
    await street.exchanged(phone)
    assert seen_by(phone).keys() == made
    assert phone.catalog() is not None
    async with street.house.database.write() as session:
        await session.execute(text("UPDATE installation SET epoch = gen_random_uuid()"))
    made.add((await report(street.house))["id"])
    before = seen_by(phone)
    for arrived in range(
        2
    ):  # the refusal and then page after page; each time the network fails a little later
        street.network.spare("GET", "/v1/changes", arrived + 1, Fault.NEVER_ARRIVES)
        assert (await phone.exchange()).cut is not None
        assert seen_by(phone) == before
        again = street.open_phone(OFFICER)
        assert seen_by(again) == before
        phone = again
    await street.exchanged(phone)
    assert seen_by(phone).keys() == made


async def test_a_page_whose_answer_was_lost_is_asked_for_again(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    made = {(await report(street.house))["id"] for _ in range(3)}
    for _ in range(2):
        street.network.plan("GET", "/v1/changes", Fault.ANSWER_LOST)
        assert (await phone.exchange()).cut is not None
    await street.exchanged(phone)
    assert seen_by(phone).keys() == made


async def test_a_phone_that_is_handed_over_shows_nothing_of_its_former_owner(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    ticket = stall(phone)
    await street.exchanged(phone)
    await phone.sign_in("member-water", "gridpatrol-demo")
    assert (phone.items(), phone.tickets(), phone.catalog()) == ([], [], None)
    await street.exchanged(phone)
    assert str(ticket) not in seen_by(phone)


async def test_an_event_that_is_cut_off_is_no_event() -> None:
    async def lines() -> AsyncIterator[str]:
        for line in (
            ": still here",
            "",
            "event: change",
            "id: a",
            'data: {"x": 1}',
            "",
            "event: change",
            "id: b",
        ):
            yield line

    assert [event async for event in feed.read_events(lines())] == [feed.Event("change", "a", '{"x": 1}')]
