"""Photos on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from api.domain.errors import FieldWrong
from api.domain.evidence import Purpose
from api.domain.geo import Crs, Place
from api.domain.limits import Language
from api.queries.photos import StoredPhoto
from api.schemas.base import Input, Instant, Latitude, Longitude, Output, PlaceShown
from api.schemas.reports import SignalShown, signals_shown
from api.services.photos import PhotoRequest, ToldPlace

PHOTO_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file", "purpose"],
                "additionalProperties": False,
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "One still picture: JPEG, PNG, WebP or HEIC.",
                    },
                    "purpose": {
                        "type": "string",
                        "enum": [purpose.value for purpose in Purpose],
                        "description": "What the photo is meant to show.",
                    },
                    "captured_at": {
                        "type": "string",
                        "format": "date-time",
                        "description": "When the phone took it, with offset.",
                    },
                    "longitude": {"type": "number", "minimum": -180, "maximum": 180},
                    "latitude": {"type": "number", "minimum": -90, "maximum": 90},
                    "crs": {
                        "type": "string",
                        "enum": [crs.value for crs in Crs],
                        "description": "Goes with longitude and latitude: all three, or none.",
                    },
                },
            },
            "encoding": {"file": {"contentType": "image/jpeg, image/png, image/webp, image/heic"}},
        }
    },
}
"""The upload's form for the description: the handler reads it itself, and FastAPI does not know it."""


class PhotoFields(Input):
    """The fields beside the file."""

    purpose: Purpose
    captured_at: Instant | None = None
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    crs: Crs | None = None

    def request(self, photo_id: UUID, declared_type: str | None) -> PhotoRequest:
        """Return the plain values that the service takes; raises FieldWrong for half a place."""
        return PhotoRequest(
            id=photo_id,
            purpose=self.purpose,
            declared_type=declared_type,
            captured_at=self.captured_at,
            captured_place=self._place(),
        )

    def _place(self) -> ToldPlace | None:
        if self.longitude is None and self.latitude is None and self.crs is None:
            return None
        if self.longitude is None or self.latitude is None or self.crs is None:
            absent = [name for name in ("longitude", "latitude", "crs") if getattr(self, name) is None]
            raise FieldWrong(
                f"/{absent[0]}",
                "place_incomplete",
                "A place is longitude, latitude and crs: all three, or none.",
                missing=absent,
            )
        return ToldPlace(self.longitude, self.latitude, self.crs)


class StoredPhotoShown(Output):
    """A photo that is stored for good."""

    id: UUID
    sha256: str
    width: int
    height: int
    media_type: str
    size_bytes: int
    purpose: Purpose
    taken_at: datetime | None
    place: PlaceShown | None
    captured_at: datetime | None
    captured_place: PlaceShown | None
    ticket_id: UUID | None
    signals: list[SignalShown]


def photo_shown(photo: StoredPhoto, language: Language) -> StoredPhotoShown:
    """Shape a stored photo: `place` and `taken_at` are what its file says, `captured_...` what was sent along."""
    return StoredPhotoShown(
        id=photo.id,
        sha256=photo.sha256,
        width=photo.width,
        height=photo.height,
        media_type=photo.media_type,
        size_bytes=photo.size_bytes,
        purpose=photo.purpose,
        taken_at=photo.taken_at,
        place=_place_shown(photo.taken_place),
        captured_at=photo.captured_at,
        captured_place=_place_shown(photo.captured_place),
        ticket_id=photo.ticket_id,
        signals=signals_shown(photo.signals, language),
    )


def _place_shown(place: Place | None) -> PlaceShown | None:
    return PlaceShown(longitude=place.longitude, latitude=place.latitude, crs="wgs84") if place else None
