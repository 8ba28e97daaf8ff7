"""What a phone gathered without a network, sent in one go: each thing by itself, in order, once."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.adapters.demo_pictures import demo_picture
from tests.conftest import House
from tests.http.syncing import DEVICE, a_report, a_step, actions, codes, item, statuses, synced, waiting
from tests.http.walking import FINDER, UNIT, photo, report, stall, stepped

MEMBER, LEAD = f"member-{UNIT}", f"lead-{UNIT}"
FILED = ["report", "file", "dispatch"]
SHA = hashlib.sha256(b"picture").hexdigest()


def declared(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    return item(house, "photo", {"purpose": "before", "sha256": SHA, "size_bytes": 7, **changes})


async def test_reports_are_filed_in_their_order_and_say_how_their_tickets_stand(house: House) -> None:
    items = [a_report(house, description=f"第{number}个") for number in range(3)]
    results = await synced(house, items)
    assert [result["id"] for result in results] == [one["id"] for one in items]
    assert statuses(results) == [201] * 3
    for result in results:
        ticket = result["body"]["ticket"]
        assert (ticket["state"], ticket["version"], ticket["unit"]) == ("assigned", 3, UNIT)
        assert (await (await house.caller(FINDER)).get(f"/v1/tickets/{ticket['id']}")).status_code == 200
    assert [len(result["body"]["duplicates"]) for result in results] == [0, 1, 2]


async def test_the_same_batch_again_changes_nothing_and_tells_how_things_are_now(house: House) -> None:
    ticket = await report(house)
    items = [a_report(house), declared(house)]
    assert statuses(await synced(house, items)) == [201, 201]
    step = [a_step(house, ticket["id"], "accept", version=3)]
    assert statuses(await synced(house, step, MEMBER)) == [201]
    await stepped(house, LEAD, {**ticket, "version": 4}, "hand_over", handler=MEMBER)
    again = await synced(house, step, MEMBER)
    assert (again[0]["status"], again[0]["body"]["ticket"]["version"]) == (200, 5)
    assert statuses(await synced(house, items)) == [200, 200]
    assert await actions(house, ticket["id"]) == [*FILED, "accept", "hand_over"]


async def test_a_report_by_itself_and_in_a_batch_is_the_same_report(house: House) -> None:
    officer, report_id, body = await house.caller(FINDER), str(uuid4()), stall(house)
    assert (await officer.put(f"/v1/reports/{report_id}", json=body)).status_code == 201
    assert statuses(await synced(house, [item(house, "report", body, id=report_id)])) == [200]


async def test_one_bad_item_spoils_no_other(house: House) -> None:
    items: list[Any] = [
        a_report(house),
        a_report(house, category="X9999"),
        item(house, "poem", {}),
        "nothing",
        {"kind": "report"},
        a_report(house, place={"longitude": 500, "latitude": 39, "crs": "wgs84"}),
        a_step(house, str(uuid4()), "accept"),
        a_report(house),
    ]
    results = await synced(house, items)
    assert statuses(results) == [201, 422, 422, 422, 422, 422, 428, 201]
    assert codes(results)[1:5] == ["category_unknown", "kind_unknown", "invalid", "invalid"]
    assert [result["id"] for result in results][3:5] == [None, None]


@pytest.mark.parametrize(
    "changes",
    [{"category": "X9999"}, {"observed_at": "2026-11-24T00:00:00+08:00"}, {"place": {}}, {"photos": ["x"]}],
)
async def test_the_problem_is_the_one_that_the_single_operation_gives(
    house: House, changes: dict[str, Any]
) -> None:
    sent = a_report(house, **changes)
    single = await (await house.caller(FINDER)).put(f"/v1/reports/{sent['id']}", json=sent["body"])
    (result,) = await synced(house, [sent])
    expected = single.json()
    expected.pop("instance", None)
    assert result["problem"] == expected


async def test_an_id_with_another_content_is_refused_and_so_is_anothers(house: House) -> None:
    sent = a_report(house)
    results = await synced(house, [sent, sent, {**sent, "body": stall(house, description="别的")}])
    assert statuses(results) == [201, 200, 409]
    assert codes(results)[2] == "id_taken"
    assert codes(await synced(house, [sent], "officer03")) == ["id_taken"]


async def test_too_many_items_and_too_many_bytes_are_refused_as_a_whole(house: House) -> None:
    officer = await house.caller(FINDER)
    many = await officer.post("/v1/sync", json={"device_id": DEVICE, "items": [1] * 501})
    assert (many.status_code, many.json()["errors"][0]["pointer"]) == (422, "/items")
    heavy = await officer.post("/v1/sync", json={"device_id": DEVICE, "items": ["x" * 1_100_000]})
    assert heavy.status_code == 413


async def test_another_device_than_the_one_that_signed_in_is_refused(house: House) -> None:
    form = {"grant_type": "password", "username": FINDER, "password": "gridpatrol-demo", "device_id": "mine"}
    token = (await house.client().post("/v1/auth/token", data=form)).json()["access_token"]
    phone = house.client(token)
    body = {"items": [a_report(house)]}
    other = await phone.post("/v1/sync", json={"device_id": "other", **body})
    assert (other.status_code, other.json()["code"]) == (403, "device_wrong")
    assert (await phone.post("/v1/sync", json={"device_id": "mine", **body})).status_code == 200


async def test_each_kind_is_for_the_roles_of_its_operation(house: House) -> None:
    assert codes(await synced(house, [a_report(house)], MEMBER)) == ["role_not_allowed"]


async def test_somebody_elses_ticket_is_not_found(house: House) -> None:
    ticket = await report(house)
    sent = [a_step(house, ticket["id"], "accept", version=3)]
    assert codes(await synced(house, sent, "member-water")) == ["not_found"]
    assert await waiting(house, "member-water") == []


async def test_a_conflict_says_what_was_believed_what_is_true_and_who_did_it_when(house: House) -> None:
    ticket = await report(house)
    house.clock.turn(minutes=3)
    await stepped(house, LEAD, ticket, "accept")
    (result,) = await synced(
        house, [a_step(house, ticket["id"], "return", version=3, reason="非本单位")], MEMBER
    )
    problem = result["problem"]
    assert (result["status"], problem["code"]) == (409, "version_conflict")
    assert problem["believed"] == {"version": 3, "after": None}
    assert (problem["state"], problem["version"]) == ("in_progress", 4)
    (change,) = problem["changes"]
    assert (change["action"], change["version"], change["role"]) == ("accept", 4, "unit_lead")
    assert change["name"]
    assert change["at"] == house.clock.now.isoformat()


async def test_a_unit_is_not_told_which_officer_was_faster(house: House) -> None:
    ticket = await report(house)
    ticket = await stepped(house, MEMBER, ticket, "accept")
    after = await photo(house, MEMBER, "after")
    ticket = await stepped(house, MEMBER, ticket, "rectify", note="已劝离", photos=[after])
    check = await photo(house, "officer02", "check")
    await stepped(house, "officer02", ticket, "pass_check", photos=[check])
    sent = a_step(house, ticket["id"], "rectify", version=ticket["version"], note="再来")
    (result,) = await synced(house, [sent], MEMBER)
    assert [(change["role"], change["name"]) for change in result["problem"]["changes"]] == [
        ("officer", None)
    ]


async def test_steps_made_on_top_of_each_other_are_taken_without_knowing_versions(house: House) -> None:
    ticket = await report(house)
    first = a_step(house, ticket["id"], "accept", version=3)
    second = a_step(house, ticket["id"], "hand_over", after=first["id"], handler=MEMBER)
    assert statuses(await synced(house, [first, second], LEAD)) == [201, 201]
    assert statuses(await synced(house, [second, first], LEAD)) == [200, 200]
    assert await actions(house, ticket["id"]) == [*FILED, "accept", "hand_over"]


async def test_what_was_made_on_top_is_a_conflict_when_somebody_was_faster(house: House) -> None:
    ticket = await report(house)
    first = a_step(house, ticket["id"], "accept", version=3)
    assert statuses(await synced(house, [first], MEMBER)) == [201]
    await stepped(house, LEAD, {**ticket, "version": 4}, "hand_over", handler=MEMBER)
    second = a_step(house, ticket["id"], "hand_over", after=first["id"], handler=MEMBER)
    (result,) = await synced(house, [second], MEMBER)
    assert (result["problem"]["code"], result["problem"]["believed"]["after"]) == (
        "version_conflict",
        first["id"],
    )


async def test_what_was_made_on_top_of_a_refused_step_is_refused_with_it(house: House) -> None:
    ticket = await report(house)
    first = a_step(house, ticket["id"], "accept", version=2)
    second = a_step(house, ticket["id"], "hand_over", after=first["id"], handler=MEMBER)
    third = a_step(house, ticket["id"], "hand_over", after=second["id"], handler=MEMBER)
    results = await synced(house, [first, second, third], MEMBER)
    assert codes(results) == ["version_conflict", "after_refused", "after_refused"]
    assert {one["state"] for one in await waiting(house, MEMBER)} <= {"refused"}


async def test_a_step_names_a_version_or_what_it_comes_after_and_not_both(house: House) -> None:
    ticket = await report(house)
    neither = a_step(house, ticket["id"], "accept")
    both = a_step(house, ticket["id"], "accept", version=3, after=str(uuid4()))
    assert codes(await synced(house, [neither, both], MEMBER)) == ["version_needed", "version_contradicts"]


async def test_a_step_after_one_on_another_ticket_is_refused(house: House) -> None:
    one, other = await report(house), await report(house)
    first = a_step(house, one["id"], "accept", version=3)
    second = a_step(house, other["id"], "accept", after=first["id"])
    assert codes(await synced(house, [first, second], MEMBER)) == [None, "after_elsewhere"]


async def test_announced_photos_are_awaited_and_then_stored(house: House) -> None:
    sent = declared(house)
    (result,) = await synced(house, [sent])
    assert result["body"] == {"state": "awaited", "upload": f"/v1/photos/{sent['id']}"}
    assert codes(await synced(house, [{**sent, "body": {**sent["body"], "size_bytes": 8}}])) == ["id_taken"]
    here = await photo(house, FINDER, "before")
    assert codes(await synced(house, [{**sent, "id": here}])) == ["id_taken"]


async def test_other_bytes_than_were_announced_are_refused_and_the_announced_ones_stored(
    house: House,
) -> None:
    picture = demo_picture(1, taken_at=house.clock.now, longitude=116.4, latitude=39.9, tidy=True)
    wrong = declared(house)
    right = declared(house, sha256=hashlib.sha256(picture).hexdigest(), size_bytes=len(picture))
    await synced(house, [wrong, right])
    officer = await house.caller(FINDER)
    for announced, status in ((wrong, 409), (right, 201)):
        answer = await officer.put(
            f"/v1/photos/{announced['id']}",
            files={"file": ("photo.jpg", picture, "image/jpeg")},
            data={"purpose": "before"},
        )
        assert answer.status_code == status, answer.text
    (result,) = await synced(house, [right])
    assert (result["status"], result["body"]) == (200, {"state": "stored", "upload": None})


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_phone_whose_clock_is_an_hour_wrong_loses_nothing(house: House, hours: int) -> None:
    wrong = timedelta(hours=hours)
    sent_at = house.clock.now + wrong
    observed_at = sent_at - timedelta(minutes=2)
    sent = a_report(house, observed_at=observed_at.isoformat())
    sent["made_at"] = observed_at.isoformat()
    officer = await house.caller(FINDER)
    body = {"device_id": DEVICE, "sent_at": sent_at.isoformat(), "items": [sent]}
    answer = (await officer.post("/v1/sync", json=body)).json()
    assert answer["clock"]["skew_s"] == -wrong.total_seconds()
    assert statuses(answer["results"]) == [201]
    ticket = (await officer.get(f"/v1/tickets/{sent['id']}")).json()
    assert ticket["observed_at"] == (house.clock.now - timedelta(minutes=2)).isoformat().replace(
        "+00:00", "Z"
    )
    history = (await officer.get(f"/v1/tickets/{sent['id']}/history")).json()
    assert history["items"][0]["device_at"] == observed_at.isoformat().replace("+00:00", "Z")
    assert statuses(await synced(house, [sent])) == [200]


async def test_a_clock_that_shows_the_year_9000_is_refused(house: House) -> None:
    officer = await house.caller(FINDER)
    body = {"device_id": DEVICE, "sent_at": "9000-01-01T00:00:00Z", "items": list[object]()}
    answer = await officer.post("/v1/sync", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/sent_at")
