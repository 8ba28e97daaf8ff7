"""What is made without a network arrives once, and in order, whatever the network does."""

import os
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from api.settings import DEMO_PASSWORD
from tests.http.walking import UNIT
from tests.phone.network import Fault, Street, seen_by, stall, states

OFFICER, CHECKER, MEMBER, LEAD = "officer01", "officer02", f"member-{UNIT}", f"lead-{UNIT}"


async def history(street: Street, ticket: UUID) -> list[str]:
    supervisor = await street.house.caller("supervisor")
    answer = (await supervisor.get(f"/v1/tickets/{ticket}/history?verify=true")).json()
    assert answer["verified"] is True
    return [event["action"] for event in answer["items"]]


async def test_a_report_made_without_a_network_is_filed_with_its_photos(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    street.network.is_off = True
    report = stall(phone, description="水果摊", photos=[street.picture(1), street.picture(2)])
    assert (await phone.exchange()).cut is not None
    street.network.is_off = False
    done = await street.exchanged(phone)
    assert (done.stored, done.refused) == (3, 0)
    assert states(phone) == ["stored"] * 3
    assert all(item.told_at == street.house.clock.now for item in phone.items())
    assert seen_by(phone)[str(report)] == 3
    officer = await street.house.caller(OFFICER)
    ticket = (await officer.get(f"/v1/tickets/{report}")).json()
    assert len(ticket["photos"]) == 2
    assert list((street.folder / OFFICER / "photos").iterdir()) == []


async def test_a_whole_case_is_walked_by_phones(street: Street) -> None:
    officer, unit = await street.phone_of(OFFICER), await street.phone_of(MEMBER)
    checker = await street.phone_of(CHECKER)
    report = stall(officer, photos=[street.picture(1)])
    await street.exchanged(officer, unit)
    unit.step(report, "accept")
    unit.step(report, "rectify", note="已劝离", photos=[street.picture(2, tidy=True)])
    await street.exchanged(unit, checker)
    assert states(unit) == ["stored"] * 3
    checker.step(report, "pass_check", photos=[street.picture(3, tidy=True)])
    await street.exchanged(checker, unit)
    assert await history(street, report) == ["report", "file", "dispatch", "accept", "rectify", "pass_check"]
    assert {t.body["state"] for t in unit.tickets() if t.id == report} == {"closed"}


async def test_steps_on_top_of_own_unsent_work_name_it_and_are_taken(street: Street) -> None:
    phone, unit = await street.phone_of("dispatcher"), await street.phone_of(LEAD)
    report = stall(phone)
    file = phone.step(report, "file", condition=1)
    assert {item.id: item.after for item in phone.items()} == {report: None, file: report}
    await street.exchanged(phone, unit)
    assert states(phone) == ["stored"] * 2
    accept, over = unit.step(report, "accept"), unit.step(report, "hand_over", handler=MEMBER)
    assert {item.id: item.after for item in unit.items()} == {accept: None, over: accept}
    await street.exchanged(unit)
    assert states(unit) == ["stored"] * 2


async def test_a_step_made_before_the_mirror_caught_up_is_no_conflict_with_oneself(street: Street) -> None:
    officer, unit = await street.phone_of(OFFICER), await street.phone_of(LEAD)
    report = stall(officer)
    await street.exchanged(officer, unit)
    accept = unit.step(report, "accept")
    street.network.plan("GET", "/v1/changes", Fault.NEVER_ARRIVES)
    assert (await unit.exchange()).cut is not None
    assert (states(unit), seen_by(unit)[str(report)]) == (["stored"], 3)
    over = unit.step(report, "hand_over", handler=MEMBER)
    assert {item.id: item.after for item in unit.items()}[over] == accept
    await street.exchanged(unit)
    assert states(unit) == ["stored", "stored"]
    assert seen_by(unit)[str(report)] == 5


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_cut_leaves_things_unknown_and_they_go_again_with_the_same_ids(
    street: Street, fault: Fault
) -> None:
    phone = await street.phone_of(OFFICER)
    report = stall(phone, photos=[street.picture()])
    ids = [item.id for item in phone.items()]
    street.network.plan("POST", "/v1/sync", fault)
    assert (await phone.exchange()).cut is not None
    assert states(phone) == ["sent", "sent"]
    await street.exchanged(phone)
    assert states(phone) == ["stored", "stored"]
    assert [item.id for item in phone.items()] == ids
    assert list(seen_by(phone)) == [str(report)]


async def test_an_outbox_of_hundreds_goes_in_batches_in_its_order(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    made = [stall(phone, description=f"第{number}个") for number in range(120)]
    await street.exchanged(phone)
    assert street.network.count("POST", "/v1/sync") == 2
    assert set(states(phone)) == {"stored"}
    officer = await street.house.caller(OFFICER)
    numbers = [(await officer.get(f"/v1/tickets/{one}")).json()["number"] for one in made[::40]]
    assert numbers == sorted(numbers)


async def test_a_server_that_takes_less_at_once_gets_less_at_once(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    for _ in range(60):
        stall(phone, description="很" * 1900)
    await street.exchanged(phone)
    assert street.network.count("POST", "/v1/sync") > 1
    assert set(states(phone)) == {"stored"}


async def test_one_refused_item_spoils_no_other_and_says_why(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone)
    refused = stall(phone, category="X9999")
    follower = phone.step(refused, "file")
    stall(phone)
    done = await street.exchanged(phone)
    assert states(phone) == ["stored", "refused", "refused", "stored"]
    assert (done.stored, done.refused) == (2, 2)
    codes = {item.id: item.problem["code"] for item in phone.items() if item.problem}
    assert codes == {refused: "category_unknown", follower: "after_refused"}
    phone.dismiss(refused)
    phone.dismiss(follower)
    assert states(phone) == ["stored", "stored"]


async def test_a_conflict_shows_what_was_believed_what_is_true_and_who_changed_it(street: Street) -> None:
    officer, unit, lead = [await street.phone_of(one) for one in (OFFICER, MEMBER, LEAD)]
    report = stall(officer)
    await street.exchanged(officer, unit, lead)
    mine = unit.step(report, "return", reason="非本单位")
    lead.step(report, "accept")
    await street.exchanged(lead, unit)
    (conflict,) = unit.conflicts()
    assert (conflict.item_id, conflict.ticket_id, conflict.action) == (mine, report, "return")
    assert (conflict.believed_version, conflict.version, conflict.state) == (3, 4, "in_progress")
    assert "rectify" in conflict.actions
    assert [(change["action"], change["role"]) for change in conflict.changes] == [("accept", "unit_lead")]
    unit.dismiss(mine)
    assert unit.conflicts() == []


async def test_a_step_on_a_ticket_that_left_the_persons_sight_is_a_conflict_too(street: Street) -> None:
    officer, unit, lead = [await street.phone_of(one) for one in (OFFICER, MEMBER, LEAD)]
    ticket = stall(officer)
    await street.exchanged(officer, unit, lead)
    mine = unit.step(ticket, "accept")
    lead.step(ticket, "return", reason="非本单位", photos=[street.picture(4)])
    dispatcher = await street.phone_of("dispatcher")
    await street.exchanged(lead, dispatcher)
    dispatcher.step(ticket, "dispatch", unit="water")
    await street.exchanged(dispatcher, unit)
    (conflict,) = unit.conflicts()
    assert (conflict.item_id, conflict.believed_version, conflict.version) == (mine, 3, None)
    assert seen_by(unit) == {}


async def test_an_answer_to_something_else_confirms_nothing(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone)
    others = {"clock": {"skew_s": 0}, "results": [{"id": str(uuid4()), "status": 201, "body": None}]}
    street.network.answer("POST", "/v1/sync", httpx.Response(200, json=others))
    assert (await phone.exchange()).cut is not None
    assert states(phone) == ["sent"]


async def test_what_the_server_could_not_do_is_tried_again_after_a_while(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    report = stall(phone)
    fault = {"status": 500, "code": "internal", "title": "Something went wrong on our side."}
    result = {"id": str(report), "status": 500, "body": None, "problem": fault}
    answer = {"clock": {"skew_s": 0}, "results": [result]}
    street.network.answer("POST", "/v1/sync", httpx.Response(200, json=answer))
    await street.exchanged(phone)
    (item,) = phone.items()
    assert (item.state, item.problem, item.tries) == ("held", fault, 1)
    set_back = street.open_phone(OFFICER, clock_ahead=timedelta(hours=-3))  # that must not hold it for hours
    await street.exchanged(set_back)
    assert states(set_back) == ["stored"]


async def test_pictures_that_a_killed_app_left_behind_are_swept_but_new_ones_stay(street: Street) -> None:
    street.open_phone(OFFICER).close()
    old, new = (street.folder / OFFICER / "photos" / str(uuid4()) for _ in range(2))
    for file in (old, new):
        file.write_bytes(b"picture")
    os.utime(old, (0, 0))
    street.open_phone(OFFICER)
    assert (old.exists(), new.exists()) == (False, True)


async def test_a_step_that_came_before_its_ticket_waits_and_is_taken_with_it(street: Street) -> None:
    officer, phone = await street.phone_of(OFFICER), await street.phone_of(MEMBER)
    report = stall(officer)
    early = phone.step(report, "accept", version=3)
    await street.exchanged(phone)
    assert states(phone) == ["waiting"]
    await street.exchanged(phone)
    assert states(phone) == ["waiting"]
    await street.exchanged(officer, phone)
    assert states(phone) == ["stored"]
    assert [item.id for item in phone.items()] == [early]
    assert (await history(street, report))[-1] == "accept"


async def test_a_step_that_waited_in_vain_ends_as_a_conflict_with_all_its_facts(street: Street) -> None:
    officer, phone = await street.phone_of(OFFICER), await street.phone_of(MEMBER)
    report = stall(officer)
    phone.step(report, "accept", version=2)
    await street.exchanged(phone)
    await street.exchanged(officer, phone)
    (conflict,) = phone.conflicts()
    assert (conflict.believed_version, conflict.version) == (2, 3)


async def test_a_phone_whose_clock_is_wrong_loses_nothing_and_is_told(street: Street) -> None:
    phone = street.open_phone(OFFICER, clock_ahead=timedelta(hours=2))
    await phone.sign_in(OFFICER, DEMO_PASSWORD)
    stall(phone, photos=[street.picture()])
    done = await street.exchanged(phone)
    assert done.skew_s == -7200
    assert states(phone) == ["stored", "stored"]
