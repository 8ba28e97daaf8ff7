"""Units come in as the table that an office keeps: all of them, or none and a report by line."""

import io
from typing import Any

import pytest
from openpyxl import Workbook

from api.adapters.spreadsheets import XLSX, write_csv
from api.domain.unit_files import unit_rows
from api.domain.units import UnitDraft
from api.queries.units import load_units
from tests.conftest import House
from tests.http.table_sending import CSV, faults, send, send_rows, send_workbook
from tests.http.test_closing_units import idle
from tests.http.test_units import put, read
from tests.http.walking import report

IMPORT = "/v1/units/import"
HEADINGS = ("编码", "单位名称", "类型", "上级单位", "日历", "电话")
NORTH = ("north", "北街道", "街道", "municipal", "city", "010-12345678")


async def everything(house: House) -> Any:  # noqa: ANN401  any answer
    return (await read(house, "/v1/units"))["items"]


async def exported(house: House) -> list[list[str]]:
    """Return all units as the rows of a table."""
    async with house.database.read() as session:
        units = await load_units(session)
    return unit_rows(UnitDraft.of(unit, units) for unit in units.values())


async def changes(house: House, code: str) -> list[dict[str, Any]]:
    """Return what is kept of a unit's changes, the newest first."""
    return (await read(house, f"/v1/reference/changes?noun=unit&code={code}"))["items"]


@pytest.mark.parametrize("sending", [send_rows, send_workbook])
async def test_new_units_come_in_and_the_same_table_again_changes_nothing(house: House, sending: Any) -> None:  # noqa: ANN401  either way
    rows = (HEADINGS, ("north-1", "北一站", "企业", "北街道", "city", ""), NORTH)
    tried = await sending(house, IMPORT, *rows, query="dry_run=true")
    assert tried.json()["added"] == ["north-1", "north"], tried.text
    assert (tried.json()["is_preview"], tried.json()["is_acceptable"]) == (True, True)
    assert (await (await house.caller("admin")).get("/v1/units/north")).status_code == 404
    stored = await sending(house, IMPORT, *rows)
    assert (stored.status_code, stored.json()["added"]) == (200, ["north-1", "north"]), stored.text
    unit = await read(house, "/v1/units/north-1")
    assert (unit["parent"], unit["version"], unit["name_en"], unit["is_active"]) == (
        "north",
        1,
        "北一站",
        True,
    )
    again = await sending(house, IMPORT, *rows)
    assert (again.json()["added"], again.json()["changed"], again.json()["unchanged"]) == ([], [], 2)
    assert (await read(house, "/v1/units/north"))["version"] == 1


async def test_a_unit_changes_in_the_columns_of_the_table_and_what_it_was_is_kept(house: House) -> None:
    before = await read(house, "/v1/units/water")
    answer = await send_rows(house, IMPORT, ("code", "phone"), ("water", "010-7654321"))
    assert answer.json()["changed"] == ["water"], answer.text
    after = await read(house, "/v1/units/water")
    assert after == before | {"phone": "010-7654321", "version": before["version"] + 1}
    (change,) = await changes(house, "water")
    assert (change["fields"], change["after"]["phone"]) == (["phone"], "010-7654321")
    assert change["before"]["name_zh"] == before["name_zh"]


async def test_a_put_is_kept_as_well(house: House) -> None:
    before = await read(house, "/v1/units/water")
    body = {name: before[name] for name in before if name not in ("code", "name")} | {"name_en": "Waters"}
    assert (await put(house, body, "/v1/units/water")).status_code == 200
    (change,) = await changes(house, "water")
    assert change["fields"] == ["name_en"]


async def test_an_export_imported_again_changes_nothing(house: House) -> None:
    before = await everything(house)
    rows = await exported(house)
    answer = await send_rows(house, IMPORT, *map(tuple, rows))
    told = answer.json()
    assert (told["added"], told["changed"], told["unchanged"]) == ([], [], len(before)), answer.text
    assert await everything(house) == before


async def test_one_bad_row_among_five_hundred_changes_nothing(house: House) -> None:
    rows = [(f"u{number}", f"单位{number}", "企业", "municipal", "city", "") for number in range(500)]
    rows[300] = ("u300", "单位300", "guild", "nobody", "lunar", "")
    before = await everything(house)
    refused = await send_rows(house, IMPORT, HEADINGS, *rows)
    assert faults(refused) == [
        ("cell_wrong", 302, "类型"),
        ("unit_unknown", 302, "上级单位"),
        ("calendar_unknown", 302, "日历"),
        ("cell_needed", 302, "类型"),
    ]
    tried = (await send_rows(house, IMPORT, HEADINGS, *rows, query="dry_run=true")).json()
    assert (tried["is_acceptable"], tried["fault_count"], tried["faults"][0]["key"]) == (False, 4, "u300")
    assert await everything(house) == before


async def test_a_circle_through_the_table_is_refused(house: House) -> None:
    refused = await send_rows(
        house, IMPORT, ("code", "parent"), ("municipal", "water"), ("water", "municipal")
    )
    assert faults(refused) == [("unit_loop", 2, "parent"), ("unit_loop", 3, "parent")]


async def test_a_unit_with_work_is_closed_only_when_somebody_can_take_it(house: House) -> None:
    ticket = await report(house)
    assert ticket["unit"]["code"] == "cityscape"
    closing = ("编码", "启用", "移交单位")
    refused = await send_rows(house, IMPORT, closing, ("cityscape", "否", "street"))
    assert faults(refused) == [("unit_in_use", 2, "启用")]
    assert "rules" in refused.json()["detail"]
    await idle(house)
    assert faults(await send_rows(house, IMPORT, closing, ("cityscape", "否", ""))) == [
        ("unit_in_use", 2, "启用")
    ]
    itself = await send_rows(house, IMPORT, closing, ("cityscape", "否", "cityscape"))
    assert faults(itself) == [("unit_unknown", 2, "移交单位")]
    assert (await read(house, "/v1/units/cityscape"))["is_active"]


async def test_a_unit_that_is_closed_hands_its_tickets_to_one_that_comes_in_the_same_table(
    house: House,
) -> None:
    ticket = await report(house)
    await idle(house)
    rows = (
        ("编码", "单位名称", "类型", "日历", "启用", "移交单位"),
        ("cityscape", "城管局", "部门", "city", "否", "heir"),
        ("heir", "接办局", "部门", "city", "是", ""),
    )
    tried = await send_rows(house, IMPORT, *rows, query="dry_run=true")
    assert tried.json()["is_acceptable"], tried.text
    assert (await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher"))["unit"]["code"] == "cityscape"
    done = await send_rows(house, IMPORT, *rows)
    assert (done.status_code, done.json()["added"], done.json()["changed"]) == (200, ["heir"], ["cityscape"])
    now = await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher")
    assert (now["unit"]["code"], now["state"]) == ("heir", "assigned")
    again = await send_rows(house, IMPORT, *rows)
    assert (again.json()["changed"], again.json()["unchanged"]) == ([], 2)


async def test_a_workbook_as_offices_keep_it_is_read(house: House) -> None:
    made = Workbook()
    sheet = made["Sheet"]
    sheet.append(["单位台账"])
    sheet.merge_cells("A1:E1")
    sheet.append(["*单位编码", "单位名称（必填）", "类型", "上级单位", "工作日历"])
    sheet.append(["n1", "北一", "街道", "市政公司", "city"])
    sheet.append([101, "北二", None, None, None])
    for column in "CDE":
        sheet.merge_cells(f"{column}3:{column}4")
    sheet["A4"].number_format = "00000"
    made.create_sheet("说明").append(["填写说明"])
    written = io.BytesIO()
    made.save(written)
    municipal = (await read(house, "/v1/units/municipal"))["name_zh"]
    sheet["D3"] = municipal
    made.save(written := io.BytesIO())
    answer = await send(house, IMPORT, written.getvalue(), content_type=XLSX)
    assert (answer.status_code, answer.json()["added"]) == (200, ["n1", "00101"]), answer.text
    assert [one["code"] for one in answer.json()["warnings"]] == ["sheet_ignored"]
    assert (await read(house, "/v1/units/00101"))["parent"] == "municipal"


async def test_a_file_in_gbk_is_read_when_that_is_said_and_refused_with_the_hint_otherwise(
    house: House,
) -> None:
    content = ",".join(HEADINGS).encode("gbk") + b"\r\n" + ",".join(NORTH).encode("gbk")
    refused = await send(house, IMPORT, content)
    assert faults(refused) == [("encoding_wrong", 1, None)]
    assert "gb18030" in refused.text
    assert (await send(house, IMPORT, content, query="encoding=gbk&dry_run=true")).json()["added"] == [
        "north"
    ]


async def test_formulas_are_refused_with_their_cells(house: House) -> None:
    made = Workbook()
    made["Sheet"].append(["code", "phone"])
    made["Sheet"].append(["water", '=HYPERLINK("http://x","y")'])
    made.save(written := io.BytesIO())
    assert faults(await send(house, IMPORT, written.getvalue(), content_type=XLSX)) == [
        ("cell_formula", 2, "B")
    ]


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (b"", CSV, "headings_missing"),
        (b"name\nx\n", CSV, "heading_missing"),
        (b'code,phone\nwater,"1\n', CSV, "csv_unreadable"),
        (b"not a zip", XLSX, "workbook_unreadable"),
        (b"", XLSX, "workbook_unreadable"),
    ],
)
async def test_what_is_no_table_is_refused(
    house: House, content: bytes, content_type: str, code: str
) -> None:
    refused = await send(house, IMPORT, content, content_type=content_type)
    assert [one[0] for one in faults(refused)] == [code]


async def test_only_tables_are_taken_and_only_from_administrators(shared_house: House) -> None:
    wrong = await send(shared_house, IMPORT, b"{}", content_type="application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (415, "not_json")
    others = await send(shared_house, IMPORT, write_csv([("code",)]), username="supervisor")
    assert others.status_code == 403
    encoding = await send(shared_house, IMPORT, b"code\n", query="encoding=latin-1")
    assert (encoding.status_code, encoding.json()["errors"][0]["pointer"]) == (422, "/query/encoding")
