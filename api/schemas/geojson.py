"""GeoJSON (RFC 7946) around areas that the database has already written as text."""

from collections.abc import Iterable

import orjson
from pydantic import BaseModel


def feature(feature_id: str, geometry: str, properties: BaseModel) -> dict[str, object]:
    """Return a feature; `geometry` is a GeoJSON geometry as text and is not read again."""
    return {
        "type": "Feature",
        "id": feature_id,
        "geometry": orjson.Fragment(geometry),
        "properties": properties.model_dump(mode="json", by_alias=True),
    }


def collection(features: Iterable[dict[str, object]], **members: object) -> dict[str, object]:
    """Return a feature collection with further members beside the features, as RFC 7946, 6.1 allows."""
    return {"type": "FeatureCollection", "features": list(features), **members}
