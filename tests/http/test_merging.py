"""Merging (并案): the same problem reported twice is one ticket; reporters and photos follow the master."""

from typing import Any
from uuid import uuid4

from tests.conftest import House
from tests.http.side_ways import WASTE, actions, closed, events, queue, refused, returned, seen, sees
from tests.http.walking import CHECKER, FINDER, accepted, photo, report, stall, stepped


async def twins(house: House, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401  any member
    """Return two tickets of the same problem, each reported by another officer with a photo."""
    first = await report(house, FINDER, photos=[await photo(house, FINDER, "before")], **changes)
    second = await report(house, CHECKER, photos=[await photo(house, CHECKER, "before")], **changes)
    return first, second


async def test_a_twin_is_merged_into_its_master_and_its_photos_follow(house: House) -> None:
    master, twin = await twins(house)
    twin = await stepped(house, "dispatcher", twin, "merge", master=master["id"])
    assert (twin["state"], twin["merged_into"], twin["photos"]) == ("merged", master["id"], [])
    assert (twin["stage"], twin["actions"]) == (None, [])
    now = await seen(house, "dispatcher", master)
    assert (now["state"], now["due_at"]) == (master["state"], master["due_at"])
    assert len(now["photos"]) == 2
    assert now["version"] == master["version"] + 1


async def test_both_histories_tell_it(house: House) -> None:
    master, twin = await twins(house)
    await stepped(house, "dispatcher", twin, "merge", master=master["id"], note="同一摊位")
    (*_, merged) = await events(house, twin)
    assert (merged["action"], merged["to_state"], merged["note"]) == ("merge", "merged", "同一摊位")
    assert (merged["facts"]["master"], merged["facts"]["master_id"]) == (master["number"], master["id"])
    (*_, absorbed) = await events(house, master)
    assert (absorbed["action"], absorbed["from_state"], absorbed["to_state"]) == (
        "absorb",
        "assigned",
        "assigned",
    )
    assert (absorbed["facts"]["merged"], absorbed["facts"]["merged_id"]) == (twin["number"], twin["id"])


async def test_a_master_is_named_by_its_number_as_well(house: House) -> None:
    master, twin = await twins(house)
    twin = await stepped(house, "dispatcher", twin, "merge", master=master["number"])
    assert twin["merged_into"] == master["id"]


async def test_the_merged_reporter_sees_the_master_wherever_it_is(house: House) -> None:
    elsewhere = {"longitude": 116.404, "latitude": 39.905, "crs": "wgs84"}
    master = await report(house, "officer31", place=elsewhere)
    twin = await report(house, FINDER)
    assert not await sees(house, FINDER, master)
    await stepped(house, "dispatcher", twin, "merge", master=master["id"])
    assert await sees(house, FINDER, master)
    assert await sees(house, FINDER, twin)
    own = await (await house.caller(FINDER)).get("/v1/tickets")
    assert master["number"] in [one["number"] for one in own.json()["items"]]


async def test_a_merged_ticket_is_nobodys_work_any_more(house: House) -> None:
    master, twin = await twins(house)
    await stepped(house, "dispatcher", twin, "merge", master=master["id"])
    waiting = await queue(house, "member-cityscape")
    assert (master["number"] in waiting, twin["number"] in waiting) == (True, False)
    await refused(house, "member-cityscape", await seen(house, "dispatcher", twin), "accept", "step_refused")


async def test_a_photo_that_arrives_after_the_merge_goes_to_the_master(house: House) -> None:
    master = await report(house, CHECKER)
    late = str(uuid4())
    finder = await house.caller(FINDER)
    answer = await finder.put(f"/v1/reports/{uuid4()}", json=stall(house, photos=[late]))
    twin = answer.json()["ticket"]
    twin = await stepped(house, "dispatcher", twin, "merge", master=master["id"])
    house.clock.turn(minutes=3)
    await photo(house, FINDER, "before", photo_id=late)
    assert [one["id"] for one in (await seen(house, "dispatcher", master))["photos"]] == [late]
    assert (await seen(house, FINDER, twin))["state"] == "merged"
    picture = await (await house.caller(CHECKER)).get(f"/v1/photos/{late}?variant=screen")
    assert picture.status_code == 200


async def test_a_master_is_not_merged_itself_and_no_chain_comes_about(house: House) -> None:
    master, twin = await twins(house)
    third = await report(house)
    await stepped(house, "dispatcher", twin, "merge", master=master["id"])
    # The chain from its end: whatever was merged into this one would have to move on.
    master = await seen(house, "dispatcher", master)
    problem = await refused(house, "dispatcher", master, "merge", "merge_chain", master=third["id"])
    assert problem["errors"][0]["pointer"] == "/master"
    # The chain from its start, and a loop: what was merged is no master any more.
    problem = await refused(house, "dispatcher", third, "merge", "master_ended", master=twin["id"])
    assert problem["master_state"] == "merged"
    await refused(house, "dispatcher", master, "merge", "master_ended", master=twin["id"])
    await stepped(house, "dispatcher", third, "merge", master=master["id"])


async def test_a_ticket_is_not_merged_into_itself(house: House) -> None:
    ticket = await report(house)
    for name in (ticket["id"], ticket["id"].upper(), ticket["number"]):
        await refused(house, "dispatcher", ticket, "merge", "master_is_itself", master=name)


async def test_a_master_has_to_be_there_and_open(house: House) -> None:
    ticket = await report(house)
    problem = await refused(house, "dispatcher", ticket, "merge", "evidence_missing")
    assert problem["missing"] == ["master"]
    for name in (str(uuid4()), "E0406-20261123-999999", "无", "0"):
        await refused(house, "dispatcher", ticket, "merge", "master_unknown", master=name)
    ended = await closed(house)
    problem = await refused(house, "dispatcher", ticket, "merge", "master_ended", master=ended["number"])
    assert (problem["master_state"], problem["state"]) == ("closed", "assigned")


async def test_a_merge_that_was_refused_leaves_everything_as_it_was(house: House) -> None:
    master, twin = await twins(house)
    await refused(house, "dispatcher", twin, "merge", "master_unknown", master=str(uuid4()))
    for ticket in (master, twin):
        now = await seen(house, "dispatcher", ticket)
        assert (now["version"], len(now["photos"])) == (ticket["version"], 1)
        assert (await actions(house, ticket))[-1] == "dispatch"


async def test_only_a_dispatcher_merges_and_only_what_is_open(house: House) -> None:
    master, twin = await twins(house)
    for username in ("supervisor", "member-cityscape", FINDER):
        problem = await refused(house, username, twin, "merge", "not_your_step", master=master["id"])
        assert problem["roles"] == ["dispatcher"]
    ended = await closed(house)
    await refused(house, "dispatcher", ended, "merge", "step_refused", master=master["id"])


async def test_tickets_are_merged_in_any_open_state(house: House) -> None:
    master = await report(house)
    tip = await report(house, "dispatcher", source="hotline")
    taken = await accepted(house)
    sent_back = await returned(house, "member-sanitation", await report(house, **WASTE))
    for twin in (tip, taken, sent_back):
        twin = await stepped(house, "dispatcher", twin, "merge", master=master["id"])  # noqa: PLW2901  as it is now
        assert (twin["state"], twin["triage"], twin["pending"]) == ("merged", None, [])
        assert not [one for one in twin["deadline"]["clock"] if one["stopped_at"] is None]
    assert (await actions(house, master)).count("absorb") == 3


async def test_what_was_asked_for_dies_with_a_merge(house: House) -> None:
    master, twin = await report(house), await accepted(house)
    twin = await stepped(house, "member-cityscape", twin, "request_extension", reason="人手不足")
    twin = await stepped(house, "dispatcher", twin, "merge", master=master["id"])
    assert [one["state"] for one in twin["requests"]] == ["lapsed"]
    assert twin["number"] not in await queue(house, "dispatcher")
