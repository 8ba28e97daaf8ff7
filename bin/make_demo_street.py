# ruff: noqa: INP001 - bin holds scripts, not a package.
"""Draw the demo street: `.venv/bin/python -m bin.make_demo_street` writes `api/data/demo/street.geojson`.

City, district and street are invented, and their codes belong to no real place. Five avenues and five cross
streets, bent as roads bend, enclose 16 communities; lanes divide each into 5 to 9 unit grids, 105 in all. The
file is committed, so the demo does not need this script; it shows where the file comes from and redraws it.
The same program with the same GEOS draws the same street.
"""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import shapely
from shapely import Polygon
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Place, metres_per_degree
from api.domain.grids import CodePattern, GridLevel
from api.domain.tilings import check_tiling
from bin.demo_roads import AVENUES, crossings, divide, faces, main_roads

TARGET: Final = Path(__file__).parents[1] / "api" / "data" / "demo" / "street.geojson"
CENTRE: Final = Place(116.4035, 39.9141)
OFFICE: Final = shapely.Point(116.404, 39.915)
SEED: Final = 54
DECIMALS: Final = 7  # about 1 cm
UNIT_GRIDS: Final = 105
FEWEST, MOST = 5, 9
# A vertex that makes a triangle smaller than this squared with its neighbours is left out.
CORNER_M: Final = 2.0
CITY: Final = ("9901", "示范市", "Demo City")
DISTRICT: Final = ("990101", "示范区", "Demo District")
STREET: Final = ("990101001", "槐荫街道", "Huaiyin Subdistrict")
COMMUNITIES: Final = (
    (("槐北", "Huaibei"), ("柳荫", "Liuyin"), ("松涛", "Songtao"), ("银杏", "Yinxing")),
    (("槐西", "Huaixi"), ("书院", "Shuyuan"), ("钟楼", "Zhonglou"), ("槐东", "Huaidong")),
    (("桂香", "Guixiang"), ("文昌", "Wenchang"), ("梧桐", "Wutong"), ("清溪", "Qingxi")),
    (("南塘", "Nantang"), ("杏坛", "Xingtan"), ("槐南", "Huainan"), ("枫桥", "Fengqiao")),
)


def in_reading_order(areas: Sequence[Polygon]) -> list[Polygon]:
    """Sort communities from north to south and, within a row, from west to east."""
    by_north = sorted(areas, key=lambda area: -area.centroid.y)
    columns = len(AVENUES) - 1
    rows = [by_north[start : start + columns] for start in range(0, len(by_north), columns)]
    return [area for row in rows for area in sorted(row, key=lambda area: area.centroid.x)]


def share_out(areas: Sequence[Polygon]) -> list[int]:
    """Return how many unit grids each community gets, by its area: `UNIT_GRIDS` in all."""
    per_m2 = UNIT_GRIDS / sum(area.area for area in areas)
    counts = [min(MOST, max(FEWEST, math.floor(area.area * per_m2))) for area in areas]
    while sum(counts) < UNIT_GRIDS:
        roomiest = max(
            (place for place, count in enumerate(counts) if count < MOST),
            key=lambda place: areas[place].area / counts[place],
        )
        counts[roomiest] += 1
    return counts


def on_earth(area: Polygon) -> Polygon:
    """Turn metres from the centre into rounded degrees; areas that share a vertex go on sharing it."""
    scale = metres_per_degree(CENTRE.latitude)
    centre = (CENTRE.longitude, CENTRE.latitude)
    return shapely.transform(area, lambda metres: (metres / scale + centre).round(DECIMALS))


class Feature(NamedTuple):
    """A grid as the file holds it."""

    code: str
    name_zh: str
    name_en: str
    shape: Polygon

    def to_geojson(self, pattern: CodePattern) -> dict[str, object]:
        """Return the GeoJSON feature: outer rings run counterclockwise, as RFC 7946 wants it."""
        level = pattern.level_of(self.code)
        return {
            "type": "Feature",
            "id": self.code,
            "properties": {
                "code": self.code,
                "level": str(level),
                "name_zh": self.name_zh,
                "name_en": self.name_en,
                "parent": pattern.parent_of(self.code),
            },
            "geometry": mapping(shapely.orient_polygons(self.shape.normalize())),
        }


def union(shapes: Sequence[Polygon]) -> Polygon:
    """Return the area that a tiling covers, with all vertices of its edge."""
    (whole,) = shapely.get_parts(shapely.coverage_union_all(shapes))
    if not isinstance(whole, Polygon):
        raise TypeError(f"a tiling is a {whole.geom_type}")
    return whole


def draw_street() -> list[Feature]:
    """Return city, district, street, communities and unit grids, in the order of their codes at each level."""
    chance = random.Random(SEED)  # noqa: S311 - a drawing, not a secret
    roads = main_roads()
    areas = in_reading_order(faces(roads))
    lines: list[BaseGeometry] = list(roads)
    plans: list[list[Polygon]] = []
    junctions = [crossings(roads)]
    for area, count in zip(areas, share_out(areas), strict=True):
        parts = list(divide(area, count, junctions, chance))
        lines.extend(part for part in parts if not isinstance(part, Polygon))
        plans.append([part for part in parts if isinstance(part, Polygon)])
    # Vertices next to a junction or on a nearly straight line go, for both neighbours at once.
    cells = shapely.coverage_simplify(faces(lines), CORNER_M)
    drawn = [
        [on_earth(max(cells, key=lambda cell, part=part: cell.intersection(part).area)) for part in plan]
        for plan in plans
    ]
    named = list(zip(drawn, (name for row in COMMUNITIES for name in row), strict=True))
    # Numbers go from the street office outwards, so the place that everybody tries first is in the first one.
    named.sort(
        key=lambda one: (
            min(shape.distance(OFFICE) for shape in one[0]) + union(one[0]).centroid.distance(OFFICE)
        )
    )
    communities: list[Feature] = []
    units: list[Feature] = []
    for number, (shapes, (name_zh, name_en)) in enumerate(named, 1):
        code = f"{STREET[0]}{number:03}"
        units.extend(
            Feature(f"{code}{place:03}", f"{name_zh}社区第{place}网格", f"{name_en} Grid {place}", shape)
            for place, shape in enumerate(shapes, 1)
        )
        communities.append(Feature(code, f"{name_zh}社区", f"{name_en} Community", union(shapes)))
    whole = union([community.shape for community in communities])
    return [*(Feature(*names, whole) for names in (CITY, DISTRICT, STREET)), *communities, *units]


def main() -> None:
    """Draw the street, prove that it is tiled exactly, and write it."""
    features = draw_street()
    pattern = CodePattern()
    by_level = {
        level: [item for item in features if pattern.level_of(item.code) is level] for level in GridLevel
    }
    for level in (GridLevel.COMMUNITY, GridLevel.UNIT_GRID):
        for parent in by_level[GridLevel.STREET] + by_level[GridLevel.COMMUNITY]:
            within = {item.code: item.shape for item in by_level[level] if item.code.startswith(parent.code)}
            if not check_tiling(within, parent.shape).is_exact:
                raise AssertionError(f"{parent.name_en} is not tiled exactly")
    lines = (
        json.dumps(item.to_geojson(pattern), ensure_ascii=False, separators=(",", ":")) for item in features
    )
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
