"""Figures of patrol over HTTP: what they say, and that each opens into rows that come to it."""

from typing import Any

import pytest

from tests.conftest import House
from tests.http.patrolling import sent, shift_step, started, walked
from tests.http.walking import report

DAYS = "from_on=2026-11-23&to_on=2026-11-24"


async def a_day(house: House) -> str:
    """Let officer01 walk a kilometre in two hours, find something, and overlook what a citizen sees."""
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=2)
    await sent(house, shift, walked(began, [(0, 0), (500, 0), (0, 0)]))
    await report(house)
    await report(house, "dispatcher", source="hotline")
    await shift_step(house, shift, "stop")
    return shift


async def figures(house: House, by: str, username: str = "supervisor") -> dict[str, dict[str, Any]]:
    answer = await (await house.caller(username)).get(f"/v1/patrols/figures?by={by}&{DAYS}&limit=200")
    assert answer.status_code == 200, answer.text
    return {one["key"]: one for one in answer.json()["items"]}


async def test_what_an_officer_did_and_found_and_overlooked(house: House) -> None:
    await a_day(house)
    told = (await figures(house, "officer"))["officer01"]
    assert (told["shifts"], told["time_s"], told["findings"]) == (1, 7_200, 1)
    assert told["walked_m"] == pytest.approx(1_000, rel=0.03)
    assert told["findings_per_hour"] == pytest.approx(0.5)
    assert told["findings_per_km"] == pytest.approx(1, rel=0.05)
    assert told["valid_findings"] == 1
    assert 0 < told["coverage_share"] <= 1
    assert (told["off_hours_duty_share"], told["off_hours_findings"]) == (0, 0)
    assert told["punctual_share"] is None
    assert told["missed"] in {0, 1}


async def test_figures_name_whose_they_are(house: House) -> None:
    await a_day(house)
    assert (await figures(house, "officer"))["officer01"]["name"] == "王建国"
    assert (await figures(house, "street"))["990101001"]["name"] == "槐荫街道"
    assert (await figures(house, "day"))["2026-11-23"]["name"] == "2026-11-23"


async def test_every_figure_opens_into_rows_that_come_to_it(house: House) -> None:
    shift = await a_day(house)
    supervisor = await house.caller("supervisor")
    for by in ("officer", "grid", "street", "day", "week"):
        told = await figures(house, by)
        assert told, by
        key, sums = max(told.items(), key=lambda entry: (entry[1]["findings"], entry[1]["walked_m"]))
        for figure in ("shifts", "findings", "valid_findings", "grids_due", "grids_entered", "missed"):
            path = f"/v1/patrols/figures/rows?by={by}&key={key}&figure={figure}&{DAYS}&limit=200"
            page = (await supervisor.get(path)).json()
            if page["next"] is None:
                assert sum(row["amount"] for row in page["items"]) == sums[figure], (by, figure)
    path = f"/v1/patrols/figures/rows?by=officer&key=officer01&figure=shifts&{DAYS}"
    assert [row["row"] for row in (await supervisor.get(path)).json()["items"]] == [shift]


async def test_a_shift_in_the_evening_is_off_hours(house: House) -> None:
    house.clock.turn(hours=10)  # 19:30
    shift = await started(house)
    house.clock.turn(hours=2)
    await report(house)
    await shift_step(house, shift, "stop")
    told = (await figures(house, "officer"))["officer01"]
    assert (told["off_hours_duty_share"], told["off_hours_findings_share"]) == (1, 1)
    assert told["findings_per_km"] is None


async def test_no_share_of_a_shift_that_goes_on_is_more_than_all_of_it(house: House) -> None:
    house.clock.turn(hours=10)
    await started(house)
    house.clock.turn(minutes=10, microseconds=331_777)
    assert (await figures(house, "officer"))["officer01"]["off_hours_duty_share"] == 1


async def test_figures_are_for_supervisors_alone(house: House) -> None:
    await a_day(house)
    for username in ("officer01", "dispatcher", "member-cityscape", "admin"):
        answer = await (await house.caller(username)).get(f"/v1/patrols/figures?by=officer&{DAYS}")
        assert answer.status_code == 403, username
    answer = await (await house.caller("supervisor")).get(
        "/v1/patrols/figures?by=day&from_on=2026-01-01&to_on=2026-11-01"
    )
    assert answer.json()["errors"][0]["code"] == "period_wrong"
