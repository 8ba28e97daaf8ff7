"""Notices: each raised once, told when its receiver is at work, dropped when it is no longer true."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from tests.conftest import House
from tests.http.walking import accepted, photo, rectified, report, stepped
from tests.sweeping import (
    COVER,
    copies_of,
    delivered,
    heard,
    kept,
    levels,
    messages,
    raised,
    suspended,
    ticket_now,
    told,
)

YELLOW, DUE = "2026-11-23T14:42:00+08:00", "2026-11-23T15:30:00+08:00"
NEXT_MORNING = "2026-11-24T08:00:00+08:00"


def turn_to(house: House, instant: str, *, seconds: float = 0) -> None:
    house.clock.now = datetime.fromisoformat(instant)
    house.clock.turn(seconds=seconds)


async def rows(house: House) -> list[dict[str, Any]]:
    return await kept(house.database, "notices")


async def test_a_ticket_is_nearly_due_once_and_overdue_once_however_often_the_worker_looks(
    house: House,
) -> None:
    ticket = await accepted(house, **COVER)
    turn_to(house, YELLOW)
    assert await raised(house) == 0
    for instant, said in ((YELLOW, "nearly due"), (DUE, "overdue")):
        turn_to(house, instant, seconds=1)
        assert [await raised(house), await raised(house)] == [1, 0]
        assert [await delivered(house), await delivered(house)] == [1, 0]
        assert (await heard(house, "member-water"))[
            0
        ] == f"Ticket {ticket['number']} is {said} (rectification)."
    for _ in range(20):
        house.clock.turn(hours=7)
        assert await told(house) == 0
    assert await levels(house) == [("near_due", 0), ("overdue", 0)]


async def test_what_the_worker_finds_overdue_at_once_is_not_told_to_be_nearly_due_any_more(
    house: House,
) -> None:
    await accepted(house, **COVER)
    turn_to(house, DUE, seconds=1)
    assert await told(house) == 1
    assert await levels(house) == [("overdue", 0)]


async def test_every_stage_tells_whoever_has_the_turn(house: House) -> None:
    tip = await report(house, "dispatcher", **COVER)
    turn_to(house, "2026-11-23T10:00:00+08:00")
    assert await told(house) == 1
    assert await heard(house, "dispatcher") == [f"Ticket {tip['number']} is overdue (intake)."]
    done = await rectified(house, **COVER)
    turn_to(house, "2026-11-23T13:00:00+08:00")
    assert await told(house) == 1
    for officer in ("officer01", "officer02"):
        assert await heard(house, officer) == [f"Ticket {done['number']} is overdue (check)."]
    for username in ("officer32", "member-water", "supervisor", "admin"):
        assert await heard(house, username) == []


async def test_a_steps_new_due_time_is_watched_anew_and_the_old_notice_is_not_repeated(house: House) -> None:
    ticket = await accepted(house, **COVER)
    ticket = await stepped(house, "member-water", ticket, "request_extension", reason="缺配件")
    turn_to(house, YELLOW, seconds=1)
    assert await told(house) == 1
    ticket = await stepped(house, "dispatcher", ticket, "grant_extension")
    assert datetime.fromisoformat(ticket["due_at"]) == datetime.fromisoformat("2026-11-24T09:30:00+08:00")
    # The same cycle: that it is nearly due was said before, that it is overdue was not.
    turn_to(house, "2026-11-24T09:00:00+08:00")
    assert await told(house) == 0
    turn_to(house, "2026-11-24T09:31:00+08:00")
    assert await told(house) == 1
    assert await levels(house) == [("near_due", 0), ("overdue", 0)]


async def test_rework_goes_on_in_its_cycle_and_a_new_unit_begins_a_new_one(house: House) -> None:
    ticket = await rectified(house, **COVER)
    turn_to(house, DUE, seconds=60)
    check = await photo(house, "officer02", "check")
    ticket = await stepped(house, "officer02", ticket, "fail_check", reason="未修好", photos=[check])
    turn_to(house, "2026-11-24T17:00:00+08:00")
    assert await told(house) == 1
    after = await photo(house, "member-water", "after")
    ticket = await stepped(house, "member-water", ticket, "rectify", note="再修", photos=[after])
    check = await photo(house, "officer02", "check")
    ticket = await stepped(house, "officer02", ticket, "fail_check", reason="仍未修好", photos=[check])
    assert await told(house) == 0
    water = [row for row in await rows(house) if row["clock"] == "rectification"]
    assert [(row["cycle"], row["level"]) for row in water] == [(1, "overdue")]


async def test_a_new_cycle_is_noticed_anew(house: House) -> None:
    ticket = await accepted(house, **COVER)
    turn_to(house, "2026-11-23T11:00:00+08:00")
    evidence = await photo(house, "member-water", "evidence")
    ticket = await stepped(house, "member-water", ticket, "return", reason="非我单位", photos=[evidence])
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="municipal")
    turn_to(house, "2026-11-24T11:00:00+08:00")
    assert await told(house) == 1
    assert [(row["cycle"], row["level"]) for row in await rows(house)] == [(2, "overdue")]
    assert await heard(house, "member-water") == []
    assert len(await heard(house, "lead-municipal")) == 1


async def test_at_night_a_notice_waits_for_the_morning_unless_the_limit_runs_around_the_clock(
    house: House,
) -> None:
    turn_to(house, "2026-11-23T16:30:00+08:00")
    slow, urgent = await accepted(house, **COVER), await accepted(house)
    turn_to(house, "2026-11-23T22:00:00+08:00")
    assert await told(house) == 1
    assert await heard(house, "member-cityscape") == [
        f"Ticket {urgent['number']} is overdue (rectification)."
    ]
    # 16:30 and four working hours: Tuesday 10:30, yellow at 9:42.
    turn_to(house, "2026-11-24T10:29:00+08:00")
    await raised(house)
    house.clock.now = datetime.fromisoformat("2026-11-24T10:30:30+08:00")
    await raised(house)
    assert await delivered(house) == 1
    assert await heard(house, "member-water") == [f"Ticket {slow['number']} is overdue (rectification)."]


async def test_a_notice_that_waited_for_the_morning_is_told_then(house: House) -> None:
    ticket = await accepted(house, **COVER)
    turn_to(house, "2026-11-23T18:00:00+08:00", seconds=1)
    await raised(house)
    assert await delivered(house) == 0
    turn_to(house, NEXT_MORNING, seconds=-1)
    assert await delivered(house) == 0
    turn_to(house, NEXT_MORNING)
    assert await delivered(house) == 1
    assert await heard(house, "lead-water", "zh") == [f"案卷{ticket['number']}的处置已经超期。"]


async def test_what_was_done_before_anybody_was_told_is_dropped_and_stays_on_record(house: House) -> None:
    ticket = await accepted(house, **COVER)
    turn_to(house, "2026-11-23T18:00:00+08:00", seconds=1)
    await raised(house)
    after = await photo(house, "member-water", "after")
    await stepped(house, "member-water", ticket, "rectify", note="已修", photos=[after])
    turn_to(house, NEXT_MORNING)
    assert await delivered(house) == 0
    assert [row["obsolete_at"] is not None for row in await rows(house)] == [True]
    assert await heard(house, "member-water") == []


async def test_what_was_dropped_and_became_true_again_is_told_once(house: House) -> None:
    ticket = await accepted(house, **COVER)
    turn_to(house, "2026-11-23T18:00:00+08:00", seconds=1)
    await raised(house)
    after = await photo(house, "member-water", "after")
    ticket = await stepped(house, "member-water", ticket, "rectify", note="已修", photos=[after])
    turn_to(house, NEXT_MORNING)
    assert await delivered(house) == 0
    check = await photo(house, "officer02", "check")
    await stepped(house, "officer02", ticket, "fail_check", reason="未修好", photos=[check])
    assert [await told(house), await told(house)] == [1, 0]
    overdue = [row for row in await rows(house) if row["clock"] == "rectification"]
    assert [(row["level"], row["obsolete_at"]) for row in overdue] == [("overdue", None)]


async def test_a_suspended_ticket_is_not_noticed_and_its_waiting_notice_is_dropped(house: House) -> None:
    ticket = await suspended(house, "2026-12-20T10:00:00+08:00", **COVER)
    turn_to(house, "2026-12-01T12:00:00+08:00")
    assert await told(house) == 0
    assert (await ticket_now(house, ticket))["state"] == "suspended"
    assert await rows(house) == []


async def test_many_notices_for_one_receiver_are_one_digest_and_few_are_told_one_by_one(
    house: House,
) -> None:
    for _ in range(4):
        await accepted(house, **COVER)
    turn_to(house, DUE, seconds=1)
    assert await told(house) == 4
    assert [message["is_digest"] for message in await messages(house, "member-water")] == [False] * 4


async def test_a_digest_counts_by_level_and_lists_the_most_overdue_first(house: House) -> None:
    late: list[str] = []
    for _ in range(3):
        late.append((await accepted(house, **COVER))["id"])
        house.clock.turn(minutes=5)
    turn_to(house, "2026-11-23T14:10:00+08:00")
    near = [(await accepted(house, **COVER))["id"] for _ in range(2)]
    turn_to(house, "2026-11-23T17:30:00+08:00")  # those of 14:10 turned yellow at 17:22
    assert await told(house) == 1
    (message,) = await messages(house, "lead-water")
    assert message["is_digest"] is True
    assert (message["level"], message["count"]) == ("overdue", 5)
    assert message["text"] == "5 notices: 3 overdue, 2 near due."
    assert [ticket["id"] for ticket in message["tickets"]][:3] == late
    assert {ticket["id"] for ticket in message["tickets"]} == {*late, *near}
    assert (await messages(house, "lead-water", "zh"))[0]["text"] == "共5条提醒：超期3件、即将到期2件。"


async def test_a_thousand_tickets_at_once_are_raised_in_batches_and_told_in_digests(house: House) -> None:
    await copies_of(house, await accepted(house, **COVER), 1_200)
    turn_to(house, DUE, seconds=1)
    assert await raised(house) == 1_201
    assert await raised(house) == 0
    assert await delivered(house) == 2
    assert await delivered(house) == 0
    counts = [message["count"] for message in await messages(house, "member-water")]
    assert sorted(counts) == [201, 1_000]
    assert all(len(message["tickets"]) == 50 for message in await messages(house, "member-water"))


async def test_the_search_is_spared_by_a_mark_and_single_by_a_constraint(house: House) -> None:
    await accepted(house, **COVER)
    turn_to(house, DUE, seconds=1)
    assert await told(house) == 1
    # Whatever sets the mark back, nobody is told twice.
    async with house.database.write() as session:
        await session.execute(text("UPDATE tickets SET noticed = 0"))
    assert await told(house) == 0
    assert await levels(house) == [("overdue", 0)]


async def test_a_notice_never_changes_its_ticket(house: House) -> None:
    ticket = await accepted(house, **COVER)
    turn_to(house, DUE, seconds=1)
    before = (await kept(house.database, "tickets"))[0]
    await told(house)
    after = (await kept(house.database, "tickets"))[0]
    assert after == before | {"noticed": 2}
    assert (await ticket_now(house, ticket))["version"] == ticket["version"]


async def test_notices_are_stored_with_their_due_time_and_receiver(house: House) -> None:
    await accepted(house, **COVER)
    turn_to(house, DUE, seconds=1)
    await raised(house)
    (row,) = await rows(house)
    assert row["due_at"] == datetime.fromisoformat(DUE)
    assert row["raised_at"] == row["deliver_at"] == datetime.fromisoformat(DUE) + timedelta(seconds=1)
    assert (row["role"], row["grid_code"]) == ("unit_member", None)
    assert row["unit_id"] is not None
