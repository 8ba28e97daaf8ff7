"""Units: read by everybody, made, changed and closed down by administrators."""

from typing import Any

import httpx

from tests.conftest import House

DEPOT: dict[str, Any] = {
    "version": None,
    "name_zh": "养护站",
    "name_en": "Maintenance depot",
    "kind": "enterprise",
    "parent": "municipal",
    "phone": "010-12345678",
    "calendar": "city",
    "is_fallback": False,
    "is_active": True,
}
PATH = "/v1/units/depot"
COMPUTED = ("code", "name", "handed_over_tickets", "handed_over_calls")


async def read(house: House, path: str = PATH, username: str = "admin") -> Any:  # noqa: ANN401  any answer
    answer = await (await house.caller(username)).get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(
    house: House, body: dict[str, Any], path: str = PATH, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await (await house.caller("admin")).put(
        path, json=body, headers={"Accept-Language": "en", **(headers or {})}
    )


async def editable(house: House, path: str = PATH, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a unit as it can be sent back, with changes."""
    shown = await read(house, path)
    return {name: value for name, value in shown.items() if name not in COMPUTED} | changes


async def test_everybody_reads_the_units_with_their_place_in_the_tree(shared_house: House) -> None:
    for username in ("officer01", "member-cityscape", "dispatcher"):
        items = (await read(shared_house, "/v1/units", username))["items"]
        assert [one["code"] for one in items] == sorted(one["code"] for one in items)
        assert {one["code"] for one in items} >= {"cityscape", "street", "water"}
    shown = await read(shared_house, "/v1/units/cityscape", "officer01")
    assert shown in items
    assert shown["version"] == 1


async def test_who_has_the_present_unit_is_not_sent_it_again(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    for path in ("/v1/units", "/v1/units/water"):
        etag = (await officer.get(path)).headers["etag"]
        assert (await officer.get(path, headers={"If-None-Match": etag})).status_code == 304


async def test_a_unit_that_is_not_there_is_not_found(house: House) -> None:
    admin = await house.caller("admin")
    assert (await admin.get("/v1/units/nowhere")).status_code == 404
    answer = await put(house, DEPOT | {"version": 1}, "/v1/units/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_new_unit_is_made_without_a_version_and_takes_tickets_at_once(house: House) -> None:
    answer = await put(house, DEPOT)
    assert (answer.status_code, answer.json()["version"]) == (201, 1), answer.text
    again = await put(house, DEPOT)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    shown = await read(house)
    assert {name: shown[name] for name in DEPOT} == DEPOT | {"version": 1}
    assert shown["name"] == "Maintenance depot"


async def test_a_change_is_a_new_version_and_the_same_content_again_is_none(house: House) -> None:
    await put(house, DEPOT)
    body = await editable(house, phone=None, parent=None)
    first = await put(house, body)
    assert (first.status_code, first.json()["version"], first.json()["phone"]) == (200, 2, None)
    again = await put(house, body)
    assert (again.status_code, again.json()) == (200, first.json())
    admin = await house.caller("admin")
    read_etag = (await admin.get(PATH, headers={"Accept-Language": "en"})).headers["etag"]
    assert first.headers["etag"] == read_etag
    assert read_etag.startswith('"2.')


async def test_whoever_was_slower_learns_the_present_version(house: House) -> None:
    await put(house, DEPOT)
    assert (await put(house, DEPOT | {"version": 1, "name_en": "Depot"})).status_code == 200
    for stale in (1, 3, 0):
        answer = await put(house, DEPOT | {"version": stale})
        told = answer.json()
        assert (answer.status_code, told["code"], told["version"]) == (409, "version_conflict", 2)


async def test_a_version_is_needed_in_the_body_or_by_if_match(house: House) -> None:
    created = await put(house, DEPOT)
    changed = DEPOT | {"name_en": "Depot"}
    assert (await put(house, changed)).status_code == 428
    etag = created.headers["etag"]
    contradicting = await put(house, changed | {"version": 4}, headers={"If-Match": etag})
    assert (contradicting.status_code, contradicting.json()["code"]) == (422, "version_contradicts")
    assert (await put(house, changed, headers={"If-Match": etag})).status_code == 200


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no name": ({"name_zh": ""}, "/name_zh", "string_too_short"),
    "a name without an end": ({"name_en": "x" * 101}, "/name_en", "string_too_long"),
    "a name with a NUL": ({"name_zh": "a\x00b"}, "/name_zh", "value_error"),
    "an unknown kind": ({"kind": "guild"}, "/kind", "enum"),
    "a parent that is not there": ({"parent": "nowhere"}, "/parent", "unit_unknown"),
    "a parent that can be no code": ({"parent": "No Where"}, "/parent", "string_pattern_mismatch"),
    "itself as its parent": ({"parent": "depot"}, "/parent", "unit_loop"),
    "a calendar that is not there": ({"calendar": "lunar"}, "/calendar", "calendar_unknown"),
    "a phone in words": ({"phone": "call me"}, "/phone", "string_pattern_mismatch"),
    "a phone with a line break": ({"phone": "010-1234567\n"}, "/phone", "string_pattern_mismatch"),
    "work handed over by a unit that goes on": (
        {"hand_over_to": "street"},
        "/hand_over_to",
        "hand_over_unexpected",
    ),
    "a version below none": ({"version": -1}, "/version", "greater_than_equal"),
    "a word for a truth": ({"is_active": "perhaps"}, "/is_active", "bool_parsing"),
    "a member too many": ({"colour": "red"}, "/colour", "extra_forbidden"),
}


async def test_a_wrong_unit_is_refused_at_its_field_and_not_stored(house: House) -> None:
    for name, (wrong, pointer, code) in WRONG.items():
        answer = await put(house, DEPOT | wrong)
        assert answer.status_code == 422, f"{name}: {answer.text}"
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)], name
    assert (await (await house.caller("admin")).get(PATH)).status_code == 404


async def test_whatever_is_left_out_is_asked_for(house: House) -> None:
    for member in set(DEPOT) - {"version"}:
        body = {name: value for name, value in DEPOT.items() if name != member}
        errors = (await put(house, body)).json()["errors"]
        assert [(one["pointer"], one["code"]) for one in errors] == [(f"/{member}", "missing")]


async def test_a_code_that_nothing_could_name_is_refused(shared_house: House) -> None:
    for code in ("Depot", "-depot", "de%20pot", "d" * 41, "仓库"):
        answer = await put(shared_house, DEPOT, f"/v1/units/{code}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/path/code"), code


async def test_units_never_go_round_in_a_circle(house: House) -> None:
    await put(house, DEPOT)
    await put(house, DEPOT | {"parent": "depot"}, "/v1/units/yard")
    for parent in ("depot", "yard"):
        answer = await put(house, await editable(house, parent=parent))
        assert (answer.status_code, answer.json()["code"]) == (422, "unit_loop"), parent
    assert (await put(house, await editable(house, parent="water"))).status_code == 200


async def test_a_unit_without_work_is_closed_down_and_opened_again(house: House) -> None:
    await put(house, DEPOT)
    closed = await put(house, await editable(house, is_active=False))
    assert (closed.status_code, closed.json()["is_active"]) == (200, False)
    opened = await put(house, await editable(house, is_active=True))
    assert (opened.status_code, opened.json()["version"]) == (200, 3)
