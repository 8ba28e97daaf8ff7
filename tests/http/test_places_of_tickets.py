"""Tickets at places: named or found by location, filtered, and seen by whoever is paired with the place."""

from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import House
from tests.http.place_editing import MARKET, put, read
from tests.http.walking import FINDER, photo, report, stall, step

PLACE = {"longitude": 116.41024, "latitude": 39.91640, "crs": "gcj02", "accuracy_m": 8.5}


async def filed(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    caller = await house.caller(FINDER)
    answer = await caller.put(f"/v1/reports/{uuid4()}", json=stall(house, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_report_away_from_all_places_is_at_none(house: House) -> None:
    assert (await report(house))["at_place"] is None


async def test_a_report_inside_a_place_is_at_it_without_saying_so(house: House) -> None:
    await put(house, MARKET)
    answer = await filed(house)
    assert answer["ticket"]["at_place"] == {"code": "market-chenguang", "name": "晨光早市", "type": "market"}
    assert answer["signals"] == []
    shown = await read(house, f"/v1/tickets/{answer['ticket']['id']}", "dispatcher")
    assert shown["at_place"]["code"] == "market-chenguang"


async def test_a_report_names_its_place_and_far_from_it_carries_a_signal(house: House) -> None:
    named = await filed(house, at_place="toilet-park")
    assert named["ticket"]["at_place"]["code"] == "toilet-park"
    assert [one["code"] for one in named["signals"]] == ["far_from_place"]
    assert await put(house, MARKET)
    inside = await filed(house, at_place="market-chenguang")
    assert inside["signals"] == []


async def test_a_place_that_does_not_exist_or_was_given_up_is_refused(house: House) -> None:
    await put(house, MARKET | {"is_active": False})
    caller = await house.caller(FINDER)
    for code in ("nowhere", "market-chenguang"):
        answer = await caller.put(f"/v1/reports/{uuid4()}", json=stall(house, at_place=code))
        assert (answer.status_code, answer.json()["code"]) == (422, "place_unknown")
    assert (await report(house))["at_place"] is None


async def test_the_same_report_with_another_place_is_another_report(house: House) -> None:
    caller, body = await house.caller(FINDER), stall(house)
    path = f"/v1/reports/{uuid4()}"
    assert (await caller.put(path, json=body)).status_code == 201
    assert (await caller.put(path, json=body | {"at_place": None})).status_code == 200
    other = await caller.put(path, json=body | {"at_place": "toilet-park"})
    assert (other.status_code, other.json()["code"]) == (409, "id_taken")


async def test_a_ticket_keeps_its_place_when_that_is_given_up(house: House) -> None:
    await put(house, MARKET)
    ticket = await report(house)
    await put(house, MARKET | {"version": 1, "is_active": False})
    shown = await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher")
    assert shown["at_place"]["code"] == "market-chenguang"


@pytest.mark.parametrize("path", ["/v1/tickets", "/v1/overdue"])
async def test_lists_are_narrowed_to_a_place(house: House, path: str) -> None:
    await put(house, MARKET)
    there = await report(house)
    await report(house, place=PLACE | {"longitude": 116.4120}, description="别处")
    house.clock.turn(days=30)
    items = (await read(house, path, "dispatcher", place="market-chenguang"))["items"]
    assert [one["id"] for one in items] == [there["id"]]
    assert (await read(house, path, "dispatcher", place="toilet-park"))["items"] == []
    counts = await read(house, "/v1/tickets/counts", "dispatcher", by="state", place="market-chenguang")
    assert sum(one["count"] for one in counts["items"]) == 1
    by_place = await read(house, "/v1/tickets/counts", "dispatcher", by="place")
    marks = [(one["key"], one["name"], one["count"]) for one in by_place["items"]]
    assert set(marks) == {("market-chenguang", "Chenguang Morning Market", 1), (None, None, 1)}
    unknown = await (await house.caller("dispatcher")).get(path, params={"place": "nowhere"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "place_unknown")


async def test_whoever_is_paired_with_a_place_reads_its_tickets_and_changes_none(house: House) -> None:
    await put(house, MARKET)
    before = await photo(house, FINDER, "before")
    ticket = await report(house, photos=[before])
    for username in ("member-water", "lead-water"):
        caller = await house.caller(username)
        listed = (await caller.get("/v1/tickets")).json()["items"]
        assert [one["id"] for one in listed] == [ticket["id"]], username
        shown = await caller.get(f"/v1/tickets/{ticket['id']}")
        assert (shown.status_code, shown.json()["actions"]) == (200, [])
        assert (await caller.get(f"/v1/photos/{before}?variant=thumb")).status_code == 200
        assert (await caller.get("/v1/queue")).json()["items"] == []
        assert (await caller.get("/v1/me")).json()["counters"]["open"] == 0
        refused = await step(house, username, ticket, "accept")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_step")
        assert (await read(house, "/v1/places", username, paired_unit="water", q="晨光"))["items"][0][
            "open_tickets"
        ] == 1


async def test_a_pairing_that_is_over_or_to_come_shows_nothing(house: House) -> None:
    later = {"unit": "power", "leader": "", "contact": "", "from_on": "2026-12-01", "to_on": None}
    await put(house, MARKET | {"pairings": [*MARKET["pairings"], later]})
    ticket = await report(house)
    for username in ("member-telecom", "member-power"):
        caller = await house.caller(username)
        assert (await caller.get(f"/v1/tickets/{ticket['id']}")).status_code == 404, username
        assert (await caller.get("/v1/tickets")).json()["items"] == []
    house.clock.turn(days=10)
    assert (await (await house.caller("member-power")).get(f"/v1/tickets/{ticket['id']}")).status_code == 200
