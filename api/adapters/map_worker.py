"""A process of its own in which GDAL reads one file: bounded in memory and time, with one driver and no secrets.

GDAL is millions of lines in C++ and takes some seventy formats. What strangers send meets it here, where a crash, a
loop or a leak ends a process that has nothing else to do. Started as a file by `api.adapters.gdal_maps`, it knows
nothing of the house. One argument says what to read, in JSON; the answer goes to standard output: eight bytes with
the length of a JSON object, that object, and the geometries as WKB one behind the other.

Text is answered byte by byte, as if it were Latin-1: whoever asked knows how it is written.
"""

import json
import math
import os
import resource
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NotRequired, TypedDict, cast

BYTE_BY_BYTE = "ISO-8859-1"


class Request(TypedDict):
    """What to read, and with how much."""

    path: str
    driver: str
    """GDAL's name of it; no other one is there when the file is opened."""
    layer: str | None
    """None for the only one with geometries."""
    features_max: int
    memory_bytes: int
    cpu_s: int
    answer_bytes: int


class Answer(TypedDict):
    """What was in the file, or why it can't be said."""

    refused: NotRequired[str]
    """What GDAL says; all else is missing then."""
    layers: NotRequired[list[str]]
    """Those to choose from: none of them, or not one alone, was meant; all else is missing then."""
    crs: NotRequired[str | None]
    columns: NotRequired[list[str]]
    values: NotRequired[list[list[Any]]]
    """Column by column."""
    lengths: NotRequired[list[int]]
    """Of each feature's WKB; -1 for a feature without geometry."""


def main() -> None:
    """Read what the first argument asks for."""
    request: Request = json.loads(sys.argv[1])
    _bound(request)
    _leave_one_driver(request["driver"])
    warnings.simplefilter("ignore")
    blobs: list[bytes] = []
    try:
        answer = read(request, blobs)
    except MemoryError:
        answer = Answer(refused="it takes too much memory")
    # GDAL's errors come in several kinds, and broken files bring errors of Python's, too.
    except Exception as error:  # noqa: BLE001
        answer = Answer(refused=str(error).replace(request["path"], "the file"))
    header = json.dumps(answer).encode()
    sys.stdout.buffer.write(len(header).to_bytes(8, "big"))
    sys.stdout.buffer.write(header)
    sys.stdout.buffer.writelines(blobs)


def read(request: Request, blobs: list[bytes]) -> Answer:
    """Read one layer; its geometries are put into `blobs`."""
    from pyogrio import list_layers, raw  # pyright: ignore[reportUnknownVariableType]  # noqa: PLC0415  not before the drivers are chosen

    path, layer = request["path"], request["layer"]
    # pyogrio has no types.
    found = cast("list[tuple[str, str | None]]", list_layers(path).tolist())  # pyright: ignore[reportUnknownMemberType]
    names = [name for name, kind in found if kind is not None]
    if layer is None and len(names) == 1:
        layer = names[0]
    if layer not in names:
        return Answer(layers=names)
    meta, _, shapes, columns = cast(
        "tuple[dict[str, Any], object, Sequence[bytes | None], Sequence[Any]]",
        raw.read(path, layer=layer, encoding=BYTE_BY_BYTE, max_features=request["features_max"] + 1),  # pyright: ignore[reportUnknownMemberType]
    )
    kept = [position for position, kind in enumerate(meta["ogr_types"]) if kind != "OFTBinary"]
    lengths = [-1 if shape is None else len(shape) for shape in shapes]
    blobs.extend(shape for shape in shapes if shape is not None)
    return Answer(
        crs=meta["crs"],
        columns=[str(meta["fields"][position]) for position in kept],
        values=[list(_plain(columns[position], meta["ogr_types"][position])) for position in kept],
        lengths=lengths,
    )


def _plain(column: Any, kind: str) -> Iterator[str | float | bool | None]:  # noqa: ANN401  an array of numpy's
    """Yield the values of a column as JSON has them. Where a number is missing, numpy made all of them floats."""
    if column.dtype.kind == "M":
        column = column.astype(str)
    for value in column.tolist():
        if isinstance(value, float):
            if math.isnan(value):
                yield None
            elif math.isinf(value):
                yield str(value)
            else:
                yield int(value) if kind.startswith("OFTInteger") else value
        elif value is None or value == "NaT":
            yield None
        else:
            yield value if isinstance(value, str | int | bool) else str(value)


def _bound(request: Request) -> None:
    """Bound this process by the kernel: what goes beyond fails, or ends it."""
    for what, most in (
        (resource.RLIMIT_AS, request["memory_bytes"]),
        (resource.RLIMIT_CPU, request["cpu_s"]),
        (resource.RLIMIT_FSIZE, request["answer_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))


def _leave_one_driver(name: str) -> None:
    """Start anew without the other drivers: GDAL registers them once, and only then looks at what to skip."""
    from pyogrio import list_drivers  # noqa: PLC0415  it registers the drivers

    others = sorted(set(list_drivers()) - {name})
    if others:
        if "GDAL_SKIP" in os.environ:
            raise SystemExit(f"GDAL goes on with {others}")
        environment = os.environ | {"GDAL_SKIP": ",".join(others)}
        os.execve(sys.executable, [sys.executable, "-I", *sys.argv], environment)  # noqa: S606  ourselves


if __name__ == "__main__":
    main()
