"""ODK Collect as a field client: it gets its forms, and what it sends becomes reports and steps."""

import base64
import csv
import io
import json
import zlib
from hashlib import md5
from uuid import uuid4
from xml.etree.ElementTree import fromstring

import pytest

from api.domain.forms import FormKind
from tests.collecting import (
    INCOMPLETE,
    LIST,
    MANIFEST,
    collect,
    file_part,
    filled,
    problem_of,
    said,
    send,
    set_up,
    stall,
    version_of,
    xml_part,
)
from tests.conftest import House
from tests.example_photos import street_picture
from tests.http.walking import CHECKER, FINDER, photo, rectified, report, stepped

HERE = "http://127.0.0.1:8000/openrosa"


async def test_collect_is_set_up_by_a_code(house: House) -> None:
    told = await set_up(house)
    settings = json.loads(zlib.decompress(base64.b64decode(told["settings"])))
    assert settings["general"]["server_url"] == told["server_url"] == HERE
    assert settings["general"]["username"] == FINDER
    assert settings["general"]["password"] == told["token"]
    assert told["qr_svg"].startswith("<svg")


async def test_the_list_names_each_form_with_the_hash_of_its_bytes(house: House) -> None:
    phone = await collect(house)
    answer = await phone.get("/openrosa/formList", params={"deviceID": "collect:1", "verbose": "true"})
    assert answer.headers["x-openrosa-version"] == "1.0"
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    forms = fromstring(answer.content).findall(f"{LIST}xform")
    assert [one.findtext(f"{LIST}formID") for one in forms] == [kind.value for kind in FormKind]
    for one in forms:
        url = one.findtext(f"{LIST}downloadUrl") or ""
        form = await phone.get(url.removeprefix("http://127.0.0.1:8000"))
        assert one.findtext(f"{LIST}hash") == f"md5:{md5(form.content, usedforsecurity=False).hexdigest()}"
        assert f'version="{one.findtext(f"{LIST}version")}"' in form.text
        assert one.findtext(f"{LIST}descriptionText")


async def test_a_report_with_its_picture_becomes_a_ticket(house: House) -> None:
    phone, instance = await collect(house), uuid4()
    xml = filled(FormKind.REPORT, await version_of(phone), stall(photo_1="1.jpg"), instance=instance)
    picture = street_picture(taken_at=house.clock.now)
    asked = await phone.head("/openrosa/submission", params={"deviceID": "collect:1"})
    assert asked.status_code == 204
    assert asked.headers["location"] == f"{HERE}/submission"
    assert int(asked.headers["x-openrosa-accept-content-length"]) == 25 * 1024 * 1024
    answer = await send(phone, xml_part(xml), file_part("1.jpg", picture))
    assert answer.status_code == 201, answer.text
    ticket = (await (await house.caller(FINDER)).get(f"/v1/tickets/{instance}")).json()
    assert said(answer) == ("submit_success", f"已收到，案卷号 {ticket['number']}。")
    assert (ticket["category"], ticket["state"]) == ("E0406", "assigned")
    assert len(ticket["photos"]) == 1
