"""Classes as files: the workbook of an office and CSV, told line by line, taken whole or not at all."""

import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from api.adapters.spreadsheets import XLSX
from api.domain.catalogue_csv import read_catalogue
from api.services.class_files import write_class_file
from tests.conftest import House
from tests.http.class_editing import (
    CHANGES,
    CLASSES,
    COVER,
    HEADINGS,
    NEW_ROW,
    STALL,
    VERSIONS,
    faults,
    read,
    retired,
    send,
    stored,
    workbook,
)
from tests.http.rule_editing import wrong
from tests.http.walking import accepted, report

CSV = "text/csv"
EXAMPLE = (Path(__file__).parents[2] / "api" / "data" / "classes.csv").read_text("utf-8")
HEADING, *LINES = EXAMPLE.splitlines(keepends=True)
COVERS = HEADING + "".join(line for line in LINES if ",01,上水井盖," in line)


def told(answer: Any) -> dict[str, Any]:  # noqa: ANN401  an answer
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_stored_already_changes_nothing(house: House) -> None:
    before = await read(house, "/v1/catalog")
    catalogue = read_catalogue(EXAMPLE).accepted()
    for content, media_type in (
        (EXAMPLE.encode(), CSV),
        (write_class_file(catalogue, is_workbook=True), XLSX),
        (write_class_file(catalogue, is_workbook=False), CSV),
    ):
        shown = told(await send(house, content, media_type, complete="true"))
        assert (shown["added"], shown["changed"], shown["removed"]) == ([], [], [])
        assert shown["unchanged"] == 143 + 339
        assert shown["warnings"] == []
    assert await read(house, "/v1/catalog") == before
    assert len((await read(house, VERSIONS))["items"]) == 1


async def test_an_offices_workbook_adds_a_class_that_can_be_reported(house: House) -> None:
    content = workbook(
        NEW_ROW,
        ("", "", "", "", "再次投放", "清走", "1工作日", "否", "否"),
        merged=["A2:A3", "B2:B3", "C2:C3", "D2:D3"],
    )
    preview = told(await send(house, content, scheme="local", dry_run="true"))
    assert (preview["is_preview"], preview["is_acceptable"]) == (True, True)
    assert preview["added"] == ["E9001", "E9001-1", "E9001-2"]
    assert (await (await house.caller("admin")).get(f"{CLASSES}/E9001")).status_code == 404
    shown = told(await send(house, content, scheme="local", name="立结案标准.xlsx"))
    assert shown["added"] == preview["added"]
    assert {one["code"] for one in shown["warnings"]} == {
        "english_missing",
        "numbered_by_order",
        "code_rewritten",
    }
    newest = (await read(house, VERSIONS))["items"][0]
    assert (newest["source"], newest["added"]) == ("立结案标准.xlsx", 3)
    assert (await report(house, category="E9001", condition=2))["category"] == "E9001"
    again = told(await send(house, content, scheme="local"))
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 143 + 339 + 3)
    assert len((await read(house, VERSIONS))["items"]) == 2


async def test_what_a_workbook_does_not_say_stays_as_it_is(house: House) -> None:
    shown = await read(house, COVER)
    asked = {
        "type": "object",
        "properties": {"depth_cm": {"type": "integer", "title": "深度", "x-title-en": "Depth"}},
    }
    shown = await stored(house, COVER, questions=asked)
    first, second = shown["conditions"][:2]
    rows = [
        ("1", "公用设施", "1", "上水井盖", first["condition_zh"], first["closing_zh"], "2紧急工作时"),
        ("1", "公用设施", "1", "上水井盖", "井盖碎了", second["closing_zh"], "5工作时"),
    ]
    content = workbook(*rows, sheet="部件", headings=HEADINGS[:7])
    done = told(await send(house, content, scheme="gbt30428-2013"))
    assert (done["changed"], done["added"], done["removed"]) == (["P0101-2"], [], [])
    now = await read(house, COVER)
    assert now["conditions"][0] == first
    assert now["questions"] == asked
    assert now["conditions"][1] == second | {
        "condition_zh": "井盖碎了",
        "condition_en": "井盖碎了",
        "limit": {"value": 5, "unit": "working_hour", "text": "5 working hours"},
    }
    assert len(now["conditions"]) == 4


async def test_a_complete_file_retires_what_it_lacks(house: House) -> None:
    ticket = await accepted(house)
    kept_two = HEADING + "".join(COVERS.splitlines(keepends=True)[1:3])
    preview = told(await send(house, kept_two, CSV, complete="true", dry_run="true"))
    assert {"P0101-3", "P0101-4", "E0406"} <= set(preview["removed"])
    assert "rules_left" in {one["code"] for one in preview["warnings"]}
    assert "P0101" not in preview["removed"]
    done = told(await send(house, kept_two, CSV, complete="true"))
    assert done["removed"] == preview["removed"]
    catalog = await read(house, "/v1/catalog")
    assert [one["code"] for one in catalog["classes"]] == ["P0101"]
    assert [one["number"] for one in catalog["classes"][0]["conditions"]] == [1, 2]
    assert (await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher"))["category"] == "E0406"
    back = told(await send(house, EXAMPLE, CSV))
    assert set(back["changed"]) >= {"E0406", "P0101-3"}
    assert len((await read(house, "/v1/catalog"))["classes"]) == 143


async def test_without_that_word_what_a_file_lacks_stays(house: House) -> None:
    await retired(house, COVER, 4)
    done = told(await send(house, COVERS, CSV))
    assert (done["removed"], done["changed"]) == ([], ["P0101-4"])
    assert done["unchanged"] == 143 + 338


async def test_a_change_of_limits_tells_how_many_open_tickets_it_meets(house: House) -> None:
    await report(house)
    row = ("04", "街面秩序", "06", "占道经营", "占道", "撤", "3工作日", "是", "是")
    content = workbook(row, headings=HEADINGS)
    done = told(await send(house, content, scheme="gbt30428-2013", dry_run="true"))
    assert [one["detail"].split()[0] for one in done["warnings"] if one["code"] == "recompute_needed"] == [
        "1"
    ]


async def test_a_new_scheme_takes_the_codes_over_in_one_go(house: House) -> None:
    other = EXAMPLE.replace("gbt30428-2013", "cjt214-2007")
    refused = await send(house, other, CSV)
    assert {code for *_, code in faults(refused)} == {"scheme_in_use"}
    assert faults(refused)[0][1] == 2
    ticket = await accepted(house)
    assert told(await send(house, other, CSV, complete="true"))["added"]
    assert (await read(house, STALL))["scheme"] == "cjt214-2007"
    assert (await report(house))["category"] == "E0406"
    assert (await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher"))["condition"] == 1
    kept = await read(house, f"{CHANGES}?noun=category&code=E0406")
    assert [(one["after"]["scheme"], one["after"]["is_active"]) for one in kept["items"]] == [
        ("cjt214-2007", True),
        ("gbt30428-2013", False),
        ("gbt30428-2013", True),
    ]


async def test_a_major_class_is_renamed_in_all_its_classes_at_once(house: House) -> None:
    renamed = COVERS.replace("公用设施", "市政设施")
    refused = await send(house, renamed, CSV)
    assert (refused.status_code, faults(refused)[0]) == (422, (None, 2, "major_zh", "major_differs"))
    done = told(await send(house, EXAMPLE.replace("公用设施", "市政设施"), CSV))
    assert all(code.startswith("P01") for code in done["changed"])


async def test_a_file_with_a_fault_changes_nothing_and_every_fault_is_told(house: House) -> None:
    before = await read(house, "/v1/catalog")
    rows = [
        NEW_ROW,
        (*NEW_ROW[:6], "24小时", "是", "否"),
        (*NEW_ROW[:2], "", *NEW_ROW[3:6], "半个工作日", "也许", "否"),
    ]
    content = workbook(*rows)
    expected = [
        ("事件", 3, "处置时限", "limit_ambiguous"),
        ("事件", 4, "小类代码", "not_two_digits"),
        ("事件", 4, "处置时限", "not_whole_number"),
        ("事件", 4, "即查即改", "not_yes_or_no"),
    ]
    refused = await send(house, content, scheme="local")
    assert (refused.status_code, refused.json()["code"], refused.json()["wrong"]) == (
        422,
        "import_refused",
        4,
    )
    assert sorted(faults(refused)) == sorted(expected)
    preview = told(await send(house, content, scheme="local", dry_run="true"))
    assert (preview["is_acceptable"], preview["fault_count"]) == (False, 4)
    assert await read(house, "/v1/catalog") == before


async def test_codes_as_numbers_are_codes(house: House) -> None:
    done = told(await send(house, workbook((90, "其他", 1.0, *NEW_ROW[3:])), scheme="local"))
    assert done["added"] == ["E9001", "E9001-1"]


def formula() -> bytes:
    return workbook((*NEW_ROW[:6], '="4"&"工作时"', "是", "是"))


def error_cell() -> bytes:
    return workbook((*NEW_ROW[:6], "#REF!", "是", "是"))


def empty() -> bytes:
    written = io.BytesIO()
    Workbook().save(written)
    return written.getvalue()


BROKEN: dict[str, tuple[bytes, str, str, int | None]] = {
    "a formula": (formula(), XLSX, "cell_formula", 2),
    "an error": (error_cell(), XLSX, "cell_error", 2),
    "no workbook at all": (b"PK\x03\x04 nonsense", XLSX, "workbook_unreadable", None),
    "a workbook without a word": (empty(), XLSX, "no_sheet", None),
    "sheets about something else": (workbook(NEW_ROW, sheet="Sheet1"), XLSX, "kind_unknown", 1),
    "parts without headings": (workbook(sheet="部件", headings=("甲", "乙")), XLSX, "headings_missing", 1),
    "an empty file": (b"", CSV, "no_sheet", None),
    "GBK": (COVERS.encode("gbk", "ignore"), CSV, "encoding_wrong", 2),
    "a quote without an end": (COVERS.encode() + b'"never', CSV, "csv_unreadable", 6),
    "a row too long": (COVERS.encode() + b"," * 20 + b"x\n", CSV, "row_ragged", 6),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_can_not_be_read_is_told_and_changes_nothing(shared_house: House, name: str) -> None:
    content, media_type, code, line = BROKEN[name]
    refused = await send(shared_house, content, media_type, scheme="local")
    assert (refused.status_code, refused.json()["code"]) == (422, "import_refused"), refused.text
    assert (code, line) in {(found, at) for _, at, _, found in faults(refused)}, refused.text
    preview = told(await send(shared_house, content, media_type, scheme="local", dry_run="true"))
    assert not preview["is_acceptable"]


async def test_csv_from_a_chinese_excel_is_read_when_its_encoding_is_said(house: House) -> None:
    marked = "\ufeff" + COVERS
    assert told(await send(house, marked, CSV))["unchanged"]
    # GBK has no superscript 2, GB18030 has.
    content = COVERS.encode("gb18030")
    assert told(await send(house, content, CSV, encoding="gb18030"))["changed"] == []
    assert wrong(await send(house, content, CSV, encoding="latin-1"))[0][0] == "/query/encoding"


async def test_an_offices_own_table_as_csv_is_read_like_a_sheet(house: House) -> None:
    headings = ",".join(("类型", *HEADINGS))
    content = f"{headings}\n事件,{','.join(NEW_ROW)}\n"
    done = told(await send(house, content, CSV, scheme="local"))
    assert done["added"] == ["E9001", "E9001-1"]
    assert faults(await send(house, content, CSV))[0][3] == "scheme_missing"


async def test_other_media_types_and_other_people_are_refused(shared_house: House) -> None:
    answer = await send(shared_house, "{}", "application/json")
    assert (answer.status_code, answer.json()["code"]) == (415, "not_json")
    for username in ("officer01", "dispatcher", "supervisor"):
        answer = await send(shared_house, COVERS, CSV, username)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
    assert wrong(await send(shared_house, COVERS, CSV, complte="true")) == [
        ("/query/complte", "query_unknown")
    ]
