"""Figures of patrol over HTTP: what they say, and that each opens into rows that come to it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.models import Grid, GridPerson, Person
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
        for figure in (
            "shifts",
            "findings",
            "valid_findings",
            "grids_due",
            "grids_entered",
            "missed",
            "rounds_due",
        ):
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


async def test_a_supervisor_of_some_grids_has_the_figures_of_those_grids_alone(house: House) -> None:
    """What is due, entered and missed elsewhere is somebody else's."""
    await a_day(house)
    async with house.database.write() as session:
        whose = select(col(Person.id), col(GridPerson.grid_id), col(Grid.code))
        officer = (
            await session.execute(
                whose.join(GridPerson, col(GridPerson.person_id) == col(Person.id))
                .join(Grid, col(Grid.id) == col(GridPerson.grid_id))
                .where(col(Person.username) == "officer01")
            )
        ).first()
        assert officer is not None
        supervisor = select(col(Person.id)).where(col(Person.username) == "supervisor")
        supervisor_id = (await session.execute(supervisor)).scalar_one()
        session.add(
            GridPerson(
                grid_id=officer.grid_id,
                person_id=supervisor_id,
                from_on=house.clock.now.date() - timedelta(days=1),
            )
        )
    told = await figures(house, "grid")
    assert told
    assert all(key.startswith(officer.code) for key, one in told.items() if one["grids_due"])
    by_day = await figures(house, "day")
    assert by_day["2026-11-23"]["grids_due"] == sum(one["grids_due"] > 0 for one in told.values())
    assert by_day["2026-11-23"]["shifts"] == 1


async def test_a_grid_that_a_colleague_was_in_is_not_covered_by_its_officer(house: House) -> None:
    """Officer01 walks through her grids; whoever else has one of them had a shift, and was not there."""
    async with house.database.read() as session:
        mine = aliased(GridPerson)
        shared = (
            select(col(Person.username))
            .join(GridPerson, col(GridPerson.person_id) == col(Person.id))
            .join(mine, col(mine.grid_id) == col(GridPerson.grid_id))
            .where(
                col(mine.person_id)
                == select(col(Person.id)).where(col(Person.username) == "officer01").scalar_subquery(),
                col(Person.username) != "officer01",
                col(Person.role) == "officer",
            )
        )
        colleague = (await session.execute(shared)).scalars().first()
    assert colleague is not None
    idle = await started(house, colleague)
    await a_day(house)
    await shift_step(house, idle, "stop", colleague)
    told = await figures(house, "officer")
    assert told["officer01"]["grids_entered"] > 0
    assert (told[colleague]["shifts"], told[colleague]["grids_entered"]) == (1, 0)
    assert told[colleague]["grids_due"] > 0


async def test_the_offices_calendar_is_a_policy(house: House) -> None:
    admin = await house.caller("admin")
    seen = {"If-Match": (await admin.get("/v1/policies")).headers["etag"]}
    values = {"office_calendar": "none"}
    unknown = await admin.put("/v1/policies", json={"values": values}, headers=seen)
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (
        422,
        "/values/office_calendar",
    )
    assert unknown.json()["errors"][0]["code"] == "calendar_unknown"
    house.clock.turn(hours=10)  # 19:30
    shift = await started(house)
    house.clock.turn(hours=2)
    await shift_step(house, shift, "stop")
    assert (await figures(house, "officer"))["officer01"]["off_hours_duty_share"] == 1
    values = {"office_calendar": "always"}
    changed = await admin.put("/v1/policies", json={"values": values}, headers=seen)
    assert changed.status_code == 200, changed.text
    assert (await figures(house, "officer"))["officer01"]["off_hours_duty_share"] == 0
