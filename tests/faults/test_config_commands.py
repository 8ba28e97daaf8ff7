"""`gridpatrol config` as processes: a city's configuration goes into a folder, into git, and back."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from api.db import Database
from api.models import DispatchRule, Grid, KeptChange, Person, Place, Unit
from api.queries.reference import reference_version
from api.settings import Settings
from tests.faults.test_rule_commands import ran

FILES = {
    "areas.geojson",
    "calendars.yaml",
    "classes.csv",
    "grids.geojson",
    "place_types.csv",
    "places.geojson",
    "policies.yaml",
    "rules.yaml",
    "units.csv",
}


async def version_of(settings: Settings) -> int:
    database = Database(settings.required_database_url, pool_size=1)
    async with database.read() as session:
        version = await reference_version(session)
    await database.close()
    return version


async def counted(settings: Settings) -> dict[str, int]:
    database = Database(settings.required_database_url, pool_size=1)
    async with database.read() as session:
        counts = {
            table.table_name: (await session.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (DispatchRule, Grid, Person, Place, Unit, KeptChange)
        }
    await database.close()
    return counts


@pytest.fixture
async def folder(settings: Settings, tmp_path: Path) -> Path:
    """Return a folder with the configuration of the test's street."""
    path = tmp_path / "office"
    out = await ran(settings, "config", "export", str(path), "--people")
    assert (out.returncode, out.stderr) == (0, ""), out.stderr
    return path


async def test_people_are_written_only_when_asked_for(settings: Settings, tmp_path: Path) -> None:
    out = await ran(settings, "config", "export", str(tmp_path / "office"))
    assert out.returncode == 0, out.stderr
    assert {path.name for path in (tmp_path / "office").iterdir()} == FILES
    assert set(out.stdout.split()) == {str(tmp_path / "office" / name) for name in FILES}


async def test_what_was_written_differs_in_nothing_and_applying_it_changes_nothing(
    settings: Settings, folder: Path
) -> None:
    before = await version_of(settings), await counted(settings)
    for words in (("diff", str(folder)), ("apply", str(folder)), ("apply", str(folder))):
        done = await ran(settings, "config", *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing differs.\n", "")
    assert (await version_of(settings), await counted(settings)) == before
    as_json = json.loads((await ran(settings, "config", "diff", str(folder), "--json")).stdout)
    assert not as_json["is_different"]
    assert {part["file"] for part in as_json["parts"]} == FILES | {"people.csv"}
    assert all(part["unchanged"] for part in as_json["parts"])


async def test_people_are_written_for_the_owner_alone_even_over_a_file_that_others_could_read(
    settings: Settings, folder: Path, tmp_path: Path
) -> None:
    table = tmp_path / "people.csv"
    table.write_bytes(b"old")
    for path in (folder / "people.csv", table):
        path.chmod(0o644)
    assert (await ran(settings, "config", "export", str(folder), "--people")).returncode == 0
    assert (await ran(settings, "export", "people", str(table))).returncode == 0
    for path in (folder / "people.csv", table):
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"username" in path.read_bytes()


async def test_an_empty_installation_becomes_the_same_office(
    settings: Settings, folder: Path, empty_url: str, tmp_path: Path
) -> None:
    empty = Settings(demo=True, database_url=empty_url, home=tmp_path / "empty")
    tried = await ran(empty, "config", "diff", str(folder))
    assert tried.returncode == 1, tried.stderr
    assert tried.stdout.endswith("Nothing was stored.\n")
    assert set((await counted(empty)).values()) == {0}
    applied = await ran(empty, "config", "apply", str(folder))
    assert applied.returncode == 0, applied.stderr
    assert {name: n for name, n in (await counted(empty)).items() if name != "kept_changes"} == {
        name: n for name, n in (await counted(settings)).items() if name != "kept_changes"
    }
    again = await ran(empty, "config", "export", str(tmp_path / "again"), "--people")
    assert again.returncode == 0, again.stderr
    for name in (*FILES, "people.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


async def test_a_unit_is_closed_when_its_rules_end_in_the_same_folder(
    settings: Settings, folder: Path
) -> None:
    units, rules = folder / "units.csv", folder / "rules.yaml"
    closed = [
        ",".join([*line.split(",")[:-1], "否"]) if line.startswith("telecom,") else line
        for line in units.read_text("utf-8").splitlines()
    ]
    units.write_text("\n".join(closed), "utf-8")
    refused = await ran(settings, "config", "apply", str(folder))
    assert refused.returncode == 2
    assert "units.csv:" in refused.stderr
    kept = rules.read_text("utf-8").split("\n- ")
    gone = [rule.split()[1] for rule in kept[1:] if "telecom" in rule]
    rules.write_text("\n- ".join([kept[0], *(rule for rule in kept[1:] if "telecom" not in rule)]), "utf-8")
    different = await ran(settings, "config", "diff", str(folder))
    assert different.returncode == 1, different.stderr
    assert "units: changed 1: telecom\n" in different.stdout
    assert f"rules: removed {len(gone)}: {', '.join(sorted(gone))}\n" in different.stdout
    applied = await ran(settings, "config", "apply", str(folder))
    assert applied.returncode == 0, applied.stderr
    same = await ran(settings, "config", "diff", str(folder))
    assert (same.returncode, same.stdout) == (0, "Nothing differs.\n"), same.stderr


async def test_one_fault_and_nothing_of_the_folder_is_taken(settings: Settings, folder: Path) -> None:
    before = await version_of(settings), await counted(settings)
    policies = folder / "policies.yaml"
    policies.write_text(policies.read_text("utf-8").replace("reopen_max_days: 30", "reopen_max_days: 7"))
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text("utf-8").replace("lead_unit: market", "lead_unit: nobody", 1), "utf-8")
    for words in ("diff", "apply"):
        done = await ran(settings, "config", words, str(folder))
        assert (done.returncode, done.stdout) == (2, "")
        line = next(
            number
            for number, text in enumerate(rules.read_text("utf-8").splitlines(), 1)
            if "lead_unit: nobody" in text
        )
        assert done.stderr.startswith(f"{rules}:{line}: lead_unit: ")
    assert (await version_of(settings), await counted(settings)) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("calendars.yaml", b"calendars: [{code: x}]"),
        ("policies.yaml", b"[]"),
        ("policies.yaml", b"close_after_check: maybe"),
        ("units.csv", "code,name_zh\n单位,".encode("gb18030")),
        ("classes.csv", b"a,b\n1,2\n"),
        ("grids.geojson", b"{}"),
        ("areas.geojson", b"not json"),
        ("places.geojson", b""),
        ("place_types.csv", b"code,name_zh\nA B,x\n"),
        ("people.csv", b"username,name,role\nx,X,nobody\n"),
        ("rules.yaml", b"rules: {}"),
        ("rules.yaml", b"a: &a [*a]"),
    ],
)
async def test_a_file_of_nonsense_is_told_by_its_name(
    settings: Settings, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    done = await ran(settings, "config", "apply", str(tmp_path))
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith(f"{tmp_path / name}:"), done.stderr
    assert "Traceback" not in done.stderr


async def test_a_folder_without_any_part_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing")
    for path in (tmp_path, tmp_path / "nowhere"):
        done = await ran(settings, "config", "apply", str(path))
        assert (done.returncode, done.stdout) == (2, "")
        assert "has none of calendars.yaml" in done.stderr


async def test_what_a_folder_does_not_speak_of_stays(settings: Settings, folder: Path) -> None:
    for name in FILES - {"policies.yaml"} | {"people.csv"}:
        (folder / name).unlink()
    (folder / "policies.yaml").write_text("reopen_max_days: 9\n")
    before = await counted(settings)
    applied = await ran(settings, "config", "apply", str(folder))
    assert applied.returncode == 0, applied.stderr
    assert "policies: changed" in applied.stdout
    after = await counted(settings)
    assert {name: n for name, n in after.items() if name != "kept_changes"} == {
        name: n for name, n in before.items() if name != "kept_changes"
    }


async def test_whoever_changed_something_by_a_folder_is_the_command_line(
    settings: Settings, folder: Path
) -> None:
    policies = folder / "policies.yaml"
    policies.write_text(policies.read_text("utf-8").replace("reopen_max_days: 30", "reopen_max_days: 7"))
    assert (await ran(settings, "config", "apply", str(folder))).returncode == 0
    database = Database(settings.required_database_url, pool_size=1)
    async with database.read() as session:
        kept = (
            await session.execute(select(KeptChange).order_by(col(KeptChange.id).desc()).limit(1))
        ).scalar_one()
    await database.close()
    assert (kept.code, kept.by_id, kept.after) == ("reopen_max_days", None, {"value": 7})
