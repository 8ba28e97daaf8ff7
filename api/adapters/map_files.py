"""Maps out of files: GeoJSON, GeoPackage, Shapefile. What is read is described in `api.domain.map_files`."""

from pathlib import Path

from api.adapters.gdal_maps import read_geopackage
from api.adapters.geojson_maps import read_geojson
from api.adapters.map_limits import FEATURES_MAX, FILE_BYTES_MAX, VERTICES_MAX, too_large, unreadable
from api.adapters.map_texts import required_encoding
from api.adapters.shapefiles import read_shapefile, read_shapefile_path
from api.domain.map_files import MapFeature, MapFile, MapFormat, MapUnreadable

__all__ = [
    "FEATURES_MAX",
    "FILE_BYTES_MAX",
    "VERTICES_MAX",
    "MapFeature",
    "MapFile",
    "MapFormat",
    "MapUnreadable",
    "read_map",
    "read_map_path",
]

_FORMATS = {
    ".geojson": MapFormat.GEOJSON,
    ".json": MapFormat.GEOJSON,
    ".gpkg": MapFormat.GEOPACKAGE,
    ".zip": MapFormat.SHAPEFILE,
    ".shp": MapFormat.SHAPEFILE,
}


def read_map(
    content: bytes, map_format: MapFormat, layer: str | None = None, encoding: str | None = None
) -> MapFile:
    """Read a whole file; blocks, so that it is called in a thread.

    `layer` names a layer of a GeoPackage that has several. `encoding` says how the text is written when
    that is not UTF-8 and the file itself does not say.

    Raises MapUnreadable for what is no such file, is damaged, or is larger than any office needs: 256 MiB, 512
    unpacked, 200 000 features, 5 000 000 vertices.
    """
    declared = required_encoding(encoding)
    if len(content) > FILE_BYTES_MAX:
        raise _too_large()
    _refuse_layer(map_format, layer)
    match map_format:
        case MapFormat.GEOJSON:
            return read_geojson(content, declared)
        case MapFormat.GEOPACKAGE:
            return read_geopackage(content, layer, declared)
        case MapFormat.SHAPEFILE:
            return read_shapefile(content, declared)


def read_map_path(path: Path, layer: str | None = None, encoding: str | None = None) -> MapFile:
    """Read a file of the format that its name says: .geojson, .json, .gpkg, .zip, or .shp with its neighbours.

    Raises MapUnreadable as `read_map` does, and OSError for what can't be opened.
    """
    map_format = _FORMATS.get(path.suffix.lower())
    if map_format is None:
        raise unreadable("map_unreadable", f"{path.name}: maps are .geojson, .json, .gpkg, .zip or .shp.")
    # Before it is read: nobody has memory to spare for a file that is refused.
    if path.stat().st_size > FILE_BYTES_MAX:
        raise _too_large()
    if path.suffix.lower() == ".shp":
        _refuse_layer(map_format, layer)
        return read_shapefile_path(path, required_encoding(encoding))
    return read_map(path.read_bytes(), map_format, layer, encoding)


def _refuse_layer(map_format: MapFormat, layer: str | None) -> None:
    if layer is not None and map_format is not MapFormat.GEOPACKAGE:
        raise unreadable("layer_unknown", "Only a GeoPackage has layers with names.")


def _too_large() -> MapUnreadable:
    return too_large(f"A file has at most {FILE_BYTES_MAX // 2**20} MiB.")
