"""Classes: read by everybody, changed and retired by administrators; what is over stays with its tickets."""

from typing import Any

import pytest

from tests.conftest import House
from tests.http.class_editing import (
    CHANGES,
    CLASSES,
    COVER,
    NEW,
    STALL,
    VERSIONS,
    editable,
    put,
    read,
    retired,
    stored,
)
from tests.http.rule_editing import wrong
from tests.http.side_ways import checked, fixed
from tests.http.walking import accepted, report, stall, step, stepped

PATH = f"{CLASSES}/E9001"


def without_versions(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "version"}


async def test_everybody_reads_a_class_in_both_languages(shared_house: House) -> None:
    for username in ("officer01", "member-cityscape", "dispatcher", "admin"):
        shown = await read(shared_house, COVER, username)
        assert (shown["name"], shown["minor_zh"]) == ("Water supply manhole cover", "上水井盖")
        assert [one["number"] for one in shown["conditions"]] == [1, 2, 3, 4]
        assert shown["conditions"][0]["limit"] == {
            "value": 2,
            "unit": "urgent_hour",
            "text": "2 urgent hours",
        }
        assert (shown["version"], shown["is_active"], shown["questions"]) == (1, True, None)
    officer = await shared_house.caller("officer01")
    etag = (await officer.get(COVER)).headers["etag"]
    assert (await officer.get(COVER, headers={"If-None-Match": etag})).status_code == 304
    assert (await officer.get(f"{CLASSES}/P9999")).status_code == 404
    assert (await officer.get(f"{CLASSES}/cover")).status_code == 422


async def test_a_class_that_is_sent_back_as_it_was_read_changes_nothing(house: House) -> None:
    before = (await read(house, "/v1/catalog"))["version"]
    for path in (COVER, STALL, f"{CLASSES}/E0101"):
        answer = await put(house, without_versions(await editable(house, path)), path)
        assert (answer.status_code, answer.json()["version"], answer.json()["warnings"]) == (200, 1, [])
    assert (await read(house, "/v1/catalog"))["version"] == before
    assert len((await read(house, VERSIONS))["items"]) == 1


async def test_a_new_class_can_be_reported_at_once(house: House) -> None:
    answer = await put(house, NEW)
    assert (answer.status_code, answer.json()["version"]) == (201, 1), answer.text
    again = await put(house, NEW)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    ticket = await report(house, category="E9001")
    assert (ticket["category"], ticket["state"]) == ("E9001", "assigned")


async def test_a_change_is_a_version_of_the_class_and_of_the_catalogue_and_is_kept(house: House) -> None:
    etag = (await (await house.caller("officer01")).get("/v1/catalog")).headers["etag"]
    body = await editable(house)
    body["conditions"][1]["limit"] = {"value": 1, "unit": "working_day"}
    answer = await put(house, body | {"minor_en": "Water cover"}, COVER)
    assert (answer.status_code, answer.json()["version"]) == (200, 2), answer.text
    assert answer.headers["etag"].startswith('"2.')
    fresh = await (await house.caller("officer01")).get("/v1/catalog", headers={"If-None-Match": etag})
    assert fresh.status_code == 200
    newest, first = (await read(house, VERSIONS, "supervisor"))["items"]
    assert newest == {
        "number": 2,
        "at": newest["at"],
        "by": newest["by"],
        "source": "edit",
        "added": 0,
        "changed": 2,
        "retired": 0,
    }
    assert (first["source"], first["by"], first["added"]) == ("classes.csv", None, 143 + 339)
    kept = (await read(house, f"{CHANGES}?noun=condition&code=P0101-2"))["items"][0]
    assert kept["fields"] == ["limit"]
    assert kept["before"]["limit"] == {"value": 4, "unit": "working_hour"}
    kept = (await read(house, f"{CHANGES}?noun=category&code=P0101"))["items"][0]
    assert kept["fields"] == ["minor_en"]


async def test_versions_come_in_pages(house: House) -> None:
    for name in ("A", "B"):
        await stored(house, STALL, minor_en=name)
    first = await read(house, f"{VERSIONS}?limit=2")
    rest = await read(house, f"{VERSIONS}?limit=2&cursor={first['next']}")
    assert [one["number"] for one in first["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next"] is None


async def test_whoever_was_slower_learns_the_present_version(house: House) -> None:
    body = await editable(house, minor_en="Cover")
    assert (await put(house, body, COVER)).status_code == 200
    late = await put(house, body | {"minor_en": "Lid"}, COVER)
    assert (late.status_code, late.json()["code"], late.json()["version"]) == (409, "version_conflict", 2)
    blind = await put(house, without_versions(body) | {"minor_en": "Lid"}, COVER)
    assert (blind.status_code, blind.json()["code"]) == (428, "version_needed")
    missing = await put(house, NEW | {"version": 3})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    etag = (await (await house.caller("admin")).get(COVER)).headers["etag"]
    by_etag = await put(house, without_versions(body) | {"minor_en": "Lid"}, COVER, {"If-Match": etag})
    assert by_etag.json()["version"] == 3


CONDITION = NEW["conditions"][0]
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no name": ({"minor_zh": ""}, "/minor_zh", "string_too_short"),
    "a name with a line break": ({"minor_zh": "a\nb"}, "/minor_zh", "value_error"),
    "a name with a NUL": ({"minor_en": "a\x00b"}, "/minor_en", "value_error"),
    "blanks around a name": ({"minor_en": " a"}, "/minor_en", "value_error"),
    "no condition": ({"conditions": []}, "/conditions", "too_short"),
    "a condition twice": ({"conditions": [CONDITION] * 2}, "/conditions/1/number", "condition_repeated"),
    "condition nought": (
        {"conditions": [CONDITION | {"number": 0}]},
        "/conditions/0/number",
        "greater_than_equal",
    ),
    "only retired conditions": (
        {"conditions": [CONDITION | {"is_active": False}]},
        "/conditions",
        "conditions_all_retired",
    ),
    "minutes": (
        {"conditions": [CONDITION | {"limit": {"value": 1, "unit": "working_minute"}}]},
        "/conditions/0/limit/unit",
        "literal_error",
    ),
    "a milestone past the limit": (
        {
            "conditions": [
                CONDITION
                | {
                    "milestones": [
                        {"name_zh": "停", "name_en": "stop", "limit": {"value": 9, "unit": "working_day"}}
                    ]
                }
            ]
        },
        "/conditions/0/milestones",
        "milestones_end_elsewhere",
    ),
    "another name of its major class": ({"major_zh": "别的"}, "/major_zh", "major_differs"),
    "a question that is none": ({"questions": {"type": "object"}}, "/questions", "question_wrong"),
    "an unknown field": ({"colour": "red"}, "/colour", "extra_forbidden"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_can_not_be_meant_is_refused_where_it_is(shared_house: House, name: str) -> None:
    change, pointer, code = WRONG[name]
    sent = NEW | {"major_zh": "街面秩序", "major_en": "Street order"} | change
    answer = await put(shared_house, sent, f"{CLASSES}/E0477")
    assert wrong(answer) == [(pointer, code)]
    assert (await (await shared_house.caller("admin")).get(f"{CLASSES}/E0477")).status_code == 404


async def test_a_code_is_in_force_in_one_scheme_at_a_time(house: House) -> None:
    body = await editable(house, STALL, scheme="cjt214-2007", version=None)
    assert wrong(await put(house, body, STALL)) == [("/scheme", "scheme_in_use")]
    await stored(house, STALL, is_active=False)
    answer = await put(house, body | {"minor_zh": "店外经营", "is_active": True}, STALL)
    assert (answer.status_code, answer.json()["version"]) == (201, 1), answer.text
    assert (await read(house, STALL))["scheme"] == "cjt214-2007"
    back = await put(house, body | {"scheme": "gbt30428-2013", "version": 2, "is_active": True}, STALL)
    assert wrong(back) == [("/scheme", "scheme_in_use")]


async def test_a_retired_class_is_unknown_to_reports_and_known_to_its_tickets(house: House) -> None:
    ticket = await accepted(house)
    shown = await stored(house, STALL, is_active=False)
    assert [one["code"] for one in shown["warnings"]] == ["rules_left"]
    officer = await house.caller("officer01")
    refused = await officer.put("/v1/reports/00000000-0000-4000-8000-000000000001", json=stall(house))
    assert wrong(refused) == [("/category", "category_unknown")]
    catalog = await read(house, "/v1/catalog")
    assert "E0406" not in {one["code"] for one in catalog["classes"]}
    ticket = await checked(house, await fixed(house, f"member-{ticket['unit']['code']}", ticket))
    assert (ticket["state"], ticket["category"]) == ("closed", "E0406")
    again = await stored(house, STALL, is_active=True)
    assert (again["version"], again["warnings"]) == (3, [])
    await report(house)


async def test_a_retired_condition_is_unknown_to_reports_and_its_ticket_lives_on(house: House) -> None:
    ticket = await report(house, "dispatcher", category="P0101", condition=2, source="hotline")
    other = await report(house, "dispatcher", category="P0101", condition=3, source="hotline")
    assert ticket["state"] == "reported"
    shown = await retired(house, COVER, 2)
    assert [one["number"] for one in shown["conditions"] if not one["is_active"]] == [2]
    classes = (await read(house, "/v1/catalog"))["classes"]
    cover = next(one for one in classes if one["code"] == "P0101")
    assert [one["number"] for one in cover["conditions"]] == [1, 3, 4]
    officer = await house.caller("officer01")
    sent = stall(house, category="P0101", condition=2)
    refused = await officer.put("/v1/reports/00000000-0000-4000-8000-000000000002", json=sent)
    assert wrong(refused) == [("/condition", "condition_unknown")]
    moved = await step(house, "dispatcher", other, "file", condition=2)
    assert wrong(moved) == [("/condition", "condition_unknown")]
    # Its own condition may be named again, and holds through the ticket's whole life.
    ticket = await stepped(house, "dispatcher", ticket, "file", condition=2)
    assert (ticket["condition"], ticket["state"]) == (2, "assigned")
    member = f"member-{ticket['unit']['code']}"
    ticket = await stepped(house, member, ticket, "accept")
    ticket = await checked(house, await fixed(house, member, ticket))
    assert (ticket["state"], ticket["condition"]) == ("closed", 2)


async def test_a_condition_that_is_left_out_is_retired_and_comes_back_as_it_was(house: House) -> None:
    body = await editable(house)
    answer = await put(house, body | {"conditions": body["conditions"][1:]}, COVER)
    assert [one["is_active"] for one in answer.json()["conditions"]] == [False, True, True, True]
    back = await put(house, body | {"version": 2}, COVER)
    assert [one["is_active"] for one in back.json()["conditions"]] == [True] * 4
    newest = (await read(house, VERSIONS))["items"][:2]
    assert [(one["added"], one["changed"], one["retired"]) for one in newest] == [(0, 1, 0), (0, 0, 1)]


async def test_open_tickets_keep_their_due_time_and_are_counted_when_a_limit_changes(house: House) -> None:
    ticket = await report(house)
    await report(house, category="P0101", condition=1)
    body = await editable(house, STALL)
    body["conditions"][0]["limit"] = {"value": 9, "unit": "calendar_day"}
    answer = await put(house, body, STALL)
    (warning,) = answer.json()["warnings"]
    assert (warning["code"], warning["detail"].split()[0]) == ("recompute_needed", "1")
    seen = await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher")
    assert seen["due_at"] == ticket["due_at"]
    renamed = await stored(house, STALL, minor_en="Stalls")
    assert renamed["warnings"] == []


async def test_only_administrators_change_classes_and_officers_read_no_versions(house: House) -> None:
    body = await editable(house, STALL, minor_en="Mine")
    for username in ("officer01", "dispatcher", "supervisor", "lead-cityscape"):
        answer = await (await house.caller(username)).put(STALL, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
    assert (await (await house.caller("officer01")).get(VERSIONS)).status_code == 403
