"""`gridpatrol import` and `export` for places, their types and areas, as processes: out and in again."""

import json
from pathlib import Path

from tests.conftest import House
from tests.faults.test_rule_commands import ran
from tests.http.place_editing import read


async def test_places_and_areas_go_out_and_come_in_again_unchanged(house: House, tmp_path: Path) -> None:
    settings = house.wiring.settings
    for noun, count in {"places": 41, "areas": 3}.items():
        file = tmp_path / f"{noun}.geojson"
        out = await ran(settings, "export", noun, str(file))
        assert (out.returncode, out.stderr) == (0, "")
        assert "1380000" not in file.read_text("utf-8")
        same = await ran(settings, "import", noun, str(file), "--crs", "wgs84", "--complete")
        told = f"0 {noun} added, 0 changed, 0 no longer in use, {count} unchanged.\n"
        assert (same.returncode, same.stdout) == (0, told), same.stderr


async def test_a_table_of_places_is_tried_and_then_taken(house: House, tmp_path: Path) -> None:
    settings, file = house.wiring.settings, tmp_path / "places.csv"
    file.write_text("code,type,name_zh,longitude,latitude\nkiosk-1,shop,报刊亭,116.401,39.912\n", "utf-8")
    dry = await ran(settings, "import", "places", str(file), "--crs", "wgs84", "--dry-run")
    assert dry.stdout == "1 places added, 0 changed, 0 no longer in use, 0 unchanged. Nothing was stored.\n"
    taken = await ran(settings, "import", "places", str(file), "--crs", "wgs84", "--json")
    assert json.loads(taken.stdout)["added"] == ["kiosk-1"]
    assert (await read(house, "/v1/places/kiosk-1"))["name_zh"] == "报刊亭"


async def test_faults_are_told_as_compilers_do_and_nothing_is_stored(house: House, tmp_path: Path) -> None:
    settings, file = house.wiring.settings, tmp_path / "places.csv"
    file.write_text("code,type,name_zh,longitude,latitude\nkiosk-1,castle,报刊亭,116.401,39.912\n", "utf-8")
    refused = await ran(settings, "import", "places", str(file), "--crs", "wgs84")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"{file}:2: type: There is no such type of place.\n"
    missing = await ran(settings, "import", "areas", str(tmp_path / "none.geojson"), "--crs", "wgs84")
    assert missing.returncode == 1
    assert "none.geojson" in missing.stderr


async def test_types_of_places_are_taken_from_a_table(house: House, tmp_path: Path) -> None:
    settings, file = house.wiring.settings, tmp_path / "types.csv"
    file.write_text("编码,名称,英文名称\nkiosk,报刊亭,Kiosk\nshop,小店,Small shop\n", "utf-8")
    taken = await ran(settings, "import", "place-types", str(file))
    assert taken.stdout == "1 types added, 1 changed, 0 no longer in use, 0 unchanged.\n", taken.stderr
    names = {one["code"]: one["name_zh"] for one in (await read(house, "/v1/place-types"))["items"]}
    assert (names["kiosk"], names["shop"]) == ("报刊亭", "小店")
    file.write_text("编码,名称\nKiosk!,报刊亭\n", "utf-8")
    refused = await ran(settings, "import", "place-types", str(file))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{file}:2: 编码: ")
