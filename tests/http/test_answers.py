"""Questions of a class: shown to phones, answered with a report, checked by the server, kept as they were given."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import House
from tests.http.class_editing import STALL, editable, put, read, stored
from tests.http.rule_editing import wrong
from tests.http.walking import report, stall, stepped

QUESTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "area_m2": {"type": "number", "title": "占用面积", "x-title-en": "Area taken", "minimum": 0},
        "goods": {
            "type": "array",
            "title": "货品",
            "x-title-en": "Goods",
            "items": {"type": "string", "enum": ["fruit", "clothes"]},
            "x-choices": ["水果", "服装"],
            "x-choices-en": ["Fruit", "Clothes"],
        },
    },
    "required": ["area_m2"],
}
ANSWERS = {"goods": ["fruit"], "area_m2": 3.5}


async def asking(house: House) -> None:
    """Let the class of stalls ask."""
    await stored(house, STALL, questions=QUESTIONS)


async def send(
    house: House,
    report_id: str | None = None,
    **changes: Any,  # noqa: ANN401  any member of a report
) -> httpx.Response:
    officer = await house.caller("officer01")
    return await officer.put(f"/v1/reports/{report_id or uuid4()}", json=stall(house, **changes))


async def test_phones_learn_what_a_class_asks(house: House) -> None:
    await asking(house)
    classes = (await read(house, "/v1/catalog", "officer01"))["classes"]
    asked = {one["code"]: one["questions"] for one in classes if one["questions"]}
    assert asked == {"E0406": QUESTIONS}


async def test_answers_are_kept_and_shown_with_the_ticket(house: House) -> None:
    await asking(house)
    ticket = await report(house, answers=ANSWERS)
    assert ticket["answers"] == ANSWERS
    for username in ("officer01", "dispatcher", "member-cityscape"):
        assert (await read(house, f"/v1/tickets/{ticket['id']}", username))["answers"] == ANSWERS
    taken = await stepped(house, "member-cityscape", ticket, "accept")
    assert taken["answers"] == ANSWERS


async def test_a_report_that_is_sent_twice_is_the_same_in_whatever_order_its_answers_are(
    house: House,
) -> None:
    await asking(house)
    report_id = str(uuid4())
    assert (await send(house, report_id, answers=ANSWERS)).status_code == 201
    again = await send(house, report_id, answers=dict(reversed(ANSWERS.items())))
    assert (again.status_code, again.json()["ticket"]["answers"]) == (200, ANSWERS)
    other = await send(house, report_id, answers=ANSWERS | {"area_m2": 4})
    assert (other.status_code, other.json()["code"]) == (409, "id_taken")
    without = await send(house, report_id)
    assert (without.status_code, without.json()["code"]) == (409, "id_taken")


async def test_no_answers_and_empty_ones_are_the_same_report(house: House) -> None:
    report_id = str(uuid4())
    assert (await send(house, report_id)).status_code == 201
    nothings: list[dict[str, Any] | None] = [None, {}]
    for nothing in nothings:
        again = await send(house, report_id, answers=nothing)
        assert (again.status_code, again.json()["ticket"]["answers"]) == (200, None)


async def test_all_that_is_wrong_with_answers_is_told_at_once(house: House) -> None:
    await asking(house)
    answer = await send(house, answers={"goods": ["meat"], "colour": "red"})
    assert answer.json()["code"] == "answers_refused"
    assert set(wrong(answer)) == {
        ("/answers/area_m2", "answer_missing"),
        ("/answers/goods/0", "answer_not_offered"),
        ("/answers/colour", "answer_unasked"),
    }
    assert wrong(await send(house)) == [("/answers/area_m2", "answer_missing")]


HOSTILE: dict[str, tuple[object, str]] = {
    "a NUL": ({"area_m2": 1, "goods": ["a\x00"]}, "/answers/goods/0"),
    "an endless text": ({"area_m2": "x" * 10_000}, "/answers"),
    "a deep nest": ({"area_m2": [[[[[[]]]]]]}, "/answers/area_m2"),
    "a list": ([], "/answers"),
    "a name with a slash": ({"area_m2": 1, "a/b": 1}, "/answers/a~1b"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_answers_that_mean_harm_are_refused(house: House, name: str) -> None:
    await asking(house)
    answers, pointer = HOSTILE[name]
    assert wrong(await send(house, answers=answers))[0][0] == pointer


async def test_numbers_that_are_none_are_refused(house: House) -> None:
    await asking(house)
    officer = await house.caller("officer01")
    for number in ("NaN", "Infinity", "1e999", "1" * 400):
        body = httpx.Request("PUT", "http://x", json=stall(house, answers={"area_m2": 0})).content
        sent = body.replace(b'"area_m2":0', b'"area_m2":' + number.encode())
        assert sent != body
        answer = await officer.put(
            f"/v1/reports/{uuid4()}", content=sent, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {400, 422}, number


async def test_a_class_that_asks_nothing_takes_no_answers(house: House) -> None:
    assert wrong(await send(house, answers={"area_m2": 1})) == [("/answers/area_m2", "answer_unasked")]


async def test_answers_stay_as_they_were_given_whatever_changes_later(house: House) -> None:
    await asking(house)
    ticket = await report(house, "dispatcher", source="hotline", answers=ANSWERS)
    await stored(house, STALL, questions=None)
    ticket = await stepped(house, "dispatcher", ticket, "file", category="P0101", condition=1)
    assert (ticket["category"], ticket["answers"]) == ("P0101", ANSWERS)


async def test_questions_that_no_phone_can_draw_are_not_stored(house: House) -> None:
    bad = {"type": "object", "properties": {"q": {"type": "string", "pattern": "(a+)+$"}}}
    answer = await put(house, await editable(house, STALL, questions=bad), STALL)
    assert answer.json()["code"] == "questions_refused"
    assert {pointer for pointer, _ in wrong(answer)} == {"/questions/properties/q"}
    assert (await read(house, STALL))["version"] == 1
