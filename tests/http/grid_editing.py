"""What an office does with the grids of the demo street, as short sentences for tests: split one, send the file."""

import copy
from collections.abc import Iterable
from typing import Any

import httpx
import orjson
import shapely
from shapely.geometry import mapping, shape

from api.grid_files import export_grids
from api.schemas.geojson import collection
from tests.conftest import House

IMPORT = "/v1/grids/import"
GEOJSON = "application/geo+json"
COMMUNITY = "990101001001"

Features = dict[str, dict[str, Any]]
"""Features by the code of their grid."""


async def features(house: House) -> Features:
    """Return the street's grids as `export grids` writes them."""
    written: Any = orjson.loads(await export_grids(house.wiring.settings))
    return {feature["properties"]["code"]: feature for feature in written["features"]}


async def send(
    house: House,
    found: Iterable[dict[str, Any]] | bytes,
    username: str = "admin",
    *,
    accept: str = "application/json",
    content_type: str = GEOJSON,
    **query: Any,  # noqa: ANN401  parameters of the import
) -> httpx.Response:
    """Send grids as a file, complete unless said otherwise."""
    content = found if isinstance(found, bytes) else orjson.dumps(collection(found))
    return await (await house.caller(username)).post(
        IMPORT,
        params={"crs": "wgs84", "complete": True, **query},
        headers={"Accept": accept, "Accept-Language": "en", "Content-Type": content_type},
        content=content,
    )


async def sent(house: House, found: Features, **query: Any) -> dict[str, Any]:  # noqa: ANN401  the same
    """Send grids as a file that must be taken; return the answer."""
    answer = await send(house, found.values(), **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def read(house: House, path: str, username: str = "admin", **headers: str) -> Any:  # noqa: ANN401  any answer
    """Read something that must be there."""
    answer = await (await house.caller(username)).get(path, headers={"Accept-Language": "en", **headers})
    assert answer.status_code == 200, answer.text
    return answer.json()


def split(found: Features, code: str, west: str = "801", east: str = "802") -> Features:
    """Return the grids with one cut in two from north to south; the halves get these numbers."""
    changed = copy.deepcopy(found)
    old = changed.pop(code)
    area = shape(old["geometry"])
    left, south, right, north = area.bounds
    middle = area.representative_point().x
    for number, half in (
        (west, shapely.box(left, south, middle, north)),
        (east, shapely.box(middle, south, right, north)),
    ):
        new = copy.deepcopy(old)
        new_code = code[:-3] + number
        new["id"] = new["properties"]["code"] = new_code
        new["properties"]["name_zh"] = f"新网格{number}"
        new["properties"]["name_en"] = f"New Grid {number}"
        new["geometry"] = mapping(area.intersection(half))
        changed[new_code] = new
    return changed


def inside(found: Features, code: str) -> dict[str, float]:
    """Return a place well inside a grid."""
    point = shape(found[code]["geometry"]).representative_point()
    return {"longitude": point.x, "latitude": point.y}
