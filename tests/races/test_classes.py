"""Several administrators at the catalogue: imports come one after the other, and edits lose to whoever was faster."""

import asyncio
from collections import Counter
from pathlib import Path

from tests.conftest import House
from tests.http.class_editing import NEW, STALL, VERSIONS, editable, put, read, send, workbook
from tests.http.walking import report

AT_ONCE = 6
EXAMPLE = (Path(__file__).parents[2] / "api" / "data" / "classes.csv").read_text("utf-8")


def dumping(number: int) -> tuple[str, ...]:
    """Return a row with a class of its own."""
    return ("90", "其他", str(number), f"违规投放{number}", "发现投放", "清走", f"{number}工作时", "是", "是")


async def test_imports_at_once_come_one_after_the_other_and_none_is_lost(house: House) -> None:
    files = [workbook(dumping(number)) for number in range(1, AT_ONCE + 1)]
    answers = await asyncio.gather(*(send(house, content, scheme="local") for content in files))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(code for answer in answers for code in answer.json()["added"] if "-" not in code) == [
        f"E90{number:02}" for number in range(1, AT_ONCE + 1)
    ]
    numbers = [one["number"] for one in (await read(house, VERSIONS))["items"]]
    assert numbers == list(range(AT_ONCE + 1, 0, -1))


async def test_the_same_file_at_once_is_taken_once(house: House) -> None:
    content = workbook(dumping(1))
    answers = await asyncio.gather(*(send(house, content, scheme="local") for _ in range(AT_ONCE)))
    assert Counter(bool(answer.json()["added"]) for answer in answers) == {True: 1, False: AT_ONCE - 1}
    assert len((await read(house, VERSIONS))["items"]) == 2


async def test_of_two_complete_files_the_later_one_is_in_force(house: House) -> None:
    other = workbook(dumping(1))
    answers = await asyncio.gather(
        send(house, other, scheme="local", complete="true"),
        send(house, EXAMPLE, "text/csv", complete="true"),
    )
    assert {answer.status_code for answer in answers} == {200}
    in_force = {one["code"] for one in (await read(house, "/v1/catalog"))["classes"]}
    assert in_force == {"E9001"} or ("E9001" not in in_force and len(in_force) == 143)


async def test_of_many_edits_at_once_one_is_stored_and_the_others_are_told_the_version(house: House) -> None:
    bodies = [await editable(house, STALL, minor_en=f"Stalls {number}") for number in range(AT_ONCE)]
    answers = await asyncio.gather(*(put(house, body, STALL) for body in bodies))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert {answer.json()["version"] for answer in answers} == {2}


async def test_of_many_that_make_the_same_class_one_makes_it_and_the_others_find_it(house: House) -> None:
    answers = await asyncio.gather(*(put(house, NEW) for _ in range(AT_ONCE)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}


async def test_reports_go_on_while_the_catalogue_changes(house: House) -> None:
    body = await editable(house, STALL, minor_en="Stalls")
    files = [workbook(dumping(number)) for number in range(1, 4)]
    done = await asyncio.gather(
        put(house, body, STALL),
        *(send(house, content, scheme="local") for content in files),
        *(report(house) for _ in range(AT_ONCE)),
    )
    tickets = [one for one in done if isinstance(one, dict)]
    assert len(tickets) == AT_ONCE
