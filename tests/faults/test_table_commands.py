"""`gridpatrol import units|people` and their exports as processes: out, into a spreadsheet, and in again."""

import csv
import io
import json
import re
import stat
from pathlib import Path

from api.adapters.spreadsheets import read_workbook, write_csv
from tests.conftest import House
from tests.faults.test_rule_commands import ran
from tests.http.test_passwords import signs_in
from tests.http.test_people import read

NEW = [
    ("username", "name", "role", "unit"),
    ("zhao", "=赵晓燕", "officer", ""),
    ("qian", "钱明", "unit_lead", "water"),
    ("admin", "管理员", "administrator", ""),
]


async def test_both_tables_go_out_and_come_in_again_without_a_change(house: House, tmp_path: Path) -> None:
    settings = house.wiring.settings
    for noun in ("units", "people"):
        total = len((await read(house, f"/v1/{noun}" + ("?limit=200" if noun == "people" else "")))["items"])
        for name in ("table.xlsx", "table.csv"):
            file = tmp_path / f"{noun}-{name}"
            out = await ran(settings, "export", noun, str(file))
            assert out.returncode == 0, out.stderr
            assert ("phone numbers" in out.stderr) == (noun == "people")
            same = await ran(settings, "import", noun, str(file))
            told = (same.returncode, same.stdout)
            assert told == (0, f"0 {noun} added, 0 changed, {total} unchanged.\n"), same.stderr
        printed = await ran(settings, "export", noun)
        assert printed.stdout == (tmp_path / f"{noun}-table.csv").read_text("utf-8")
    (sheet,) = read_workbook((tmp_path / "people-table.xlsx").read_bytes())
    assert "password" not in sheet.rows[0].cells


async def test_new_people_get_passwords_that_only_the_owner_of_the_file_reads(
    house: House, tmp_path: Path
) -> None:
    settings, file, passwords = house.wiring.settings, tmp_path / "people.csv", tmp_path / "passwords.csv"
    file.write_bytes(write_csv(NEW))
    words = ("import", "people", str(file), "--new-passwords", str(passwords))
    dry = await ran(settings, *words, "--dry-run")
    assert dry.stdout == "2 people added, 1 changed, 0 unchanged. Nothing was stored.\n", dry.stderr
    assert not passwords.exists()
    done = await ran(settings, *words)
    assert done.stdout == "2 people added, 1 changed, 0 unchanged.\n", done.stderr
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    rows = list(csv.reader(io.StringIO(passwords.read_text("utf-8-sig"))))
    assert [row[:2] for row in rows] == [["username", "name"], ["zhao", "'=赵晓燕"], ["qian", "钱明"]]
    for username, _, password in rows[1:]:
        assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", password)
        assert password not in done.stdout + done.stderr
        assert (await signs_in(house, username, password)).status_code == 200
    again = await ran(settings, *words)
    assert (again.returncode, "File exists" in again.stderr) == (1, True)
    assert len(rows) == 3
    assert passwords.stat().st_size > 0


async def test_a_file_that_is_wrong_is_told_line_by_line_and_no_password_is_written(
    house: House, tmp_path: Path
) -> None:
    settings, file, passwords = house.wiring.settings, tmp_path / "people.csv", tmp_path / "passwords.csv"
    before = await read(house, "/v1/people?limit=200")
    file.write_bytes(write_csv([*NEW, ("sun", "孙", "king", "nobody"), ("admin", "x", "", "")]))
    refused = await ran(settings, "import", "people", str(file), "--new-passwords", str(passwords))
    assert refused.returncode == 1
    assert [line.split(": ")[:2] for line in refused.stderr.splitlines()] == [
        [f"{file}:6", "username"],
        [f"{file}:5", "role"],
        [f"{file}:5", "unit"],
        [f"{file}:5", "role"],
    ]
    file.write_bytes("username,name\nsun,孙\n".encode("gbk"))
    assert "gb18030" in (await ran(settings, "import", "people", str(file))).stderr
    absent = await ran(settings, "import", "units", str(tmp_path / "absent.csv"))
    assert (absent.returncode, "No such file" in absent.stderr) == (1, True)
    assert not passwords.exists()
    assert await read(house, "/v1/people?limit=200") == before


async def test_a_script_reads_what_would_change(house: House, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_bytes(
        write_csv([("code", "name_zh", "kind", "calendar", "x"), ("new", "新", "企业", "city", "")])
    )
    told = json.loads(
        (await ran(house.wiring.settings, "import", "units", str(file), "--dry-run", "--json")).stdout
    )
    assert (told["is_preview"], told["added"]) == (True, ["new"])
    assert [warning["code"] for warning in told["warnings"]] == ["heading_unknown"]
