"""ODK Collect as a field client: it gets its forms, and what it sends becomes reports and steps."""

import base64
import csv
import io
import json
import zlib
from hashlib import md5
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api import openrosa
from api.domain.errors import NotConfigured
from api.domain.forms import FormKind
from api.domain.submissions import photo_id_of
from tests.collecting import (
    INCOMPLETE,
    LIST,
    MANIFEST,
    collect,
    document,
    file_part,
    filled,
    problem_of,
    reported,
    said,
    send,
    set_up,
    stall,
    version_of,
    xml_part,
)
from tests.conftest import House
from tests.example_photos import street_picture
from tests.http.class_editing import stored
from tests.http.walking import CHECKER, FINDER, rectified, report, stepped

HERE = "http://127.0.0.1:8000"
STALLS = "/v1/catalog/classes/E0406"


def picture(house: House, seed: int = 1) -> bytes:
    return street_picture(seed, taken_at=house.clock.now)


async def ticket_of(house: House, instance: UUID, username: str = FINDER) -> dict[str, Any]:
    answer = await (await house.caller(username)).get(f"/v1/tickets/{instance}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_collect_is_set_up_by_a_code(house: House) -> None:
    told = await set_up(house)
    settings = json.loads(zlib.decompress(base64.b64decode(told["settings"])))
    assert settings["general"]["server_url"] == told["server_url"] == f"{HERE}/openrosa"
    assert settings["general"]["username"] == FINDER
    assert settings["general"]["password"] == told["token"]
    assert told["qr_svg"].startswith("<svg")


async def test_the_list_names_each_form_with_the_hash_of_its_bytes(house: House) -> None:
    phone = await collect(house)
    answer = await phone.get("/openrosa/formList", params={"deviceID": "collect:1", "verbose": "true"})
    assert answer.headers["x-openrosa-version"] == "1.0"
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    forms = document(answer).findall(f"{LIST}xform")
    assert [one.findtext(f"{LIST}formID") for one in forms] == [kind.value for kind in FormKind]
    for one in forms:
        form = await phone.get((one.findtext(f"{LIST}downloadUrl") or "").removeprefix(HERE))
        assert one.findtext(f"{LIST}hash") == f"md5:{md5(form.content, usedforsecurity=False).hexdigest()}"
        assert f'version="{one.findtext(f"{LIST}version")}"' in form.text
        assert one.findtext(f"{LIST}descriptionText")


def test_without_a_public_address_nobody_is_sent_anywhere() -> None:
    with pytest.raises(NotConfigured):
        openrosa.address(None)
    assert openrosa.address("https://grids.example.cn") == "https://grids.example.cn/openrosa"


async def test_the_list_tells_of_one_form_when_asked_for_one(house: House) -> None:
    phone = await collect(house)
    for form_id, count in (("gridpatrol_check", 1), ("another", 0)):
        answer = await phone.get("/openrosa/formList", params={"formID": form_id})
        assert len(document(answer)) == count


async def test_a_change_of_the_catalogue_changes_the_form_of_reports_alone(house: House) -> None:
    phone = await collect(house)
    before = {kind: await version_of(phone, kind) for kind in FormKind}
    await stored(house, STALLS, minor_zh="占道经营，改名")
    after = {kind: await version_of(phone, kind) for kind in FormKind}
    assert after[FormKind.REPORT] != before[FormKind.REPORT]
    assert after[FormKind.CHECK] == before[FormKind.CHECK]
    older = filled(FormKind.REPORT, before[FormKind.REPORT], stall())
    assert (await send(phone, xml_part(older))).status_code == 201


async def test_a_report_with_its_picture_becomes_a_ticket(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    asked = await phone.head("/openrosa/submission", params={"deviceID": "collect:1"})
    assert asked.status_code == 204
    assert asked.headers["location"] == f"{HERE}/openrosa/submission"
    assert int(asked.headers["x-openrosa-accept-content-length"]) == 25 * 1024 * 1024
    xml = await reported(phone, instance, photo_1="1.jpg", address="东大街3号")
    answer = await send(phone, xml_part(xml), file_part("1.jpg", picture(house)))
    assert answer.status_code == 201, answer.text
    ticket = await ticket_of(house, instance)
    assert said(answer) == ("submit_success", f"已收到，案卷号 {ticket['number']}。")
    assert (ticket["category"], ticket["condition"], ticket["state"]) == ("E0406", 1, "assigned")
    assert (ticket["address"], ticket["description"]) == ("东大街3号", "水果摊占用人行道")
    assert ticket["place"] == {"longitude": 116.404, "latitude": 39.915, "crs": "wgs84"}
    assert [photo["purpose"] for photo in ticket["photos"]] == ["before"]


async def test_the_same_again_is_the_same_success_and_changes_nothing(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    parts = (xml_part(await reported(phone, instance, photo_1="1.jpg")), file_part("1.jpg", picture(house)))
    first = await send(phone, *parts)
    before = await ticket_of(house, instance)
    await stored(house, STALLS, is_active=False)  # what it meant then, it means
    again = await send(phone, *parts)
    assert (again.status_code, said(again)) == (201, said(first))
    assert await ticket_of(house, instance) == before


async def test_another_content_under_the_same_instance_is_a_conflict(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    await send(phone, xml_part(await reported(phone, instance)))
    other = await send(phone, xml_part(await reported(phone, instance, description="另一件")))
    assert problem_of(other) == (409, "id_taken")
    assert "sent before" in said(other)[1]
    stranger = await collect(house, "officer02")
    theirs = await send(stranger, xml_part(await reported(stranger, instance)))
    assert problem_of(theirs) == (409, "id_taken")
    assert (await ticket_of(house, instance))["description"] == "水果摊占用人行道"


async def test_pictures_come_in_several_requests(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    xml = xml_part(await reported(phone, instance, photo_1="1.jpg", photo_2="2.jpg"))
    first = await send(phone, xml, file_part("1.jpg", picture(house)), INCOMPLETE)
    assert (first.status_code, said(first)[0]) == (202, "submit_pending")
    assert "2.jpg" in said(first)[1]
    waiting = await ticket_of(house, instance)
    assert waiting["triage"]["code"] == "photos_awaited"
    awaited = [one["id"] for one in waiting["awaited_photos"]]
    assert awaited == [str(photo_id_of(instance, "2.jpg"))]
    last = await send(phone, xml, file_part("2.jpg", picture(house, 2), None))
    assert (last.status_code, said(last)[0]) == (201, "submit_success")
    ticket = await ticket_of(house, instance)
    assert (ticket["state"], len(ticket["photos"])) == ("assigned", 2)


async def test_a_picture_that_was_lost_is_named_and_the_report_waits(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    answer = await send(phone, xml_part(await reported(phone, instance, photo_1="1.jpg")))
    assert (answer.status_code, said(answer)[0]) == (202, "submit_pending")
    assert (await ticket_of(house, instance))["triage"]["code"] == "photos_awaited"


async def test_a_picture_that_the_form_does_not_name_is_refused_before_anything_is_done(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    xml = xml_part(await reported(phone, instance, photo_1="1.jpg"))
    answer = await send(phone, xml, file_part("1.jpg", picture(house)), file_part("2.jpg", picture(house, 2)))
    assert problem_of(answer) == (422, "attachment_unnamed")
    assert "2.jpg" in said(answer)[1]
    assert (await (await house.caller(FINDER)).get(f"/v1/tickets/{instance}")).status_code == 404


async def test_a_file_that_is_no_picture_is_named_and_the_others_are_kept(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    xml = xml_part(await reported(phone, instance, photo_1="1.jpg", photo_2="2.jpg"))
    answer = await send(phone, xml, file_part("1.jpg", b"no picture"), file_part("2.jpg", picture(house)))
    assert problem_of(answer)[1] == "not_an_image"
    assert said(answer)[1].startswith("1.jpg: ")
    assert len((await ticket_of(house, instance))["photos"]) == 1


async def test_other_bytes_under_the_name_of_a_picture_are_a_conflict(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    xml = xml_part(await reported(phone, instance, photo_1="1.jpg"))
    await send(phone, xml, file_part("1.jpg", picture(house)))
    other = await send(phone, xml, file_part("1.jpg", picture(house, 2)))
    assert problem_of(other) == (409, "id_taken")


async def test_a_picture_is_what_its_bytes_say_whatever_the_phone_guessed(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    xml = xml_part(await reported(phone, instance, photo_1="照片.png", photo_2="2"))
    answer = await send(
        phone,
        xml,
        file_part("照片.png", picture(house), "image/png"),
        file_part("2", picture(house, 2), "application/octet-stream"),
    )
    assert answer.status_code == 201, answer.text


async def test_collects_own_record_of_the_filling_is_let_pass(house: House) -> None:
    phone = await collect(house)
    xml = filled(FormKind.REPORT, await version_of(phone), stall(), meta={"audit": "audit.csv"})
    answer = await send(phone, xml_part(xml), file_part("audit.csv", b"event,node\n", "text/csv"))
    assert answer.status_code == 201, answer.text


async def test_a_fix_on_the_spot_is_filed_when_both_pictures_are_here(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    xml = xml_part(await reported(phone, instance, photo_1="1.jpg", self_fix="yes", photo_after="2.jpg"))
    first = await send(phone, xml, file_part("1.jpg", picture(house)), INCOMPLETE)
    assert (first.status_code, said(first)[1]) == (202, "已收到。还缺照片：2.jpg。")
    assert (await (await house.caller(FINDER)).get(f"/v1/tickets/{instance}")).status_code == 404
    last = await send(phone, xml, file_part("2.jpg", picture(house, 2)))
    assert last.status_code == 201, last.text
    ticket = await ticket_of(house, instance)
    assert sorted(photo["purpose"] for photo in ticket["photos"]) == ["after", "before"]


async def choices(phone: httpx.AsyncClient) -> list[dict[str, str]]:
    """Return the tickets that the form for checks offers, as a phone gets them by the manifest."""
    files = document(await phone.get("/openrosa/forms/gridpatrol_check/manifest")).findall(
        f"{MANIFEST}mediaFile"
    )
    assert [one.findtext(f"{MANIFEST}filename") for one in files] == ["tickets.csv"]
    answer = await phone.get((files[0].findtext(f"{MANIFEST}downloadUrl") or "").removeprefix(HERE))
    told = md5(answer.content, usedforsecurity=False).hexdigest()
    assert files[0].findtext(f"{MANIFEST}hash") == f"md5:{told}"
    return list(csv.DictReader(io.StringIO(answer.text)))


async def checked(phone: httpx.AsyncClient, offered: dict[str, str], **answers: Any) -> str:  # noqa: ANN401  any
    told = {"ticket": offered["name"], **{name: offered[name] for name in ("version", "task", "proof")}}
    fields = {**told, "at": "2026-11-23T09:29:00.000+08:00", "photo_1": "check.jpg", **answers}
    return filled(FormKind.CHECK, await version_of(phone, FormKind.CHECK), fields)


async def test_a_repair_is_checked_with_a_picture(house: House) -> None:
    ticket = await rectified(house)
    phone = await collect(house, CHECKER)
    offered = await choices(phone)
    assert [(one["name"], one["task"], one["proof"]) for one in offered] == [(ticket["id"], "check", "yes")]
    assert ticket["number"] in offered[0]["label"]
    parts = (
        xml_part(await checked(phone, offered[0], result="passed")),
        file_part("check.jpg", picture(house)),
    )
    answer = await send(phone, *parts)
    assert (answer.status_code, said(answer)[1]) == (201, f"已收到，案卷号 {ticket['number']}。")
    assert (await ticket_of(house, ticket["id"], CHECKER))["state"] == "closed"
    assert (await send(phone, *parts)).status_code == 201
    assert await choices(phone) == []


async def test_a_check_is_taken_when_its_last_picture_is_here(house: House) -> None:
    ticket = await rectified(house)
    phone = await collect(house, CHECKER)
    [offered] = await choices(phone)
    told = {"result": "failed", "reason": "还在", "photo_2": "more.jpg"}
    xml = xml_part(await checked(phone, offered, **told))
    first = await send(phone, xml, file_part("check.jpg", picture(house)), INCOMPLETE)
    assert (first.status_code, said(first)[0]) == (202, "submit_pending")
    assert (await ticket_of(house, ticket["id"], CHECKER))["state"] == "rectified"
    last = await send(phone, xml, file_part("more.jpg", picture(house, 2)))
    assert last.status_code == 201, last.text
    after = await ticket_of(house, ticket["id"], CHECKER)
    assert (after["state"], after["rework_count"]) == ("in_progress", 1)


async def test_a_check_of_what_has_changed_since_is_a_conflict(house: House) -> None:
    ticket = await rectified(house)
    phone = await collect(house, CHECKER)
    [offered] = await choices(phone)
    await stepped(house, "supervisor", ticket, "urge", note="快点")
    xml = xml_part(await checked(phone, offered, result="passed"))
    answer = await send(phone, xml, file_part("check.jpg", picture(house)))
    assert problem_of(answer) == (409, "version_conflict")


async def test_whoever_reported_it_is_not_offered_its_check_and_may_not_take_it(house: House) -> None:
    ticket = await rectified(house)
    phone = await collect(house, FINDER)
    assert await choices(phone) == []
    offered = {"name": ticket["id"], "version": str(ticket["version"]), "task": "check", "proof": "yes"}
    xml = xml_part(await checked(phone, offered, result="passed"))
    answer = await send(phone, xml, file_part("check.jpg", picture(house)))
    assert problem_of(answer)[0] in {403, 409}


async def test_a_tip_is_verified(house: House) -> None:
    tip = await report(house, "dispatcher", source="hotline")
    await stepped(house, "dispatcher", tip, "ask_verification")
    phone = await collect(house, FINDER)
    [offered] = await choices(phone)
    assert offered["task"] == "verification"
    xml = xml_part(await checked(phone, offered, confirmed="yes", note="属实"))
    answer = await send(phone, xml, file_part("check.jpg", picture(house)))
    assert answer.status_code == 201, answer.text
    assert (await ticket_of(house, tip["id"]))["state"] == "reported"


async def test_the_questions_of_a_class_are_asked_and_answered(house: House) -> None:
    questions = {
        "type": "object",
        "properties": {
            "area_m2": {"type": "number", "title": "面积 ${x}", "x-title-en": "Area", "minimum": 0},
            "goods": {
                "type": "array",
                "title": "货品",
                "x-title-en": "Goods",
                "items": {"type": "string", "enum": ["fruit", "旧 衣服"]},
            },
            "lit": {"type": "boolean", "title": "亮灯", "x-title-en": "Lit"},
        },
        "required": ["area_m2"],
    }
    await stored(house, STALLS, questions=questions)
    phone, instance = await collect(house), uuid4()
    form = (await phone.get("/openrosa/forms/gridpatrol_report")).text
    worn = next(one for one in form.split("<name>") if one.startswith("v")).partition("<")[0]
    group = {"q_area_m2": "3.5", "q_goods": f"fruit {worn}", "q_lit": "no"}
    answer = await send(phone, xml_part(await reported(phone, instance, class_E0406=group)))
    assert answer.status_code == 201, answer.text
    answers = (await ticket_of(house, instance))["answers"]
    assert answers == {"area_m2": 3.5, "goods": ["fruit", "旧 衣服"], "lit": False}
    missing = await send(phone, xml_part(await reported(phone, uuid4(), class_E0406={"q_lit": "yes"})))
    assert problem_of(missing) == (422, "answers_refused")
    assert "/answers/area_m2" in said(missing)[1]


async def test_messages_are_in_the_language_of_the_phone(house: House) -> None:
    phone = await collect(house)
    phone.headers["Accept-Language"] = "en"
    answer = await send(phone, xml_part(await reported(phone, uuid4())))
    assert answer.headers["content-language"] == "en"
    assert said(answer)[1].startswith("Received: ticket ")
