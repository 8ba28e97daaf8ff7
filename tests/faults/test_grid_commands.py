"""`gridpatrol import grids` and `gridpatrol export grids` as processes."""

import json
from pathlib import Path

from shapely.geometry import mapping, shape

from tests.conftest import House
from tests.faults.test_rule_commands import ran
from tests.http.grid_editing import COMMUNITY, read, split

GRID = f"{COMMUNITY}002"


async def test_grids_go_out_are_split_and_come_in_while_the_api_runs(house: House, tmp_path: Path) -> None:
    settings, file = house.wiring.settings, tmp_path / "grids.geojson"
    out = await ran(settings, "export", "grids", str(file))
    assert (out.returncode, out.stderr) == (0, "")
    printed = await ran(settings, "export", "grids")
    assert printed.stdout == file.read_text("utf-8")
    same = await ran(settings, "import", "grids", str(file), "--crs", "wgs84", "--complete")
    written = json.loads(file.read_text("utf-8"))
    total = len(written["features"])
    assert same.stdout == f"0 grids added, 0 changed, 0 ended, {total} unchanged.\n", same.stderr
    found = {feature["properties"]["code"]: feature for feature in written["features"]}
    written["features"] = list(split(found, GRID).values())
    file.write_text(json.dumps(written), "utf-8")
    words = ("import", "grids", str(file), "--crs", "wgs84", "--complete")
    dry = await ran(settings, *words, "--dry-run")
    assert dry.stdout == (
        f"2 grids added, 0 changed, 1 ended, {total - 1} unchanged. Nothing was stored.\n"
    ), dry.stderr
    assert (await read(house, f"/v1/grids/{GRID}"))["code"] == GRID
    stored = await ran(settings, *words, "--json")
    answer = json.loads(stored.stdout)
    assert (answer["added"], answer["removed"]) == ([f"{COMMUNITY}801", f"{COMMUNITY}802"], [GRID])
    assert stored.stderr == ""
    assert (await read(house, f"/v1/grids/{COMMUNITY}801"))["name"] == "New Grid 801"


async def test_a_file_that_is_wrong_is_told_with_places_and_draws_them(house: House, tmp_path: Path) -> None:
    settings, file, faults = house.wiring.settings, tmp_path / "grids.geojson", tmp_path / "faults.geojson"
    before = await read(house, "/v1/grids?limit=200")
    await ran(settings, "export", "grids", str(file))
    written = json.loads(file.read_text("utf-8"))
    codes = [feature["properties"]["code"] for feature in written["features"]]
    wrong = written["features"][codes.index(GRID)]
    wrong["geometry"] = mapping(shape(wrong["geometry"]).buffer(0.0002))
    wrong["properties"]["unit"] = "navy"
    file.write_text(json.dumps(written), "utf-8")
    words = ("import", "grids", str(file), "--crs", "wgs84", "--report", str(faults))
    refused = await ran(settings, *words)
    assert (refused.returncode, refused.stdout) == (1, "")
    line = codes.index(GRID) + 1
    told = refused.stderr.splitlines()
    assert f"{file}:{line}: unit: There is no unit 'navy' at work." in told
    assert any(" both cover " in one and one.startswith(f"{file}:") for one in told)
    drawn = json.loads(faults.read_text("utf-8"))
    assert {feature["properties"]["kind"] for feature in drawn["features"]} >= {"overlap"}
    assert await read(house, "/v1/grids?limit=200") == before
    absent = await ran(settings, "import", "grids", str(tmp_path / "absent.gpkg"), "--crs", "wgs84")
    assert (absent.returncode, "No such file" in absent.stderr) == (1, True)
    unsaid = await ran(settings, "import", "grids", str(file))
    assert unsaid.returncode == 2
    assert "--crs" in unsaid.stderr
