"""What a phone caches: all of it in one answer, and nothing twice."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import Connection, event, update
from sqlmodel import col

from api.domain.access import Role
from api.models import Category, Policy
from tests.conftest import House

ONE_OF_EACH_ROLE = ["officer01", "dispatcher", "member-cityscape", "lead-cityscape", "supervisor", "admin"]


@contextmanager
def statements(house: House) -> Generator[list[str]]:
    """Collect the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    engine = house.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def catalog(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.get(
        "/v1/catalog", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


async def test_it_holds_classes_with_conditions_limits_and_what_ends_them(shared_house: House) -> None:
    body = (await catalog(await shared_house.caller("officer01"))).json()
    manhole = next(one for one in body["classes"] if one["code"] == "P0101")
    assert manhole["name"] == "上水井盖"
    assert manhole["major"] == "P01"
    assert [one["number"] for one in manhole["conditions"]] == [1, 2, 3, 4]
    broken = manhole["conditions"][1]
    assert broken["code"] == "P0101-2"
    assert broken["limit"] == {"value": 4, "unit": "working_hour", "text": "4工作时"}
    assert broken["closing"] == "换新或补好"
    assert broken["after_photo"] is True
    assert broken["self_fix"] is False


async def test_every_class_has_a_major_and_a_condition(shared_house: House) -> None:
    body = (await catalog(await shared_house.caller("officer01"))).json()
    majors = {one["code"] for one in body["majors"]}
    assert {one["major"] for one in body["classes"]} == majors
    assert all(one["conditions"] for one in body["classes"])
    assert [one["code"] for one in body["classes"]] == sorted(one["code"] for one in body["classes"])


async def test_milestones_come_with_their_own_limits(shared_house: House) -> None:
    body = (await catalog(await shared_house.caller("officer01"))).json()
    stepwise = [one for kind in body["classes"] for one in kind["conditions"] if one["milestones"]]
    assert stepwise
    for condition in stepwise:
        assert condition["milestones"][-1]["limit"] == condition["limit"]


async def test_it_holds_units_own_grids_the_lifecycle_and_policies(shared_house: House) -> None:
    body = (await catalog(await shared_house.caller("officer01"))).json()
    assert {"cityscape", "sanitation", "street"} <= {unit["code"] for unit in body["units"]}
    assert [unit["code"] for unit in body["units"] if unit["is_fallback"]] == ["street"]
    assert body["grids"] == [{"code": "990101001001", "name": "钟楼社区", "level": "community"}]
    assert {"reported", "closed"} <= {state["state"] for state in body["lifecycle"]["states"]}
    assert body["policies"]["duplicate_radius_m"] == 50
    assert body["policies"]["light_yellow_share"] == 0.8


async def test_names_come_in_the_callers_language(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    answer = await catalog(officer, accept_language="en")
    assert answer.headers["content-language"] == "en"
    manhole = next(one for one in answer.json()["classes"] if one["code"] == "P0101")
    assert manhole["name"] == "Water supply manhole cover"
    assert manhole["conditions"][1]["limit"]["text"] == "4 working hours"
    assert answer.json()["grids"][0]["name"].endswith(" Community")


@pytest.mark.parametrize("username", ONE_OF_EACH_ROLE)
async def test_everybody_who_is_signed_in_may_read_it(shared_house: House, username: str) -> None:
    assert (await catalog(await shared_house.caller(username))).status_code == 200


async def test_nobody_else_may(shared_house: House) -> None:
    async with shared_house.client() as stranger:
        answer = await catalog(stranger)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_who_has_the_present_answer_is_sent_nothing(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    first = await catalog(officer)
    again = await catalog(officer, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "vary", "content-language", "cache-control"):
        assert again.headers[name] == first.headers[name]


async def test_another_language_or_other_grids_are_another_answer(shared_house: House) -> None:
    tag = (await catalog(await shared_house.caller("officer01"))).headers["etag"]
    english = await catalog(await shared_house.caller("officer01"), if_none_match=tag, accept_language="en")
    elsewhere = await catalog(await shared_house.caller("officer03"), if_none_match=tag)
    assert (english.status_code, elsewhere.status_code) == (200, 200)


async def test_a_neighbour_on_the_same_grids_has_the_same_answer(shared_house: House) -> None:
    one, other = [await catalog(await shared_house.caller(name)) for name in ("officer01", "officer02")]
    assert one.headers["etag"] == other.headers["etag"]
    assert one.content == other.content


async def test_a_change_of_reference_data_shows_at_once(house: House) -> None:
    officer = await house.caller("officer01")
    tag = (await catalog(officer)).headers["etag"]
    async with house.database.write() as session:
        await session.execute(update(Category).where(col(Category.code) == "P0101").values(is_active=False))
        await session.merge(Policy(key="close_after_check", value=False))
    changed = await catalog(officer, if_none_match=tag)
    assert changed.status_code == 200
    assert "P0101" not in {one["code"] for one in changed.json()["classes"]}
    assert "close" in {step["action"] for step in changed.json()["lifecycle"]["steps"]}


async def test_it_costs_the_one_statement_that_finds_the_caller(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    tag = (await catalog(officer)).headers["etag"]
    with statements(shared_house) as sent:
        await catalog(officer)
        await catalog(officer, if_none_match=tag)
    assert len(sent) == 2


async def test_a_burst_of_callers_beyond_the_pool_waits_for_changed_data_and_none_fails(house: House) -> None:
    officer = await house.caller("officer01")
    burst = 3 * house.wiring.settings.pool_size
    for _ in range(2):
        answers = await asyncio.gather(*(officer.get("/v1/lifecycle") for _ in range(burst)))
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.content for answer in answers} == {answers[0].content}
        async with house.database.write() as session:
            await session.merge(Policy(key="due_soon_s", value=60))


async def test_the_lifecycle_says_who_may_take_each_step(shared_house: House) -> None:
    body = (await (await shared_house.caller("officer01")).get("/v1/lifecycle")).json()
    rectify = next(step for step in body["steps"] if step["action"] == "rectify")
    assert (rectify["from"], rectify["to"]) == ("in_progress", "rectified")
    assert rectify["roles"] == [Role.UNIT_LEAD, Role.UNIT_MEMBER]
    assert rectify["needs"] == ["after_photo", "note"]
    assert rectify["when"] is None
    assert body["diagram"].startswith("stateDiagram-v2\n")
    assert "in_progress --> rectified: 处置反馈" in body["diagram"]


async def test_the_lifecycle_is_the_one_in_force(house: House) -> None:
    officer = await house.caller("officer01")
    first = await officer.get("/v1/lifecycle")
    passing = next(step for step in first.json()["steps"] if step["action"] == "pass_check")
    assert (passing["to"], passing["when"]) == ("closed", "with_check")
    assert (
        await officer.get("/v1/lifecycle", headers={"If-None-Match": first.headers["etag"]})
    ).status_code == 304
    async with house.database.write() as session:
        await session.merge(Policy(key="close_after_check", value=False))
    second = await officer.get("/v1/lifecycle", headers={"If-None-Match": first.headers["etag"]})
    passing = next(step for step in second.json()["steps"] if step["action"] == "pass_check")
    assert (passing["to"], passing["when"]) == ("rectified", "at_desk")
