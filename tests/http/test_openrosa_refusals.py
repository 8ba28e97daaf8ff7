"""What ODK Collect may not send: refused by name, in the protocol's own words."""

from typing import Any
from uuid import uuid4

import pytest

from api.domain.forms import FormKind
from tests.collecting import (
    collect,
    file_part,
    filled,
    problem_of,
    reported,
    said,
    send,
    stall,
    version_of,
    xml_part,
)
from tests.conftest import House


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"category": "E0499"}, "category_unknown", "E0499"),
        ({"category": "stall"}, "category_code_wrong", "/category"),
        ({"category": None}, "missing", "category"),
        ({"condition": "E0406-77"}, "condition_unknown", "77"),
        ({"condition": "P0101-1"}, "choice_unknown", "/condition"),
        ({"place": "39.915"}, "geopoint_wrong", "latitude"),
        ({"place": "116.404 39.915 0 5"}, "geopoint_wrong", "latitude comes first"),
        ({"place": "39.915 116.404 0 -1"}, "geopoint_wrong", "metres"),
        ({"place": "nan nan 0 0"}, "geopoint_wrong", "/place"),
        ({"place": None}, "missing", "place"),
        ({"observed_at": "2026-11-23T09:28:00.000"}, "invalid", "/observed_at"),
        ({"observed_at": "2026-11-24T09:28:00.000+08:00"}, "time_in_future", "future"),
        ({"observed_at": "yesterday"}, "invalid", "/observed_at"),
        ({"description": "x" * 2001}, "invalid", "/description"),
        ({"mood": "bad"}, "field_unknown", "/mood"),
        ({"class_P0101": {"q_depth": "3"}}, "field_unknown", "/class_P0101/q_depth"),
        ({"class_E0406": {"q_depth": "3"}}, "answers_refused", "/answers/depth"),
        ({"self_fix": "perhaps"}, "choice_unknown", "/self_fix"),
        ({"photo_1": "1.jpg", "photo_2": "1.jpg"}, "field_repeated", "/photo_2"),
        ({"photo_1": "x" * 201}, "file_name_wrong", "/photo_1"),
    ],
)
async def test_what_can_t_be_right_is_refused_by_name(
    house: House, changes: dict[str, Any], code: str, word: str
) -> None:
    phone, instance = await collect(house), uuid4()
    answer = await send(phone, xml_part(await reported(phone, instance, **changes)))
    assert problem_of(answer)[1] == code, answer.text
    assert word in said(answer)[1]
    right = await send(phone, xml_part(await reported(phone, instance)))
    assert right.status_code == 201, "what was refused left something behind"


async def test_what_is_no_submission_of_ours_is_refused(house: House) -> None:
    phone = await collect(house)
    version = await version_of(phone)
    good = filled(FormKind.REPORT, version, stall())
    for xml, problem in (
        (good.replace("gridpatrol_report", "census"), (404, "not_found")),
        (good.replace(version, "1"), (422, "form_version_unknown")),
        (filled(FormKind.REPORT, version, stall(), instance=""), (422, "missing")),
        (filled(FormKind.REPORT, version, stall(), instance="x" * 201), (422, "instance_id_too_long")),
        (
            filled(FormKind.REPORT, version, stall(), meta={"deprecatedID": "uuid:1"}),
            (422, "submission_edited"),
        ),
        (good[:-3], (400, "unreadable")),
        ("", (400, "unreadable")),
        (good.replace("?>", '?><!DOCTYPE data [<!ENTITY a "b">]>', 1), (400, "unreadable")),
        ("<a>" * 10_000, (400, "unreadable")),
        (good.replace("水果摊", "x" * 300_000), (400, "unreadable")),
        (good.replace("<orx:meta>", "<place>1 2</place><orx:meta>"), (422, "field_repeated")),
    ):
        assert problem_of(await send(phone, xml_part(xml))) == problem, xml[:300]


async def test_an_instance_without_a_uuid_is_known_again_all_the_same(house: House) -> None:
    phone = await collect(house)
    xml = filled(FormKind.REPORT, await version_of(phone), stall(), instance="2026/十一/1")
    first = await send(phone, xml_part(xml))
    again = await send(phone, xml_part(xml))
    assert (first.status_code, again.status_code) == (201, 201)
    assert said(first) == said(again)


async def test_parts_that_are_none_of_a_submission_are_refused(house: House) -> None:
    phone = await collect(house)
    xml = xml_part(await reported(phone, uuid4()))
    for parts, code in (
        ((file_part("1.jpg", b""),), "missing"),
        ((xml, xml), "field_repeated"),
        ((xml, ("note", None, None, b"x")), "field_unknown"),
        ((xml, file_part("1.jpg", b"1"), file_part("1.jpg", b"2")), "field_repeated"),
    ):
        assert problem_of(await send(phone, *parts)) == (422, code)
    plain = await phone.post("/openrosa/submission", content=xml[3], headers={"Content-Type": "text/xml"})
    assert problem_of(plain) == (415, "not_multipart")


async def test_more_than_is_taken_at_once_is_refused_in_the_protocols_words(house: House) -> None:
    phone = await collect(house)
    xml = xml_part(await reported(phone, uuid4(), photo_1="1.jpg"))
    answer = await send(phone, xml, file_part("1.jpg", bytes(26 * 1024 * 1024)))
    assert problem_of(answer) == (413, "too_large")
    assert answer.headers["x-openrosa-version"] == "1.0"


async def test_addresses_that_are_none_are_answered_in_the_protocols_words(house: House) -> None:
    phone = await collect(house)
    for address in (
        "/openrosa/nothing",
        "/openrosa/forms/census",
        "/openrosa/forms/gridpatrol_check/media/x.csv",
    ):
        assert problem_of(await phone.get(address)) == (404, "not_found"), address
