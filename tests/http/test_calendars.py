"""Calendars: read by everybody, edited by administrators, every version kept."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import House
from tests.http.calendar_editing import CITY, NIGHT, PATH, editable, explained, put, read, with_holiday


async def test_everybody_reads_calendars_and_how_far_they_are_loaded(shared_house: House) -> None:
    for username in ("officer01", "member-cityscape", "dispatcher"):
        listed = {one["code"]: one for one in (await read(shared_house, "/v1/calendars", username))["items"]}
        assert list(listed) == sorted(listed)
        assert listed[CITY]["holidays_loaded_until"] == "2026-12-31"
        assert listed[CITY]["days_left"] == 38
        assert listed[CITY]["warning"] == (
            "Calendar city (Office hours) knows its holidays up to 2026-12-31, 38 days ahead: load the next year's."
        )
        assert listed["always"]["warning"] is None


async def test_a_warning_speaks_the_callers_language(shared_house: House) -> None:
    listed = await read(shared_house, "/v1/calendars", language="zh")
    warnings = [one["warning"] for one in listed["items"] if one["code"] == CITY]
    assert warnings == [
        "日历“机关工作时间”（city）的节假日只录入到2026-12-31，还有38天：请录入下一年的放假安排。"
    ]


async def test_a_calendar_is_shown_whole_with_hours_as_people_write_them(shared_house: House) -> None:
    shown = await read(shared_house)
    assert shown["weekly"] == [["08:00-12:00", "14:00-18:00"]] * 5 + [[], []]
    makeup = next(day for day in shown["days"] if day["on"] == "2026-02-14")
    assert makeup == {
        "on": "2026-02-14",
        "kind": "makeup_workday",
        "ranges": ["08:00-12:00", "14:00-18:00"],
        "name_zh": "春节调休上班",
        "name_en": "Spring Festival make-up day",
    }
    assert (await read(shared_house, "/v1/calendars/always"))["weekly"] == [["00:00-24:00"]] * 7


async def test_who_has_the_present_calendar_is_not_sent_it_again(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    for path in ("/v1/calendars", PATH):
        etag = (await officer.get(path)).headers["etag"]
        assert (await officer.get(path, headers={"If-None-Match": etag})).status_code == 304


async def test_a_calendar_that_is_not_there_is_not_found(house: House) -> None:
    admin = await house.caller("admin")
    for path in ("/v1/calendars/lunar", "/v1/calendars/lunar/versions"):
        assert (await admin.get(path)).status_code == 404
    answer = await put(house, NIGHT | {"version": 1}, "/v1/calendars/lunar")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_change_is_a_new_version_and_counts_at_once(house: House) -> None:
    before = await explained(house)
    assert before["due_at"] == "2026-11-23T15:30:00+08:00"
    answer = await put(house, with_holiday(await editable(house), "2026-11-23"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == 2
    assert (await explained(house))["due_at"] == "2026-11-24T12:00:00+08:00"
    shown = await read(house)
    assert shown["version"] == 2
    assert shown == {name: value for name, value in answer.json().items() if name in shown}


async def test_the_answer_of_a_change_has_the_etag_of_the_next_read(house: House) -> None:
    headers = {"Accept-Language": "en"}
    answer = await put(house, with_holiday(await editable(house), "2026-12-24"))
    admin = await house.caller("admin")
    assert answer.headers["etag"] == (await admin.get(PATH, headers=headers)).headers["etag"]
    assert answer.headers["etag"].startswith('"2.')


async def test_the_same_content_again_makes_no_new_version(house: House) -> None:
    body = with_holiday(await editable(house), "2026-12-24")
    first = await put(house, body)
    again = await put(house, body)
    assert (again.status_code, again.json()) == (200, first.json())
    assert len((await read(house, f"{PATH}/versions"))["items"]) == 2


async def test_every_version_is_kept_with_who_made_it_when_and_why(house: House) -> None:
    for number, on in enumerate(("2026-12-24", "2026-12-25")):
        house.clock.turn(hours=1)
        body = with_holiday(await editable(house), on) | {"note": f"第{number + 1}次"}
        assert (await put(house, body)).status_code == 200
    supervisor = await house.caller("supervisor")
    newest = (await supervisor.get(f"{PATH}/versions", params={"limit": 2})).json()
    assert [(one["version"], one["note"]) for one in newest["items"]] == [(3, "第2次"), (2, "第1次")]
    assert newest["items"][0]["changed_by"]["role"] == "administrator"
    assert datetime.fromisoformat(newest["items"][0]["changed_at"]) == house.clock.now
    older = (await supervisor.get(f"{PATH}/versions", params={"limit": 2, "cursor": newest["next"]})).json()
    seed = older["items"][0]
    assert (seed["version"], seed["changed_by"], older["next"]) == (1, None, None)
    days = [{day["on"] for day in one["days"]} for one in (*newest["items"], seed)]
    assert days[0] - days[1] == {"2026-12-25"}
    assert days[1] - days[2] == {"2026-12-24"}


async def test_versions_are_never_changed(house: House) -> None:
    for statement in (
        "UPDATE calendar_versions SET note = ''",
        "DELETE FROM calendar_versions",
        "TRUNCATE calendar_versions",
    ):
        with pytest.raises(DBAPIError, match="a version of a calendar is never changed"):
            async with house.database.write() as session:
                await session.execute(text(statement))


async def test_a_cursor_of_something_else_is_refused(house: House) -> None:
    admin = await house.caller("admin")
    await put(house, with_holiday(await editable(house), "2026-12-24"))
    cursor = (await admin.get(f"{PATH}/versions?limit=1")).json()["next"]
    for path, wrong in (("/v1/calendars/always/versions", cursor), (f"{PATH}/versions", "bm8")):
        answer = await admin.get(path, params={"cursor": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_wrong")


async def test_a_new_calendar_is_made_without_a_version(house: House) -> None:
    for version, path in ((None, "/v1/calendars/night"), (0, "/v1/calendars/night-0")):
        answer = await put(house, NIGHT | {"version": version}, path)
        assert (answer.status_code, answer.json()["version"]) == (201, 1), answer.text
        again = await put(house, NIGHT | {"version": version}, path)
        assert (again.status_code, again.json()["version"]) == (200, 1)
    shown = await read(house, "/v1/calendars/night")
    assert shown["weekly"] == NIGHT["weekly"]
    assert (shown["holidays_loaded_until"], shown["warning"]) == ("2027-12-31", None)


async def test_a_calendar_that_is_made_longer_without_holidays_is_no_better_known(house: House) -> None:
    answer = (await put(house, await editable(house, last_on="2027-12-31"))).json()
    assert (answer["last_on"], answer["holidays_loaded_until"]) == ("2027-12-31", "2026-12-31")
    assert answer["warning"] is not None


async def test_whoever_was_slower_learns_the_present_version(house: House) -> None:
    body = await editable(house)
    assert (await put(house, with_holiday(body, "2026-12-24"))).status_code == 200
    for stale in (1, 3, 0):
        answer = await put(house, with_holiday(body, "2026-12-25") | {"version": stale})
        told = answer.json()
        assert (answer.status_code, told["code"], told["version"]) == (409, "version_conflict", 2)
    assert "2026-12-25" not in {day["on"] for day in (await read(house))["days"]}


async def test_a_version_is_needed_in_the_body_or_by_if_match(house: House) -> None:
    etag = (await (await house.caller("admin")).get(PATH)).headers["etag"]
    body = with_holiday(await editable(house, version=None), "2026-12-24")
    assert (await put(house, body)).status_code == 428
    contradicting = await put(house, body | {"version": 4}, headers={"If-Match": etag})
    assert (contradicting.status_code, contradicting.json()["code"]) == (422, "version_contradicts")
    weak = await put(house, body, headers={"If-Match": f"W/{etag}"})
    assert (weak.status_code, weak.json()["code"]) == (422, "if_match_wrong")
    assert (await put(house, body, headers={"If-Match": etag})).status_code == 200
