"""Signals: what is found in photos and reports, who sees it, and what is said of it."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import psycopg.errors
import pytest
from PIL import Image
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from api.models import PhotoPrint, SignalExamination
from api.queries import signals as signal_queries
from tests.conftest import House
from tests.http.signalling import cut, kinds, listed, look, painted_over, saved, send_picture, street
from tests.http.walking import FINDER, accepted, photo, report, stepped

UNIT = "member-cityscape"


async def repaired_with(house: House, before: bytes, after: bytes) -> dict[str, Any]:
    """Walk a ticket from its photo to that of its repair; return it."""
    seen = await send_picture(house, FINDER, "before", before)
    ticket = await accepted(house, photos=[seen])
    house.clock.turn(hours=1)
    member = f"member-{ticket['unit']['code']}"
    shown = await send_picture(house, member, "after", after)
    return await stepped(house, member, ticket, "rectify", note="已清理", photos=[shown])


async def test_an_honest_repair_raises_nothing(house: House) -> None:
    before = street(house)
    house.clock.turn(minutes=5)
    seen = await send_picture(house, FINDER, "before", before)
    ticket = await accepted(house, photos=[seen])
    house.clock.turn(hours=1)
    after = street(house, tidy=True, standpoint=1)
    shown = await send_picture(house, UNIT, "after", after)
    rectified = await stepped(house, UNIT, ticket, "rectify", note="已清理", photos=[shown])
    house.clock.turn(hours=1)
    check = await send_picture(house, "officer02", "check", street(house, tidy=True, standpoint=2))
    await stepped(house, "officer02", rectified, "pass_check", photos=[check])
    assert await kinds(house) == []


async def test_a_before_photo_that_was_painted_over_is_no_after_photo(house: House) -> None:
    before = street(house)
    await repaired_with(house, before, painted_over(before))
    assert await kinds(house) == ["after_edited_from_before"]
    (signal,) = await listed(house)
    assert signal["weight"] == 0.9
    assert "the camera never moved" in signal["explanation"]
    assert 0.4 < signal["facts"]["equal_share"] < 0.95
    assert signal["unit"] == "cityscape"
    assert signal["sender"]["username"] == UNIT
    assert signal["photo"] != signal["other_photo"]
    supervisor = await house.caller("supervisor")
    for photo_id in (signal["photo"], signal["other_photo"]):
        assert (await supervisor.get(f"/v1/photos/{photo_id}")).status_code == 200


def saved_anew(picture: bytes) -> bytes:
    """Return a picture as a messenger passes it on."""
    return saved(Image.open(BytesIO(picture)), 40)


def unchanged(picture: bytes) -> bytes:
    """Return the very same file."""
    return picture


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (unchanged, "after_same_as_before"),
        (saved_anew, "after_same_as_before"),
        (cut, "after_cut_from_before"),
    ],
)
async def test_a_before_photo_is_no_after_photo(
    house: House, change: Callable[[bytes], bytes], found: str
) -> None:
    before = saved(Image.open(BytesIO(street(house))), 85)
    await repaired_with(house, before, change(before))
    assert found in await kinds(house)


async def test_a_photo_of_the_problem_that_comes_later_is_laid_over_that_of_the_repair(house: House) -> None:
    before = street(house)
    ticket = await report(house, photos=[await photo(house, FINDER, "before")])
    ticket = await stepped(house, UNIT, ticket, "accept")
    shown = await send_picture(house, UNIT, "after", painted_over(before))
    await stepped(house, UNIT, ticket, "rectify", note="已清理", photos=[shown])
    assert await kinds(house) == []
    late = await send_picture(house, FINDER, "before", before)
    # As a merger does, which brings the photos of another report.
    async with house.database.write() as session:
        await session.execute(
            text("UPDATE photos SET ticket_id = :ticket WHERE id = :photo"),
            {"ticket": ticket["id"], "photo": late},
        )
    assert await kinds(house) == ["after_edited_from_before"]


@pytest.mark.parametrize("purpose", ["check", "evidence"])
async def test_the_checker_who_sends_the_units_photo_is_seen(house: House, purpose: str) -> None:
    ticket = await repaired_with(house, street(house), street(house, tidy=True, standpoint=1))
    house.clock.turn(hours=1)
    copied = saved(Image.open(BytesIO(street(house, tidy=True, standpoint=1))), 60)
    check = await send_picture(house, "officer02", purpose, copied)
    await stepped(house, "officer02", ticket, "pass_check", photos=[check])
    assert await kinds(house) == ["picture_seen_before"]


@pytest.mark.parametrize("purpose", ["check", "evidence"])
async def test_the_checker_who_sends_the_photo_of_the_problem_is_seen(house: House, purpose: str) -> None:
    before = street(house)
    ticket = await repaired_with(house, before, street(house, tidy=True, standpoint=1))
    house.clock.turn(hours=1)
    check = await send_picture(house, "officer02", purpose, painted_over(before))
    await stepped(house, "officer02", ticket, "pass_check", photos=[check])
    assert await kinds(house) == ["after_edited_from_before"]


async def test_a_picture_of_another_ticket_is_found_whoever_sent_it_and_however_old_it_is(
    house: House,
) -> None:
    old = street(house, 7)
    await report(house, photos=[await send_picture(house, FINDER, "before", old)])
    house.clock.turn(days=200)
    again = saved(Image.open(BytesIO(old)), 50)
    second = await report(
        house, "officer32", photos=[await send_picture(house, "officer32", "before", again)]
    )
    assert await kinds(house) == ["picture_seen_before"]
    assert await kinds(house, ticket=second["id"]) == ["picture_seen_before"]


async def test_several_pictures_of_one_problem_are_as_it_should_be(house: House) -> None:
    picture = street(house)
    photos = [await send_picture(house, FINDER, "before", data) for data in (picture, cut(picture, 0.97))]
    await report(house, photos=photos)
    assert await kinds(house) == []


async def test_what_a_file_says_of_itself_is_held_against_its_ticket(house: House) -> None:
    ticket = await accepted(house, photos=[await photo(house, FINDER, "before")])
    yesterday = house.clock.now - timedelta(days=2)
    house.clock.turn(hours=2)
    far = street(house, 9, tidy=True, taken_at=yesterday, longitude=116.42)
    shown = await send_picture(house, UNIT, "after", far)
    await stepped(house, UNIT, ticket, "rectify", note="已清理", photos=[shown])
    assert await kinds(house) == ["taken_before_dispatch", "taken_elsewhere", "taken_long_ago"]
    (elsewhere,) = await listed(house, kind="taken_elsewhere")
    assert elsewhere["facts"]["distance_m"] == pytest.approx(1368, abs=5)


async def test_a_photo_that_was_stored_by_an_older_release_gets_its_print_from_its_copy(house: House) -> None:
    before = street(house)
    seen = await send_picture(house, FINDER, "before", before)
    async with house.database.write() as session:
        await session.execute(delete(PhotoPrint))
    ticket = await accepted(house, photos=[seen])
    shown = await send_picture(house, UNIT, "after", painted_over(before))
    await stepped(house, UNIT, ticket, "rectify", note="已清理", photos=[shown])
    assert await kinds(house) == ["after_edited_from_before"]


async def test_mock_locations_and_impossible_ways_are_found(house: House) -> None:
    for number, longitude in enumerate((116.40, 116.42, 116.404)):
        place = {
            "longitude": longitude,
            "latitude": 39.91,
            "crs": "wgs84",
            "accuracy_m": 8,
            "mocked": number == 2,
        }
        at = (house.clock.now + timedelta(seconds=20 * number)).isoformat()
        house.clock.turn(seconds=20)
        await report(house, place=place, observed_at=at)
    assert sorted(set(await kinds(house))) == ["location_mocked", "speed_impossible"]
    mocked = await listed(house, kind="location_mocked")
    assert len(mocked) == 1
    assert mocked[0]["report"] == mocked[0]["ticket"]["id"]


async def test_reports_from_exactly_the_same_coordinates_are_found_and_a_desks_are_not(house: House) -> None:
    for _ in range(5):
        await report(house)
        house.clock.turn(minutes=10)
    assert await kinds(house) == ["coordinates_repeated"]
    for _ in range(6):
        await report(house, "dispatcher", source="hotline")
    assert await kinds(house) == ["coordinates_repeated"]


async def test_an_accuracy_that_never_changes_and_a_report_far_from_its_place_are_found(house: House) -> None:
    for number in range(5):
        place = {"longitude": 116.404 + number / 10_000, "latitude": 39.915, "crs": "wgs84", "accuracy_m": 5}
        named = {"at_place": "toilet-park"} if number == 4 else {}
        await report(house, place=place, observed_at=house.clock.now.isoformat(), **named)
        house.clock.turn(minutes=10)
    assert sorted(await kinds(house)) == ["accuracy_constant", "far_from_place"]


async def test_looking_again_finds_nothing_new_and_nothing_waits_afterwards(house: House) -> None:
    before = street(house)
    await repaired_with(house, before, painted_over(before))
    assert await look(house) == 1
    async with house.database.write() as session:
        await session.execute(text("INSERT INTO signal_examinations (photo_id) SELECT id FROM photos"))
    assert await look(house) == 0
    async with house.database.read() as session:
        assert (await session.execute(select(col(SignalExamination.id)))).all() == []


async def test_a_kind_that_weighs_nothing_is_not_raised(house: House) -> None:
    admin = await house.caller("admin")
    values = {"signal_weights": {"after_edited_from_before": 0, "after_same_as_before": 0.5}}
    tag = (await admin.get("/v1/policies")).headers["ETag"]
    answer = await admin.put("/v1/policies", json={"values": values}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    before = street(house)
    await repaired_with(house, before, painted_over(before))
    assert await kinds(house) == []


async def decide(
    house: House,
    signal: dict[str, Any],
    what: str,
    username: str = "supervisor",
    **body: Any,  # noqa: ANN401  any member
) -> httpx.Response:
    caller = await house.caller(username)
    sent = {"version": signal["version"], "reason": "现场核对过", **body}
    return await caller.post(f"/v1/signals/{signal['id']}/{what}", json=sent)


async def one_signal(house: House) -> dict[str, Any]:
    before = street(house)
    await repaired_with(house, before, painted_over(before))
    await look(house)
    (signal,) = await listed(house)
    return signal


async def test_a_signal_is_confirmed_then_cleared_and_all_that_was_said_is_kept(house: House) -> None:
    signal = await one_signal(house)
    assert (signal["state"], signal["version"], signal["review"]) == ("open", 1, None)
    confirmed = (await decide(house, signal, "confirm")).json()
    assert (confirmed["state"], confirmed["version"]) == ("confirmed", 2)
    cleared = (await decide(house, confirmed, "clear", reason="误报")).json()
    assert [review["state"] for review in cleared["reviews"]] == ["confirmed", "cleared"]
    assert cleared["review"]["reason"] == "误报"
    supervisor = await house.caller("supervisor")
    read = (await supervisor.get(f"/v1/signals/{signal['id']}")).json()
    assert read == cleared
    assert await listed(house, state="open") == []
    assert [one["id"] for one in await listed(house, state="cleared")] == [signal["id"]]


async def test_a_decision_that_was_sent_again_changes_nothing(house: House) -> None:
    signal = await one_signal(house)
    first, again = await decide(house, signal, "confirm"), await decide(house, signal, "confirm")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()


async def test_whoever_is_slower_gets_a_conflict_with_how_it_stands(house: House) -> None:
    signal = await one_signal(house)
    await decide(house, signal, "confirm")
    slower = await decide(house, signal, "clear", reason="看错了")
    assert (slower.status_code, slower.json()["code"]) == (409, "version_conflict")
    assert (slower.json()["state"], slower.json()["version"]) == ("confirmed", 2)
    settled = await decide(house, {**signal, "version": 2}, "confirm", reason="另一理由")
    assert (settled.status_code, settled.json()["code"]) == (409, "signal_settled")


@pytest.mark.parametrize(
    "body", [{"reason": ""}, {"reason": "  \n"}, {"version": 0}, {"reason": "x" * 2001}, {"more": 1}]
)
async def test_a_decision_needs_its_reason_and_version(house: House, body: dict[str, Any]) -> None:
    answer = await decide(house, {"id": 1, "version": 1}, "confirm", **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_nobody_decides_a_signal_of_what_they_sent_themselves(house: House) -> None:
    place = {"longitude": 116.404, "latitude": 39.915, "crs": "wgs84", "mocked": True}
    await report(house, "supervisor", source="supervision", place=place)
    await look(house)
    (signal,) = await listed(house)
    answer = await decide(house, signal, "clear")
    assert (answer.status_code, answer.json()["code"]) == (403, "own_signal")


async def test_neither_units_nor_officers_nor_anybody_else_reads_signals_or_what_was_said(
    house: House,
) -> None:
    signal = await one_signal(house)
    await decide(house, signal, "confirm", reason="内部意见不外传")
    for username in (UNIT, "lead-cityscape", FINDER, "officer02", "dispatcher", "admin"):
        caller = await house.caller(username)
        for path in ("/v1/signals", f"/v1/signals/{signal['id']}", "/v1/signals/counts?by=officer"):
            answer = await caller.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed"), username
        for path in (
            f"/v1/tickets/{signal['ticket']['id']}",
            f"/v1/tickets/{signal['ticket']['id']}/history",
        ):
            assert "内部意见不外传" not in (await caller.get(path)).text
            assert "after_edited" not in (await caller.get(path)).text


async def test_a_review_changes_no_ticket(house: House) -> None:
    signal = await one_signal(house)
    supervisor = await house.caller("supervisor")
    path = f"/v1/tickets/{signal['ticket']['id']}"
    before = (await supervisor.get(path)).json()
    await decide(house, signal, "confirm")
    assert (await supervisor.get(path)).json() == before


async def test_the_open_ones_come_first_page_by_page(house: House) -> None:
    for number in range(7):
        place = {"longitude": 116.404 + number / 1000, "latitude": 39.915, "crs": "wgs84", "mocked": True}
        house.clock.turn(hours=1)
        await report(house, place=place)
    await look(house)
    signals = await listed(house)
    assert len(signals) == 7
    for signal in (signals[1], signals[4]):
        await decide(house, signal, "clear")
    again = await listed(house, limit=2)
    assert [one["state"] for one in again] == ["open"] * 5 + ["cleared"] * 2
    for part in (again[:5], again[5:]):
        ids = [one["id"] for one in part]
        assert ids == sorted(ids, reverse=True)


async def test_a_cursor_of_another_list_and_an_unknown_unit_are_refused(house: House) -> None:
    supervisor = await house.caller("supervisor")
    for path, code in (
        ("/v1/signals?cursor=nonsense", "cursor_wrong"),
        ("/v1/signals?unit=none", "unit_unknown"),
    ):
        answer = await supervisor.get(path)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    for wrong in ("kind=guilty", "state=maybe", "ticket=1", "nonsense=1"):
        assert (await supervisor.get(f"/v1/signals?{wrong}")).status_code == 422
    assert (await supervisor.get("/v1/signals/999")).status_code == 404


async def test_totals_by_ticket_officer_and_unit_leave_out_what_was_cleared(house: House) -> None:
    signal = await one_signal(house)
    place = {"longitude": 116.404, "latitude": 39.915, "crs": "wgs84", "mocked": True, "accuracy_m": 0}
    house.clock.turn(hours=1)
    ticket = await report(house, place=place)
    await look(house)
    supervisor = await house.caller("supervisor")

    async def totals(by: str) -> dict[str, tuple[int, int, int, float]]:
        answer = await supervisor.get("/v1/signals/counts", params={"by": by})
        assert answer.status_code == 200, answer.text
        return {
            item["key"]: (item["open"], item["confirmed"], item["cleared"], item["total_weight"])
            for item in answer.json()["items"]
        }

    assert await totals("officer") == {FINDER: (2, 0, 0, 0.88), UNIT: (1, 0, 0, 0.9)}
    assert await totals("unit") == {"cityscape": (1, 0, 0, 0.9)}
    assert (await totals("ticket"))[ticket["number"]] == (2, 0, 0, 0.88)
    await decide(house, signal, "confirm")
    for mocked in await listed(house, officer=FINDER, kind="location_mocked"):
        await decide(house, mocked, "clear")
    assert await totals("officer") == {UNIT: (0, 1, 0, 0.9), FINDER: (1, 0, 1, 0.4)}
    with pytest.MonkeyPatch.context() as bounded:
        bounded.setattr(signal_queries, "TALLIES_MAX", 1)
        assert await totals("officer") == {UNIT: (0, 1, 0, 0.9)}, "the most telling one"


@pytest.mark.parametrize(
    "statement", ["UPDATE signal_reviews SET reason = 'x'", "DELETE FROM signal_reviews"]
)
async def test_what_was_said_is_final(house: House, statement: str) -> None:
    await decide(house, await one_signal(house), "confirm")
    with pytest.raises(DBAPIError) as refused:
        async with house.database.write() as session:
            await session.execute(text(statement))
    assert isinstance(refused.value.orig, psycopg.errors.RestrictViolation)


async def test_the_sender_is_told_what_is_odd_about_the_own_file_and_nothing_of_others(house: House) -> None:
    before = street(house)
    await send_picture(house, FINDER, "before", before)
    caller = await house.caller(UNIT)
    answer = await caller.put(
        "/v1/photos/0190aaaa-bbbb-7ccc-8ddd-eeeeffff0002",
        files={"file": ("photo.jpg", painted_over(before), "image/jpeg")},
        data={"purpose": "after"},
    )
    assert answer.json()["signals"] == []
