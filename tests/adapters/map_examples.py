"""Maps as programs write them, and as they should not be."""

import io
import math
import sqlite3
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from pyogrio import raw
from shapely.geometry.base import BaseGeometry

SQUARE = shapely.box(116.4, 39.9, 116.401, 39.901)
CODE = "110101001001001"


def geojson(*features: object, **members: object) -> bytes:
    """Return a FeatureCollection."""
    return orjson.dumps({"type": "FeatureCollection", **members, "features": features})


def feature(geometry: object, **properties: object) -> dict[str, object]:
    """Return a Feature of GeoJSON; `geometry` is shapely's or already as JSON."""
    if isinstance(geometry, BaseGeometry):
        geometry = orjson.loads(shapely.to_geojson(geometry) or "null")
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write(
    path: Path,
    shapes: Sequence[BaseGeometry | None],
    columns: Mapping[str, Sequence[Any]],
    *,
    driver: str = "GPKG",
    crs: str | None = "EPSG:4490",
    encoding: str | None = None,
    kind: str = "Polygon",
    **options: Any,  # noqa: ANN401  GDAL's
) -> Path:
    """Write a layer with GDAL."""
    values = [_array(column) for column in columns.values()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without a system, and with what is not quite right
        raw.write(  # pyright: ignore[reportUnknownMemberType]  pyogrio has no types
            path,
            np.array([None if shape is None else shapely.to_wkb(shape) for shape in shapes], dtype=object),
            values,
            list(columns),
            geometry_type=kind,
            driver=driver,
            crs=crs,
            encoding=encoding,
            **options,
        )
    return path


def geopackage(path: Path, names: Sequence[str] = ("街道",), **options: Any) -> bytes:  # noqa: ANN401  of `write`
    """Return a GeoPackage with one layer of squares."""
    columns = {"code": [f"{CODE[:-1]}{number}" for number, _ in enumerate(names)], "name": names}
    return write(path, [SQUARE] * len(names), columns, **options).read_bytes()


def shapefile(
    folder: Path,
    names: Sequence[str] = ("街道",),
    *,
    encoding: str = "utf-8",
    shapes: Sequence[BaseGeometry | None] | None = None,
    **columns: Sequence[Any],
) -> dict[str, bytes]:
    """Return the parts of a Shapefile by suffix."""
    path = folder / "grids.shp"
    write(
        path,
        shapes or [SQUARE] * len(names),
        {"name": names, **columns},
        driver="ESRI Shapefile",
        encoding=encoding,
    )
    return {part.suffix: part.read_bytes() for part in folder.glob("grids.*")}


def zipped(parts: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack files by name; what begins with a dot is a part of `grids`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", packing) as archive:
        for name, content in parts.items():
            archive.writestr(f"grids{name}" if name.startswith(".") and "/" not in name else name, content)
    return packed.getvalue()


def altered(content: bytes, path: Path, *statements: str) -> bytes:
    """Return a GeoPackage changed by SQL that GDAL would never write."""
    path.write_bytes(content)
    database = sqlite3.connect(path)
    # GDAL's triggers call functions that only GDAL has.
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{name}"')
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()
    return path.read_bytes()


def _array(column: Sequence[Any]) -> Any:  # noqa: ANN401  numpy's
    if any(isinstance(value, str) for value in column):
        return np.array(list(column), dtype=object)
    return np.array([math.nan if value is None else value for value in column])
