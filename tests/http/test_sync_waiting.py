"""Steps that come before what they stand on: they wait, say so, and are taken or end with a reason."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from api.schemas.reports import ReportInput
from api.services import waiting_items
from api.services.reports import file_reports
from api.services.sync_release import release_overlooked
from api.services.waiting_items import expire_waiting, purge_waiting
from tests.conftest import House
from tests.http.syncing import DEVICE, a_report, a_step, actions, codes, statuses, synced, waiting
from tests.http.walking import FINDER, UNIT, report, stall
from tests.sweeping import rules_of
from tests.viewers import viewer_of

MEMBER, LEAD = f"member-{UNIT}", f"lead-{UNIT}"
FILED = ["report", "file", "dispatch"]


async def test_a_step_before_its_report_in_the_same_batch_waits_and_is_taken_with_it(house: House) -> None:
    ticket = str(uuid4())
    urged = a_step(house, ticket, "supervise", after=ticket, note="请重视")
    filed = a_report(house, item_id=ticket, source="supervision")
    results = await synced(house, [urged, filed], "supervisor")
    assert statuses(results) == [202, 201]
    assert results[0]["body"]["waits_for"] == ticket
    # A supervisor's report waits for the desk: the step is taken on it as it is.
    assert statuses(await synced(house, [urged, filed], "supervisor")) == [200, 200]
    assert await actions(house, ticket) == ["report", "supervise"]
    assert await waiting(house, "supervisor") == []


async def test_a_step_before_its_report_in_a_later_batch_or_by_itself_is_taken_with_it(house: House) -> None:
    for by_itself in (False, True):
        ticket = str(uuid4())
        accepted = a_step(house, ticket, "accept", version=3)
        (result,) = await synced(house, [accepted], MEMBER)
        assert result["status"] == 202
        assert result["body"]["expires_at"] == (house.clock.now + timedelta(hours=72)).isoformat().replace(
            "+00:00", "Z"
        )
        assert [one["state"] for one in await waiting(house, MEMBER)] == ["waiting"]
        if by_itself:
            officer = await house.caller(FINDER)
            answer = await officer.put(f"/v1/reports/{ticket}", json=stall(house))
            assert (answer.status_code, answer.json()["ticket"]["state"]) == (201, "in_progress")
        else:
            (filed,) = await synced(house, [a_report(house, item_id=ticket)])
            assert (filed["status"], filed["body"]["ticket"]["version"]) == (201, 4)
        assert await actions(house, ticket) == [*FILED, "accept"]
        assert await waiting(house, MEMBER) == []


async def test_a_chain_that_comes_backwards_is_taken_forwards(house: House) -> None:
    ticket = str(uuid4())
    first = a_step(house, ticket, "accept", version=3)
    second = a_step(house, ticket, "hand_over", after=first["id"], handler=MEMBER)
    third = a_step(house, ticket, "request_extension", after=second["id"], reason="材料未到")
    for one in (third, second, first):
        assert statuses(await synced(house, [one], LEAD)) == [202]
    assert statuses(await synced(house, [a_report(house, item_id=ticket)])) == [201]
    assert await actions(house, ticket) == [*FILED, "accept", "hand_over", "request_extension"]
    assert statuses(await synced(house, [first, second, third], LEAD)) == [200] * 3


async def test_a_step_waits_for_the_step_that_it_was_made_after(house: House) -> None:
    ticket = (await report(house))["id"]
    first = a_step(house, ticket, "accept", version=3)
    second = a_step(house, ticket, "hand_over", after=first["id"], handler=MEMBER)
    (result,) = await synced(house, [second], LEAD)
    assert (result["status"], result["body"]["waits_for"]) == (202, first["id"])
    assert statuses(await synced(house, [first], LEAD)) == [201]
    assert await actions(house, ticket) == [*FILED, "accept", "hand_over"]


async def test_the_oldest_of_what_waits_goes_first(house: House) -> None:
    ticket = str(uuid4())
    younger = a_step(house, ticket, "accept", version=3)
    older = a_step(house, ticket, "accept", version=3)
    older["made_at"] = (house.clock.now - timedelta(minutes=9)).isoformat()
    await synced(house, [younger, older], MEMBER)
    await synced(house, [a_report(house, item_id=ticket)])
    (refused,) = await waiting(house, MEMBER)
    assert (refused["id"], refused["state"]) == (younger["id"], "refused")


async def test_a_waiting_step_that_is_refused_says_why_with_what_was_made_on_top(house: House) -> None:
    ticket = str(uuid4())
    first = a_step(house, ticket, "accept", version=1)
    second = a_step(house, ticket, "hand_over", after=first["id"], handler=MEMBER)
    await synced(house, [first, second], LEAD)
    assert statuses(await synced(house, [a_report(house, item_id=ticket)])) == [201]
    assert await actions(house, ticket) == FILED
    ended = {one["id"]: one["code"] for one in await waiting(house, LEAD)}
    assert ended == {first["id"]: "version_conflict", second["id"]: "after_refused"}
    # Nothing of it stayed: sent again it is not taken for done.
    assert codes(await synced(house, [first, second], LEAD)) == ["version_conflict", "after_refused"]


async def test_a_step_of_somebody_who_does_not_see_the_ticket_ends_as_not_found(house: House) -> None:
    ticket = str(uuid4())
    assert statuses(await synced(house, [a_step(house, ticket, "accept", version=3)], "member-water")) == [
        202
    ]
    await synced(house, [a_report(house, item_id=ticket)])
    assert [one["code"] for one in await waiting(house, "member-water")] == ["not_found"]


async def test_what_waited_too_long_ends_with_a_notice_and_is_forgotten_after_a_week(house: House) -> None:
    sent = a_step(house, str(uuid4()), "accept", version=3)
    await synced(house, [sent], MEMBER)
    house.clock.turn(hours=71)
    # Sent again it does not wait any longer.
    assert statuses(await synced(house, [sent], MEMBER)) == [202]
    async with house.database.write() as session:
        assert await expire_waiting(session, house.clock.now) == 0
    house.clock.turn(hours=1)
    async with house.database.write() as session:
        assert await expire_waiting(session, house.clock.now) == 1
    (notice,) = await waiting(house, MEMBER)
    assert (notice["state"], notice["code"]) == ("expired", "wait_expired")
    assert codes(await synced(house, [sent], MEMBER)) == ["wait_expired"]
    house.clock.turn(days=7, seconds=1)
    async with house.database.write() as session:
        assert await purge_waiting(session, house.clock.now) == 1
    assert await waiting(house, MEMBER) == []


async def test_an_expired_step_is_taken_when_it_is_sent_again_and_its_ticket_is_there(house: House) -> None:
    ticket = str(uuid4())
    sent = a_step(house, ticket, "accept", version=3)
    await synced(house, [sent], MEMBER)
    house.clock.turn(hours=73)
    async with house.database.write() as session:
        await expire_waiting(session, house.clock.now)
    await synced(house, [a_report(house, item_id=ticket)])
    assert statuses(await synced(house, [sent], MEMBER)) == [201]
    assert await waiting(house, MEMBER) == []


async def test_steps_that_wait_for_each_other_are_refused_in_one_batch_and_in_two(house: House) -> None:
    ticket = str(uuid4())
    one, other = str(uuid4()), str(uuid4())
    first = a_step(house, ticket, "accept", after=other, id=one)
    second = a_step(house, ticket, "accept", after=one, id=other)
    itself = str(uuid4())
    third = a_step(house, ticket, "accept", after=itself, id=itself)
    assert codes(await synced(house, [first, second, third], MEMBER)) == ["wait_cycle"] * 3
    assert await waiting(house, MEMBER) == []
    assert statuses(await synced(house, [first], MEMBER)) == [202]
    assert codes(await synced(house, [second], MEMBER)) == ["wait_cycle"]
    assert [(one["state"], one["code"]) for one in await waiting(house, MEMBER)] == [
        ("refused", "wait_cycle")
    ]


async def test_a_waiting_step_with_another_content_is_refused(house: House) -> None:
    sent = a_step(house, str(uuid4()), "accept", version=3)
    await synced(house, [sent], MEMBER)
    other = {**sent, "body": {**sent["body"], "note": "别的"}}
    assert codes(await synced(house, [other], MEMBER)) == ["id_taken"]


async def test_what_a_phone_sent_before_its_sign_in_ended_is_not_taken(house: House) -> None:
    form = {"grant_type": "password", "username": MEMBER, "password": "gridpatrol-demo", "device_id": DEVICE}
    tokens = (await house.client().post("/v1/auth/token", data=form)).json()
    phone, ticket = house.client(tokens["access_token"]), str(uuid4())
    body = {"device_id": DEVICE, "items": [a_step(house, ticket, "accept", version=3)]}
    assert (await phone.post("/v1/sync", json=body)).json()["results"][0]["status"] == 202
    await house.client().post("/v1/auth/revoke", data={"token": tokens["refresh_token"]})
    await synced(house, [a_report(house, item_id=ticket)])
    assert await actions(house, ticket) == FILED
    assert [one["code"] for one in await waiting(house, MEMBER)] == ["token_refused"]


async def test_a_circle_of_three_that_comes_one_by_one_is_refused_when_it_closes(house: House) -> None:
    ticket, ids = str(uuid4()), [str(uuid4()) for _ in range(3)]
    steps = [a_step(house, ticket, "accept", after=ids[(at + 1) % 3], id=ids[at]) for at in range(3)]
    for one in steps[:2]:
        assert statuses(await synced(house, [one], MEMBER)) == [202]
    (last,) = await synced(house, steps[2:], MEMBER)
    assert last["problem"]["code"] == "wait_cycle"
    assert set(last["problem"]["items"]) == set(ids)
    assert {one["code"] for one in await waiting(house, MEMBER)} == {"wait_cycle"}


async def test_nobody_lets_more_wait_than_is_meant_for_one_person(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_items, "WAITING_MAX", 3)
    steps = [a_step(house, str(uuid4()), "accept", version=3) for _ in range(4)]
    assert codes(await synced(house, steps, MEMBER)) == [None, None, None, "limit_reached"]
    # Those that wait already are still known, and somebody else has room of her own.
    assert statuses(await synced(house, steps[:3], MEMBER)) == [202] * 3
    assert statuses(await synced(house, steps[3:], LEAD)) == [202]


async def test_a_step_that_was_overlooked_is_taken_by_the_worker(house: House) -> None:
    ticket = str(uuid4())
    sent = a_step(house, ticket, "accept", version=3)
    assert statuses(await synced(house, [sent], MEMBER)) == [202]
    rules = await rules_of(house.database)
    assert await release_overlooked(house.database, rules, house.clock.now, house.wiring.settings.zone) == 0
    # The release before knew nothing of waiting: it filed a report and looked for no steps.
    officer = await viewer_of(house, FINDER)
    request = ReportInput.model_validate(stall(house)).request(UUID(ticket))
    async with house.database.write() as session:
        await file_reports(session, rules, officer, [request], house.clock.now, house.wiring.settings.zone)
    assert await actions(house, ticket) == FILED
    assert await release_overlooked(house.database, rules, house.clock.now, house.wiring.settings.zone) == 1
    assert await actions(house, ticket) == [*FILED, "accept"]
    assert await waiting(house, MEMBER) == []


@pytest.mark.parametrize("hours", [-3, 3])
async def test_a_waiting_step_keeps_how_wrong_its_phones_clock_was(house: House, hours: int) -> None:
    ticket, wrong = str(uuid4()), timedelta(hours=hours)
    made_at = house.clock.now + wrong - timedelta(minutes=1)
    sent = a_step(house, ticket, "accept", version=3, made_at=made_at)
    told = {"sent_at": (house.clock.now + wrong).isoformat()}
    assert statuses(await synced(house, [sent], MEMBER, **told)) == [202]
    # Its sender's clock is right again when the ticket comes; that of the step was not.
    assert statuses(await synced(house, [a_report(house, item_id=ticket)])) == [201]
    assert await actions(house, ticket) == [*FILED, "accept"]
    history = await (await house.caller(MEMBER)).get(f"/v1/tickets/{ticket}/history")
    assert history.json()["items"][-1]["device_at"] == made_at.isoformat().replace("+00:00", "Z")


async def test_a_step_from_the_future_by_a_clock_that_is_right_is_refused_and_does_not_wait(
    house: House,
) -> None:
    sent = a_step(house, str(uuid4()), "accept", version=3, made_at=house.clock.now + timedelta(hours=1))
    assert codes(await synced(house, [sent], MEMBER)) == ["time_in_future"]
    assert await waiting(house, MEMBER) == []
