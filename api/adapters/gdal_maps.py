"""GeoPackage and Shapefile as maps, read by GDAL in a process of its own (`map_worker`)."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from signal import SIGKILL
from typing import Final, cast

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api.adapters import map_worker
from api.adapters.map_limits import FEATURES_MAX, VERTICES_MAX, too_large, unreadable
from api.adapters.map_texts import MapEncoding, hint
from api.adapters.processes import SYSTEM_PATH, tied_to_us
from api.domain.imports import Finding
from api.domain.map_files import MapFeature, MapFile, MapUnreadable

GEOPACKAGE, SHAPEFILE = "GPKG", "ESRI Shapefile"
"""GDAL's drivers."""

MEMORY_BYTES: Final = 3 * 2**30
ANSWER_BYTES: Final = 2**30
CPU_S: Final = 90
PATIENCE_S: Final = 180
"""Of the clock on the wall: a busy machine may take its time over the CPU's seconds."""

_ENVIRONMENT: Final = {
    "PATH": SYSTEM_PATH,
    "GDAL_DRIVER_PATH": "disable",  # no plugins
    "GDAL_PAM_ENABLED": "NO",  # no files beside the one it was given
    "CPL_CURL_ENABLE_VSIMEM": "NO",
    "PROJ_NETWORK": "OFF",
    "OPENBLAS_NUM_THREADS": "1",  # numpy's library would reserve memory for each core
}
_AUTHORITY: Final = re.compile(r"[A-Za-z]+:[A-Za-z0-9]+")
_NAME: Final = re.compile(r'[A-Z_0-9]+\[\s*"([^"]*)"')

SQLITE_MAGIC: Final = b"SQLite format 3\0"


def read_geopackage(content: bytes, layer: str | None, encoding: MapEncoding | None) -> MapFile:
    """Read a layer of a GeoPackage, the only one with geometries if none is named; raises MapUnreadable."""
    if not content.startswith(SQLITE_MAGIC) or len(content) < 100:  # noqa: PLR2004  SQLite's header
        raise unreadable("map_unreadable", "This is no GeoPackage (.gpkg).")
    # SQLite's file format, 1.3: pages and their size; 1 stands for 65 536, and old writers leave the pages 0.
    page_bytes = int.from_bytes(content[16:18], "big")
    pages = int.from_bytes(content[28:32], "big")
    if len(content) < pages * (65_536 if page_bytes == 1 else page_bytes):
        raise unreadable("map_truncated", "The GeoPackage is incomplete: its end is missing.")
    with tempfile.TemporaryDirectory(prefix="gridpatrol-map-") as folder:
        path = Path(folder, "map.gpkg")
        path.write_bytes(content)
        return read_by_gdal(path, GEOPACKAGE, layer, encoding)


def read_by_gdal(path: Path, driver: str, layer: str | None, encoding: MapEncoding | None) -> MapFile:
    """Read a file in a folder of its own, to which the answer is put, too; raises MapUnreadable.

    Text is in UTF-8 unless said otherwise.
    """
    answer, blobs = _ask(path, driver, layer)
    if "refused" in answer:
        raise unreadable("map_unreadable", f"The file can't be read: {answer['refused'].rstrip('.')}.")
    if "layers" in answer:
        raise _layers_wrong(answer["layers"], layer)
    # Without either of them all else is there.
    lengths, values = answer.get("lengths", []), answer.get("values", [])
    if len(lengths) > FEATURES_MAX:
        raise too_large(f"A map has at most {FEATURES_MAX} features.")
    shapes, faults = _shapes(lengths, blobs)
    columns, rows = _decoded(answer.get("columns", []), values, len(lengths), encoding)
    features = tuple(
        MapFeature(number, dict(zip(columns, row, strict=True)), shape, fault)
        for number, (row, shape, fault) in enumerate(zip(rows, shapes, faults, strict=True), 1)
    )
    return MapFile(features, _declared(answer.get("crs")), encoding or MapEncoding.UTF_8)


def _ask(path: Path, driver: str, layer: str | None) -> tuple[map_worker.Answer, bytes]:
    request = map_worker.Request(
        path=str(path),
        driver=driver,
        layer=layer,
        features_max=FEATURES_MAX,
        memory_bytes=MEMORY_BYTES,
        cpu_s=CPU_S,
        answer_bytes=ANSWER_BYTES,
    )
    # Not as `-m`: the process starts without the house and whatever the house imports.
    command = [sys.executable, "-I", str(Path(map_worker.__file__).resolve()), json.dumps(request)]
    answered = path.with_name("answer")
    with answered.open("wb") as output:
        try:
            ended = subprocess.run(  # noqa: S603  ourselves
                tied_to_us(command, SIGKILL),
                env=_ENVIRONMENT | {"TMPDIR": str(path.parent)},
                cwd=path.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,  # GDAL's own log
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise unreadable("map_unreadable", "Reading the file takes too long.") from error
    if ended.returncode != os.EX_OK:
        raise unreadable(
            "map_unreadable", "The file can't be read: it is damaged, or takes too much memory or time."
        )
    content = answered.read_bytes()
    start = 8 + int.from_bytes(content[:8], "big")
    return cast("map_worker.Answer", json.loads(content[8:start])), content[start:]


def _layers_wrong(names: list[str], layer: str | None) -> MapUnreadable:
    listed = ", ".join(repr(name) for name in names[:20]) or "none"
    if layer is not None:
        return unreadable(
            "layer_unknown", f"The file has no layer {layer!r} with geometries; it has: {listed}."
        )
    if not names:
        return unreadable("layer_unknown", "The file has no layer with geometries.")
    return unreadable(
        "layer_ambiguous", f"The file has several layers: name the one that is meant, of {listed}."
    )


def _shapes(lengths: list[int], blobs: bytes) -> tuple[list[BaseGeometry | None], list[str | None]]:
    """Return the geometries, and for each why it can't be used."""
    written: list[bytes | None] = []
    start = 0
    for length in lengths:
        written.append(None if length < 0 else blobs[start : start + length])
        start += max(length, 0)
    with np.errstate(invalid="ignore"):  # what is not finite is told below
        read = shapely.from_wkb(np.array(written, dtype=object), on_invalid="ignore")
    vertices, owners = shapely.get_coordinates(read, return_index=True)
    if len(vertices) > VERTICES_MAX:
        raise too_large(f"A map has at most {VERTICES_MAX} vertices.")
    infinite = set(cast("list[int]", owners[~np.isfinite(vertices).all(axis=1)].tolist()))
    shapes = cast("list[BaseGeometry | None]", read.tolist())
    faults: list[str | None] = []
    for position, (wkb, shape) in enumerate(zip(written, shapes, strict=True)):
        fault = None
        if position in infinite:
            shapes[position], fault = None, "A coordinate is not a finite number."
        elif wkb is not None and shape is None:
            fault = "The geometry is damaged, or of a kind that can't be read."
        faults.append(fault)
    return shapes, faults


def _decoded(
    columns: list[str], values: list[list[object]], count: int, encoding: MapEncoding | None
) -> tuple[list[str], list[tuple[object, ...]]]:
    """Return the names of the columns and the rows as text; raises MapUnreadable with each cell that is none."""
    wrong: list[Finding] = []

    def text(written: str, column: str | None, line: int | None) -> str:
        content = written.encode(map_worker.BYTE_BY_BYTE)
        try:
            return content.decode(encoding or MapEncoding.UTF_8)
        except UnicodeDecodeError:
            what = f"{column!r} of feature {line}" if line else "The name of a column"
            detail = f"{what} is not {(encoding or MapEncoding.UTF_8).upper()}{hint(content, encoding)}."
            wrong.append(Finding("text_undecodable", detail, line=line, column=column))
            return content.decode(encoding or MapEncoding.UTF_8, "replace")

    names = [column if column.isascii() else text(column, None, None) for column in columns]
    read = [
        [
            text(cell, name, line) if isinstance(cell, str) and not cell.isascii() else cell
            for line, cell in cells
        ]
        for name, cells in zip(names, (enumerate(column, 1) for column in values), strict=True)
    ]
    if wrong:
        raise MapUnreadable(sorted(wrong, key=lambda finding: finding.line or 0))
    return names, list(zip(*read, strict=True)) if read else [()] * count


def _declared(crs: str | None) -> str | None:
    if crs is None or _AUTHORITY.fullmatch(crs):
        return crs
    name = _NAME.match(crs)
    shown = name[1] if name else crs[:100]
    return None if shown.lower().startswith(("undefined", "unknown")) else shown
