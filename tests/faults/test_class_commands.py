"""`gridpatrol import classes` and `gridpatrol export classes` as processes: out, into a spreadsheet, and in again."""

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.conftest import House
from tests.faults.test_rule_commands import ran
from tests.http.class_editing import COVER, NEW_ROW, VERSIONS, read, workbook

UNCHANGED = "0 classes and conditions added, 0 changed, 0 retired, 482 unchanged."


@pytest.mark.parametrize("name", ["classes.xlsx", "classes.csv"])
async def test_what_was_exported_changes_nothing_when_it_comes_back(
    house: House, tmp_path: Path, name: str
) -> None:
    settings, file = house.wiring.settings, tmp_path / name
    out = await ran(settings, "export", "classes", str(file))
    assert (out.returncode, out.stdout, out.stderr) == (0, "143 classes written.\n", "")
    same = await ran(settings, "import", "classes", str(file), "--complete")
    assert (same.returncode, same.stdout, same.stderr) == (0, f"{UNCHANGED}\n", "")


async def test_a_workbook_is_edited_and_comes_in_while_the_api_runs(house: House, tmp_path: Path) -> None:
    settings, file = house.wiring.settings, tmp_path / "立结案标准.xlsx"
    assert (await ran(settings, "export", "classes", str(file))).returncode == 0
    book = load_workbook(file)
    sheet = book["部件立结案标准"]
    headings = [cell.value for cell in sheet[1]]
    limit = sheet.cell(2, headings.index("处置时限") + 1)
    assert limit.value == "2紧急工作时"
    limit.value = "3紧急工作时"
    book.save(file)
    dry = await ran(settings, "import", "classes", str(file), "--dry-run")
    assert dry.stdout == UNCHANGED.replace("0 changed", "1 changed").replace("482", "481") + (
        " Nothing was stored.\n"
    )
    assert (await read(house, COVER))["version"] == 1
    stored = await ran(settings, "import", "classes", str(file), "--json")
    told = json.loads(stored.stdout)
    assert (told["changed"], told["is_preview"], stored.returncode) == (["P0101-1"], False, 0)
    assert (await read(house, COVER))["conditions"][0]["limit"]["value"] == 3
    newest = (await read(house, VERSIONS))["items"][0]
    assert (newest["source"], newest["by"], newest["changed"]) == ("立结案标准.xlsx", None, 1)


async def test_a_file_that_is_wrong_is_told_line_by_line_and_changes_nothing(
    house: House, tmp_path: Path
) -> None:
    settings, file = house.wiring.settings, tmp_path / "classes.xlsx"
    file.write_bytes(workbook((*NEW_ROW[:6], "24小时", "是", "否")))
    for option in ("--scheme=local", "--dry-run"):
        refused = await ran(settings, "import", "classes", str(file), "--scheme=local", option)
        assert refused.returncode == 1
        said = refused.stderr.splitlines()
        assert f"{file}:2: 事件: 处置时限: '24小时' may be 24工作时 or 24紧急工作时: write which." in said
        assert any("warning: " in line for line in said)
    assert "Name the scheme" in (await ran(settings, "import", "classes", str(file))).stderr
    file.write_bytes(b"nonsense")
    assert (await ran(settings, "import", "classes", str(file))).returncode == 1
    absent = await ran(settings, "import", "classes", str(tmp_path / "absent.csv"))
    assert (absent.returncode, "No such file" in absent.stderr) == (1, True)
    nowhere = await ran(settings, "export", "classes", str(tmp_path / "no" / "classes.csv"))
    assert (nowhere.returncode, "No such file" in nowhere.stderr) == (1, True)
    assert len((await read(house, VERSIONS))["items"]) == 1
