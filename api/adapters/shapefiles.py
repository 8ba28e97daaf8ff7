"""Shapefiles: several files that are one, mostly in an archive, with text in whatever encoding."""

import io
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from api.adapters.gdal_maps import SHAPEFILE, read_by_gdal
from api.adapters.map_limits import FEATURES_MAX, FILE_BYTES_MAX, INFLATED_BYTES_MAX, too_large, unreadable
from api.adapters.map_texts import MapEncoding
from api.domain.map_files import MapFile

_NEEDED: Final = (".shp", ".shx", ".dbf")
_PARTS: Final = (*_NEEDED, ".prj", ".cpg")
_ENTRIES_MAX: Final = 200
_RATIO_MAX, _RATIO_FROM_BYTES = 250, 32 * 2**20
"""Tables padded with blanks pack a hundred times; from some size on, more than this is made to do harm."""
_CHUNK: Final = 2**20
_MAGIC: Final = 9994
_ZIP_ENTRY: Final = b"PK\x01\x02"

_TABLE_ENCODINGS: Final = {
    0x4D: MapEncoding.GB18030,
    0x4F: MapEncoding.BIG5,
    0x78: MapEncoding.BIG5,
    0x7A: MapEncoding.GB18030,
}
"""Language drivers of dBASE and FoxPro that say more than "whatever this computer uses"."""


def read_shapefile(content: bytes, encoding: MapEncoding | None) -> MapFile:
    """Read the one Shapefile in a ZIP archive; raises MapUnreadable.

    Other files in the archive are not looked at. Text is in the encoding that the caller says, or else the `.cpg`,
    or else the table itself; or else it is UTF-8, and what is not is refused.
    """
    with tempfile.TemporaryDirectory(prefix="gridpatrol-map-") as folder:
        _unpack(content, Path(folder))
        return _read(Path(folder), encoding)


def read_shapefile_path(path: Path, encoding: MapEncoding | None) -> MapFile:
    """Read a `.shp` with its neighbours of the same name; raises MapUnreadable, or OSError."""
    with tempfile.TemporaryDirectory(prefix="gridpatrol-map-") as folder:
        for part in path.parent.iterdir():
            suffix = part.suffix.lower()
            if part.stem == path.stem and suffix in _PARTS:
                if part.stat().st_size > FILE_BYTES_MAX:
                    raise too_large(f"{part.name} has more than {FILE_BYTES_MAX // 2**20} MiB.")
                shutil.copyfile(part, _part(Path(folder), suffix))
        return _read(Path(folder), encoding)


def _part(folder: Path, suffix: str) -> Path:
    return folder / f"map{suffix}"


def _unpack(content: bytes, folder: Path) -> None:
    """Unpack the parts of the one Shapefile under names of our own: those in the archive lead nowhere."""
    # An archive may name a million entries, and reading their list takes gigabytes.
    if content.count(_ZIP_ENTRY) > _ENTRIES_MAX:
        raise too_large(f"The archive has more than {_ENTRIES_MAX} entries.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inflated = 0
            for entry in _chosen(archive.infolist()):
                target = _part(folder, PurePosixPath(entry.filename).suffix.lower())
                with archive.open(entry) as packed, target.open("wb") as unpacked:
                    while chunk := packed.read(_CHUNK):
                        # What an archive declares may be a lie.
                        inflated += len(chunk)
                        if inflated > INFLATED_BYTES_MAX:
                            raise _bomb()
                        unpacked.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError) as error:
        raise unreadable(
            "map_unreadable", f"This is no ZIP archive with a Shapefile, or a damaged one: {error}."
        ) from error


def _chosen(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Return the parts of the one Shapefile; refuse what would not end well."""
    files = [entry for entry in entries if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")]
    mains = [entry for entry in files if entry.filename.lower().endswith(".shp")]
    if len(mains) != 1:
        names = ", ".join(repr(entry.filename) for entry in mains[:10]) or "none"
        raise unreadable("archive_wrong", f"The archive must hold exactly one .shp; it holds: {names}.")
    stem = mains[0].filename[: -len(".shp")]
    chosen: dict[str, zipfile.ZipInfo] = {}
    for entry in files:
        suffix = PurePosixPath(entry.filename).suffix.lower()
        if suffix in _PARTS and entry.filename[: -len(suffix)].lower() == stem.lower():
            if suffix in chosen:
                raise unreadable("archive_wrong", f"The archive holds {entry.filename!r} twice.")
            chosen[suffix] = entry
    _check_packing(chosen.values())
    return list(chosen.values())


def _check_packing(entries: Iterable[zipfile.ZipInfo]) -> None:
    inflated = packed = 0
    for entry in entries:
        if entry.flag_bits & 1:
            raise unreadable("archive_wrong", "The archive has a password: pack it without one.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise unreadable(
                "archive_wrong", "The archive is packed in an unusual way: pack it as plain ZIP."
            )
        inflated += entry.file_size
        packed += entry.compress_size
    if inflated > INFLATED_BYTES_MAX or (inflated > _RATIO_FROM_BYTES and inflated > packed * _RATIO_MAX):
        raise _bomb()


def _bomb() -> Exception:
    return too_large(f"Unpacked, a map has at most {INFLATED_BYTES_MAX // 2**20} MiB.")


def _read(folder: Path, encoding: MapEncoding | None) -> MapFile:
    missing = [suffix for suffix in _NEEDED if not _part(folder, suffix).is_file()]
    if missing:
        raise unreadable("archive_wrong", f"Of the Shapefile there is no {', no '.join(missing)}.")
    _check_sizes(folder)
    return read_by_gdal(_part(folder, ".shp"), SHAPEFILE, None, encoding or _declared_encoding(folder))


def _check_sizes(folder: Path) -> None:
    """Refuse parts that are cut off, or of different maps: GDAL would read what is there, and say nothing.

    Offsets: ESRI Shapefile Technical Description (1998), main file header; dBASE III table header.
    """
    for suffix in (".shp", ".shx"):
        head, size = _head(_part(folder, suffix), 100)
        magic, words = struct.unpack_from(">i20xi", head)
        if magic != _MAGIC:
            raise unreadable("map_unreadable", f"The {suffix} is none.")
        if size < words * 2:
            raise unreadable("map_truncated", f"The {suffix} is incomplete: its end is missing.")
    head, size = _head(_part(folder, ".dbf"), 32)
    records, head_bytes, record_bytes = struct.unpack_from("<IHH", head, 4)
    if records > FEATURES_MAX:
        raise too_large(f"A map has at most {FEATURES_MAX} features.")
    if size < head_bytes + records * record_bytes:
        raise unreadable("map_truncated", "The .dbf is incomplete: its end is missing.")
    shapes = (_part(folder, ".shx").stat().st_size - 100) // 8
    if shapes != records:
        raise unreadable(
            "map_unreadable",
            f"The .shx has {shapes} shapes and the .dbf {records} rows: they are of two maps.",
        )


def _head(path: Path, needed: int) -> tuple[bytes, int]:
    with path.open("rb") as file:
        head = file.read(needed)
    if len(head) < needed:
        raise unreadable("map_truncated", f"The {path.suffix} is incomplete: its end is missing.")
    return head, path.stat().st_size


def _declared_encoding(folder: Path) -> MapEncoding | None:
    page = _part(folder, ".cpg")
    if page.is_file():
        name = page.read_bytes()[:64].decode("ascii", "replace").strip("\ufeff\0 \r\n")
        encoding = MapEncoding.named(name)
        if encoding is None:
            raise unreadable(
                "encoding_unknown", f"The .cpg says {name!r}: say in which encoding the table is."
            )
        return encoding
    head, _ = _head(_part(folder, ".dbf"), 32)
    return _TABLE_ENCODINGS.get(head[29])
