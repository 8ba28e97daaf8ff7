"""Uploads in pieces on the wire: what Upload-Metadata says of a photo."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.domain.uploads import read_metadata
from api.schemas.base import Line
from api.schemas.photos import PhotoFields
from api.services.uploads import UploadRequest

UPLOAD_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "content": {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The bytes for the description: the handler reads them itself as they come, and FastAPI does not know them."""


def headers_of(*names: str) -> dict[str, Any]:
    """Describe the headers of an answer."""
    return {name: {"schema": {"type": "string"}} for name in names}


class UploadFields(PhotoFields):
    """What is told of a photo before its bytes: the fields of a form, its id, and names that clients send."""

    photo_id: UUID
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    filename: Line | None = None
    filetype: Annotated[str, Field(max_length=100)] | None = None


def upload_request(told: str, length_bytes: int) -> UploadRequest:
    """Return what an upload announces; raises FieldWrong and pydantic's ValidationError for what is not right."""
    fields = UploadFields.model_validate(read_metadata(told))
    return UploadRequest(
        photo=fields.request(fields.photo_id, fields.filetype or None),
        length_bytes=length_bytes,
        told=told,
        sha256=fields.sha256,
    )
