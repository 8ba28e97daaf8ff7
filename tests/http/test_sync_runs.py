"""What shares a transaction in a batch: nobody notices, whatever becomes of the others."""

import hashlib
from collections.abc import Sequence
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from api.services import sync
from tests.conftest import House
from tests.example_photos import street_picture
from tests.example_uploads import begin, begun, send
from tests.http.syncing import a_report, a_step, actions, codes, item, statuses, synced
from tests.http.walking import FINDER, photo, report, stall


async def numbers(house: House, items: Sequence[dict[str, Any]]) -> list[str]:
    """Return the numbers of the tickets of reports."""
    officer = await house.caller(FINDER)
    return [(await officer.get(f"/v1/tickets/{one['id']}")).json()["number"] for one in items]


def announced(house: House, picture: bytes, **what: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    body = {"purpose": "before", "sha256": hashlib.sha256(picture).hexdigest(), "size_bytes": len(picture)}
    return item(house, "photo", body, **what)


async def test_tickets_are_numbered_in_the_order_of_their_reports(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "IN_ONE_TRANSACTION", 4)
    items = [a_report(house) for _ in range(11)]
    assert set(statuses(await synced(house, items))) == {201}
    told = await numbers(house, items)
    assert told == sorted(told)
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("bad", [{0}, {6}, {12}, {3, 4}, set(range(0, 13, 2)), set(range(13))])
async def test_wherever_the_bad_ones_stand_all_others_are_filed_in_their_order(
    house: House, bad: set[int]
) -> None:
    items = [a_report(house, **({"category": "X9999"} if at in bad else {})) for at in range(13)]
    results = await synced(house, items)
    assert statuses(results) == [422 if at in bad else 201 for at in range(13)]
    good = [one for at, one in enumerate(items) if at not in bad]
    told = await numbers(house, good)
    assert told == sorted(told)
    # Each sees those before it as what may be the same problem, five at most, and no refused one.
    seen = [result["body"]["duplicates"] for result in results if result["body"]]
    assert [len(duplicates) for duplicates in seen] == [min(at, 5) for at in range(len(good))]
    before = {number: set(told[:at]) for at, number in enumerate(told)}
    for number, duplicates in zip(told, seen, strict=True):
        assert {duplicate["number"] for duplicate in duplicates} <= before[number]


async def test_what_only_the_database_can_refuse_spoils_no_neighbour(house: House) -> None:
    anothers, own, missing = await photo(house, "officer03", "before"), str(uuid4()), str(uuid4())
    await photo(house, FINDER, "before", photo_id=own)
    items = [
        a_report(house),
        a_report(house, photos=[missing, anothers]),
        a_report(house, photos=[own]),
        a_report(house, photos=[own]),
        a_report(house, photos=[missing]),
    ]
    results = await synced(house, items)
    assert codes(results) == [None, "photo_not_yours", None, "photo_not_yours", None]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/photos/1"
    assert results[4]["body"]["awaited_photos"] == [missing]


async def test_photos_that_two_reports_of_a_batch_wait_for_go_to_one_of_them(house: House) -> None:
    missing = str(uuid4())
    items = [a_report(house, photos=[missing]), a_report(house, photos=[missing])]
    results = await synced(house, items)
    assert [result["body"]["ticket"]["triage"] for result in results] == ["photos_awaited"] * 2
    assert [result["body"]["awaited_photos"] for result in results] == [[missing]] * 2
    await photo(house, FINDER, "before", photo_id=missing)
    again = await synced(house, items)
    assert sorted(result["body"]["ticket"]["state"] for result in again) == ["assigned", "reported"]


async def test_reports_and_announcements_in_turns_keep_their_places(house: House) -> None:
    pictures = [street_picture(seed, taken_at=house.clock.now) for seed in range(3)]
    items: list[dict[str, Any]] = []
    for picture in pictures:
        photo_item = announced(house, picture)
        items += [photo_item, a_report(house, photos=[photo_item["id"]])]
    results = await synced(house, items)
    assert statuses(results) == [201] * 6
    assert [result["id"] for result in results] == [one["id"] for one in items]
    assert [result["body"].get("state") for result in results] == ["awaited", None] * 3
    assert [result["body"].get("awaited_photos") for result in results[1::2]] == [
        [one["id"]] for one in items[::2]
    ]


@pytest.mark.parametrize("is_here", [True, False])
@pytest.mark.parametrize("in_a_batch", [True, False])
async def test_the_same_photo_twice_in_one_report_is_one_photo(
    house: House, *, is_here: bool, in_a_batch: bool
) -> None:
    officer, picture = await house.caller(FINDER), str(uuid4())
    if is_here:
        await photo(house, FINDER, "before", photo_id=picture)
    sent = a_report(house, photos=[picture, picture])
    if in_a_batch:
        assert statuses(await synced(house, [sent])) == [201]
    else:
        answer = await officer.put(f"/v1/reports/{sent['id']}", json=sent["body"])
        assert answer.status_code == 201
    if not is_here:
        await photo(house, FINDER, "before", photo_id=picture)
    ticket = (await officer.get(f"/v1/tickets/{sent['id']}")).json()
    assert ([one["id"] for one in ticket["photos"]], ticket["state"]) == ([picture], "assigned")


async def test_in_whatever_order_a_batch_comes_the_outcome_is_the_same(house: House) -> None:
    for turn in permutations(range(3)):
        ticket = str(uuid4())
        filed = a_report(house, item_id=ticket, source="supervision")
        first = a_step(house, ticket, "supervise", after=ticket, note="一")
        second = a_step(house, ticket, "supervise", after=first["id"], note="二")
        items = [(filed, first, second)[at] for at in turn]
        assert set(statuses(await synced(house, items, "supervisor"))) <= {201, 202}
        again = await synced(house, items[::-1], "supervisor")
        assert statuses(again) == [200] * 3
        assert {result["body"]["ticket"]["version"] for result in again} == {3}
        assert await actions(house, ticket) == ["report", "supervise", "supervise"], turn


async def test_a_whole_batch_again_in_another_order_changes_nothing(house: House) -> None:
    picture = street_picture(7, taken_at=house.clock.now)
    photo_item = announced(house, picture)
    items = [
        a_report(house),
        photo_item,
        a_report(house, photos=[photo_item["id"]]),
        a_report(house, category="X9999"),
        a_report(house),
    ]
    first = {result["id"]: result for result in await synced(house, items)}
    for again in (items[::-1], items[2:] + items[:2], items * 2):
        for result in await synced(house, again):
            earlier = first[result["id"]]
            assert result["status"] == (200 if earlier["status"] == 201 else 422)
            assert (result["body"], result["problem"]) == (earlier["body"], earlier["problem"])


async def test_announced_bytes_are_the_only_ones_that_are_taken_in_pieces(house: House) -> None:
    officer = await house.caller(FINDER)
    right, wrong = (street_picture(seed, taken_at=house.clock.now) for seed in (1, 2))
    sent = announced(house, right)
    assert statuses(await synced(house, [sent])) == [201]
    await begun(officer, sent["id"], len(wrong))
    assert (await send(officer, sent["id"], 0, wrong[:1000])).status_code == 204
    refused = await send(officer, sent["id"], 1000, wrong[1000:])
    assert (refused.status_code, refused.json()["code"]) == (409, "id_taken")
    assert (await officer.get(f"/v1/photos/{sent['id']}")).status_code == 404
    taken = await begin(officer, sent["id"], len(right), content=right)
    assert taken.status_code == 201, taken.text
    assert (await synced(house, [sent]))[0]["body"] == {"state": "stored", "upload": None}


async def test_what_somebody_else_announced_is_not_taken(house: House) -> None:
    picture = street_picture(3, taken_at=house.clock.now)
    sent = announced(house, picture)
    await synced(house, [sent], "officer03")
    officer = await house.caller(FINDER)
    answer = await begin(officer, sent["id"], len(picture), content=picture)
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")
    assert codes(await synced(house, [sent])) == ["id_taken"]
    assert codes(await synced(house, [a_report(house, photos=[sent["id"]])])) == [None]


async def test_a_report_outside_a_batch_is_a_duplicate_of_those_inside(house: House) -> None:
    before = await report(house)
    items = [a_report(house), a_report(house)]
    results = await synced(house, items)
    seen = [[one["ticket"] for one in result["body"]["duplicates"]] for result in results]
    assert [len(one) for one in seen] == [1, 2]
    assert all(before["id"] in one for one in seen)
    answer = await (await house.caller(FINDER)).put(f"/v1/reports/{uuid4()}", json=stall(house))
    assert len(answer.json()["duplicates"]) == 3
