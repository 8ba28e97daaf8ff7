"""Many hands on the side ways of a ticket: one wins, the others learn how it stands, nothing is lost."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx

from tests.conftest import House
from tests.http.side_ways import COVER, WASTE, actions, at, returned, seen
from tests.http.walking import accepted, photo, report, stepped

MEMBER = "member-sanitation"
AT_ONCE = 20
Act = tuple[str, dict[str, Any], dict[str, Any]]
"""Who, on which ticket, and the body of the step."""


async def at_once(house: House, *acts: Act) -> list[httpx.Response]:
    """Let all of them take their steps at the same time, each on the ticket as it was seen."""
    callers = [await house.caller(username) for username, _, _ in acts]
    return await asyncio.gather(
        *(
            caller.post(f"/v1/tickets/{ticket['id']}/steps", json={"version": ticket["version"], **body})
            for caller, (_, ticket, body) in zip(callers, acts, strict=True)
        )
    )


def one_wins(answers: list[httpx.Response]) -> int:
    """Fail unless one step was taken and the others are conflicts; return the winner's index."""
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [200, *[409] * (len(answers) - 1)], [answer.text for answer in answers]
    winner = statuses.index(200)
    taken = answers[winner].json()
    for answer in answers:
        told = answer.json()
        assert (told["state"], told["version"]) == (taken["state"], taken["version"])
    return winner


async def test_of_two_dispatchers_who_rule_at_once_one_decides(house: House) -> None:
    ticket = await returned(house, MEMBER, await report(house, **WASTE))
    units = ["street", "cityscape"] * 5
    bodies = [{"action": "rule", "unit": unit, "reason": "职责"} for unit in units]
    answers = await at_once(house, *(("dispatcher", ticket, body) for body in bodies))
    winner = one_wins(answers)
    now = await seen(house, "supervisor", ticket)
    assert (now["state"], now["unit"]["code"], now["pinned"]) == ("assigned", units[winner], True)
    assert (await actions(house, ticket)).count("rule") == 1


async def test_of_two_merges_into_each_other_exactly_one_comes_about(house: House) -> None:
    for _ in range(5):
        one, other = await report(house), await report(house)
        answers = await at_once(
            house,
            ("dispatcher", one, {"action": "merge", "master": other["id"]}),
            ("dispatcher", other, {"action": "merge", "master": one["number"]}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409], [a.text for a in answers]
        states = [(await seen(house, "dispatcher", ticket))["state"] for ticket in (one, other)]
        assert sorted(states) == ["assigned", "merged"]
        for ticket in (one, other):
            assert len(await actions(house, ticket)) == 4


async def test_a_ring_of_merges_at_once_leaves_no_loop_and_no_chain(house: House) -> None:
    ring = [await report(house) for _ in range(5)]
    masters = [*ring[1:], ring[0]]
    await at_once(
        house,
        *(
            ("dispatcher", ticket, {"action": "merge", "master": master["id"]})
            for ticket, master in zip(ring, masters, strict=True)
        ),
    )
    now = {one["id"]: await seen(house, "dispatcher", one) for one in ring}
    merged = [one for one in now.values() if one["state"] == "merged"]
    assert merged, "somebody wins"
    for one in merged:
        assert now[one["merged_into"]]["state"] == "assigned"


async def test_grant_and_deny_at_once_are_one_decision(house: House) -> None:
    for _ in range(3):
        ticket = await accepted(house, **WASTE)
        due = ticket["due_at"]
        ticket = await stepped(house, MEMBER, ticket, "request_extension", reason="缺人")
        bodies = [{"action": "grant_extension"}, {"action": "deny_extension", "reason": "不必"}]
        winner = one_wins(await at_once(house, *(("dispatcher", ticket, body) for body in bodies)))
        now = await seen(house, "dispatcher", ticket)
        assert now["pending"] == []
        assert [one["state"] for one in now["requests"]] == [["granted", "denied"][winner]]
        assert (at(now["due_at"]) > at(due)) is (winner == 0)


async def test_an_extension_granted_while_the_unit_rectifies_is_granted_or_lapses(house: House) -> None:
    for _ in range(3):
        ticket = await accepted(house, **WASTE)
        ticket = await stepped(house, MEMBER, ticket, "request_extension", reason="缺人")
        after = await photo(house, MEMBER, "after")
        winner = one_wins(
            await at_once(
                house,
                ("dispatcher", ticket, {"action": "grant_extension"}),
                (MEMBER, ticket, {"action": "rectify", "note": "已清", "photos": [after]}),
            )
        )
        now = await seen(house, "dispatcher", ticket)
        assert (now["state"], now["requests"][0]["state"]) == [
            ("in_progress", "granted"),
            ("rectified", "lapsed"),
        ][winner]
        if winner == 0:  # the slower unit looks again and is done
            await stepped(house, MEMBER, now, "rectify", note="已清", photos=[after])


async def test_helpers_who_answer_at_once_all_get_through_when_they_look_again(house: House) -> None:
    ticket = await stepped(house, "member-municipal", await report(house, **COVER), "accept")
    waiting = ["member-water", "member-power", "member-telecom"]
    while waiting:
        body = {"action": "answer_help", "note": "不是我单位的"}
        answers = await at_once(house, *((username, ticket, body) for username in waiting))
        one_wins(answers)
        waiting = [
            username for username, answer in zip(waiting, answers, strict=True) if answer.status_code != 200
        ]
        ticket = await seen(house, "dispatcher", ticket)
    assert [one["state"] for one in ticket["requests"]] == ["granted"] * 3
    assert (await actions(house, ticket)).count("answer_help") == 3


async def test_a_request_sent_twenty_times_with_one_key_is_made_once(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    member, key = await house.caller(MEMBER), {"Idempotency-Key": str(uuid4())}
    body = {"action": "request_extension", "version": ticket["version"], "reason": "缺人"}
    answers = await asyncio.gather(
        *(member.post(f"/v1/tickets/{ticket['id']}/steps", json=body, headers=key) for _ in range(AT_ONCE))
    )
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    assert len({answer.text for answer in answers}) == 1
    now = await seen(house, "dispatcher", ticket)
    assert (now["pending"], len(now["requests"])) == (["extension"], 1)
    assert (await actions(house, ticket)).count("request_extension") == 1


async def test_both_sides_agree_to_an_appeal_at_once_and_neither_is_lost(house: House) -> None:
    ticket = await report(house)
    house.clock.turn(hours=3)
    ticket = await stepped(house, "member-cityscape", ticket, "accept")
    after = await photo(house, "member-cityscape", "after")
    ticket = await stepped(house, "member-cityscape", ticket, "rectify", note="已清", photos=[after])
    check = await photo(house, "officer02", "check")
    ticket = await stepped(house, "officer02", ticket, "pass_check", photos=[check])
    ticket = await stepped(house, "member-cityscape", ticket, "appeal", reason="暴雨")
    sides = ("dispatcher", "supervisor")
    winner = one_wins(await at_once(house, *((one, ticket, {"action": "grant_appeal"}) for one in sides)))
    now = await seen(house, "dispatcher", ticket)
    assert (now["exempt"], now["requests"][0]["agreed"]) == (False, sides[winner])
    now = await stepped(house, sides[1 - winner], now, "grant_appeal")
    assert now["exempt"] is True


async def test_a_return_and_a_signature_at_once_are_one_of_them(house: House) -> None:
    ticket = await report(house, **WASTE)
    proof = await photo(house, MEMBER, "evidence")
    winner = one_wins(
        await at_once(
            house,
            (MEMBER, ticket, {"action": "return", "reason": "不归我们", "photos": [proof]}),
            ("lead-sanitation", ticket, {"action": "accept"}),
        )
    )
    now = await seen(house, "dispatcher", ticket)
    assert now["state"] == ("filed", "in_progress")[winner]
    assert len(now["photos"]) == (1, 0)[winner]
