"""Policies: everybody reads them with their defaults, administrators change them as a whole."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, insert
from sqlmodel import col

from api.models import Policy
from tests.conftest import House
from tests.http.walking import report


async def listed(house: House) -> tuple[str, dict[str, Any]]:
    answer = await (await house.caller("admin")).get("/v1/policies")
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"], {one["key"]: one["value"] for one in answer.json()["items"]}


async def put(house: House, values: dict[str, Any], etag: str | None) -> httpx.Response:
    headers = {"If-Match": etag} if etag else {}
    return await (await house.caller("admin")).put("/v1/policies", json={"values": values}, headers=headers)


async def test_everybody_reads_the_policies_beside_their_defaults(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    answer = await officer.get("/v1/policies")
    radius = next(one for one in answer.json()["items"] if one["key"] == "duplicate_radius_m")
    assert radius == {"key": "duplicate_radius_m", "value": 50.0, "default": 50.0, "is_default": True}
    etag = answer.headers["etag"]
    assert (await officer.get("/v1/policies", headers={"If-None-Match": etag})).status_code == 304


async def test_a_changed_policy_is_used_by_the_next_request_and_kept(house: House) -> None:
    etag, values = await listed(house)
    outside = {"longitude": 116.404, "latitude": 39.90505, "crs": "wgs84"}
    changed = values | {"grid_tolerance_m": 10_000, "grid_tolerance_max_m": 10_000}
    answer = await put(house, changed, etag)
    assert answer.status_code == 200, answer.text
    assert answer.json()["changed"] == ["grid_tolerance_m", "grid_tolerance_max_m"]
    assert answer.headers["etag"] == (await listed(house))[0] != etag
    officer = await house.caller("officer01")
    located = await officer.get("/v1/grids/locate", params=outside)
    assert located.json()["reason"] in {"nearest", "inside"}
    history = await (await house.caller("admin")).get("/v1/reference/changes?noun=policy")
    # Those that nobody made came with the street.
    made = [one for one in history.json()["items"] if one["by"]]
    assert [(one["code"], one["before"], one["after"]) for one in made] == [
        ("grid_tolerance_max_m", {"value": 200.0}, {"value": 10_000.0}),
        ("grid_tolerance_m", {"value": 50.0}, {"value": 10_000.0}),
    ]


async def test_what_is_left_out_has_its_default_again(house: House) -> None:
    etag, values = await listed(house)
    answer = await put(house, values | {"close_after_check": False}, etag)
    again = await put(house, {}, answer.headers["etag"])
    assert again.json()["changed"] == ["close_after_check", "only_assignees_check"]
    assert all(one["is_default"] for one in again.json()["items"])


async def test_the_same_policies_again_change_nothing(house: House) -> None:
    etag, values = await listed(house)
    for _ in range(2):
        answer = await put(house, values, etag)
        assert (answer.status_code, answer.json()["changed"], answer.headers["etag"]) == (200, [], etag)


async def test_whoever_did_not_see_the_present_policies_changes_nothing(house: House) -> None:
    etag, values = await listed(house)
    assert (await put(house, values, None)).status_code == 428
    await put(house, values | {"reopen_max_days": 5}, etag)
    stale = await put(house, values | {"reopen_max_days": 6}, etag)
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    assert (await put(house, values, "W/nonsense")).json()["code"] == "if_match_wrong"
    assert (await listed(house))[1]["reopen_max_days"] == 5


@pytest.mark.parametrize(
    ("values", "pointer", "code"),
    [
        ({"light_yellow_share": 7}, "/values/light_yellow_share", "policy_out_of_range"),
        ({"light_yelow_share": 0.8}, "/values/light_yelow_share", "policy_unknown"),
        ({"close_after_check": "yes"}, "/values/close_after_check", "policy_mistyped"),
        (
            {"intake_limit": {"minutes": 5, "calendar": "nobodys"}},
            "/values/intake_limit/calendar",
            "calendar_unknown",
        ),
        ({"grid_tolerance_m": 900}, "/values/grid_tolerance_max_m", "policy_at_odds"),
    ],
)
async def test_a_policy_that_can_not_be_meant_is_refused_at_its_place(
    house: House, values: dict[str, Any], pointer: str, code: str
) -> None:
    etag, before = await listed(house)
    answer = await put(house, before | values, etag)
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert (await listed(house)) == (etag, before)


async def test_a_stage_limit_counts_from_the_next_report_on(house: House) -> None:
    etag, values = await listed(house)
    await put(house, values | {"intake_limit": {"minutes": 5, "calendar": "always"}}, etag)
    ticket = await report(house, "dispatcher", source="hotline")
    assert ticket["state"] == "reported"
    assert datetime.fromisoformat(ticket["due_at"]) == house.clock.now + timedelta(minutes=5)


async def test_a_stage_whose_calendar_nobody_made_has_no_due_time_and_holds_up_no_report(
    house: House,
) -> None:
    async with house.database.write() as session:
        row = {"key": "intake_limit", "value": {"minutes": 15, "calendar": "nobodys"}}
        await session.execute(delete(Policy).where(col(Policy.key) == "intake_limit"))
        await session.execute(insert(Policy).values(row))
    ticket = await report(house, "dispatcher", source="hotline")
    assert (ticket["state"], ticket["due_at"]) == ("reported", None)
    assert (await report(house))["state"] == "assigned"
