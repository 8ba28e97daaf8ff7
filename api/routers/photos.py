"""Photos: PUT with an id made by the phone; fetched as copies, or by the desk as the original."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect

from api.adapters.files import FileMissing
from api.adapters.image_facts import ImageLimits
from api.deps import BriefCaller, Now, Wired, request_time
from api.domain.access import sees_originals
from api.domain.errors import FieldWrong, FileLost, NotMultipart, RoleNotAllowed
from api.domain.photos import Variant, file_name, key_in, type_of
from api.domain.watermarks import fingerprint, watermark_lines
from api.etags import UNCHANGED, is_named
from api.language import Language
from api.queries.photos import get_photo
from api.queries.watermarks import watermark_facts
from api.schemas.photos import PHOTO_FORM, PhotoFields, StoredPhotoShown, photo_shown
from api.services.photos import note_original_reading
from api.services.receiving import receive_photo
from api.services.watermarks import open_watermarked

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/v1", tags=["photos"])

_FIELD_BYTES = 1024
"""Longest text field of the form; the longest that can be right has forty characters."""

_MANY = 20
"""Parts that are read before the form is refused as unreadable; fewer are refused by name."""

_PICTURE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_PICTURES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": dict.fromkeys(("image/jpeg", "image/png", "image/webp", "image/heic"), _PICTURE),
    },
    **UNCHANGED,
}


_KEPT = {Variant.ORIGINAL: "private, no-store", Variant.WATERMARKED: "private, no-cache"}
"""How long a client may keep what is not for ever."""


@dataclass(frozen=True, slots=True)
class SentForm:
    """An upload's form: the file, spooled to disk when it is large, and the checked fields beside it."""

    file: UploadFile
    fields: PhotoFields


async def _sent_form(request: Request, _: BriefCaller) -> AsyncIterator[SentForm]:
    """Read the form. Only of somebody signed in: FastAPI's own form parameters are read before anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise NotMultipart("A photo is sent as multipart/form-data.")
    try:
        form = await request.form(max_files=_MANY, max_fields=_MANY, max_part_size=_FIELD_BYTES)
    except ClientDisconnect as error:
        # Nobody reads the answer; but weak networks are no fault that an operator should be told of.
        raise FieldWrong("/file", "broken_off", "The upload broke off: send it again.") from error
    try:
        yield _checked(form)
    finally:
        await form.close()


def _checked(form: FormData) -> SentForm:
    parts: dict[str, UploadFile | str] = {}
    for name, part in form.multi_items():
        if name in parts:
            raise FieldWrong(f"/{name[:60]}", "field_repeated", "This field is given more than once.")
        parts[name] = part
    file = parts.pop("file", None)
    if file is None:
        raise FieldWrong("/file", "missing", "The picture is missing.")
    if not isinstance(file, UploadFile):
        raise FieldWrong("/file", "not_a_file", "The picture is sent as a file, with a name.")
    try:
        fields = PhotoFields.model_validate(parts)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from error
    return SentForm(file, fields)


Arrival = Annotated[datetime, Depends(request_time, use_cache=False)]
"""The time when this parameter's turn comes: behind the form, that is after the last byte of a slow upload."""


@router.put(
    "/photos/{photo_id}",
    operation_id="photo_store",
    status_code=201,
    openapi_extra={"requestBody": PHOTO_FORM},
    responses={
        200: {"model": StoredPhotoShown, "description": "The same photo had been stored before."},
        409: {},
        415: {},
    },
)
async def photo_store(
    photo_id: Annotated[UUID, Path(description="Made by the phone.")],
    caller: BriefCaller,
    form: Annotated[SentForm, Depends(_sent_form, scope="function")],
    now: Arrival,
    wired: Wired,
    language: Language,
    response: Response,
) -> StoredPhotoShown:
    """Store a photo for good; a report or a step names it by its id, before or after.

    The original is kept unchanged and is for the desk alone; everybody else sees copies without metadata. Sent
    again it answers 200. `signals` say what a reviewer should look at; they never refuse a photo.
    """
    settings = wired.settings
    async with wired.uploads:
        received = await receive_photo(
            wired.database,
            wired.files,
            caller.reference,
            caller.viewer,
            form.fields.request(photo_id, form.file.content_type),
            await form.file.read(),
            now,
            settings.zone,
            ImageLimits(settings.max_upload_bytes, settings.max_megapixels * 1_000_000),
        )
    if not received.is_new:
        response.status_code = 200
    return photo_shown(received.photo, language)


# FastAPI, unlike Starlette, does not answer HEAD where GET is; the description has the one operation.
@router.head("/photos/{photo_id}", operation_id="photo_get", include_in_schema=False)
@router.get(
    "/photos/{photo_id}", operation_id="photo_get", response_class=StreamingResponse, responses=_PICTURES
)
async def photo_get(
    request: Request,
    photo_id: UUID,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    variant: Annotated[
        Variant, Query(description="`original` is for the desk, and logged.")
    ] = Variant.SCREEN,
    if_none_match: Annotated[
        str | None, Header(description="`ETag` of the picture that you have; 304 when it is this one.")
    ] = None,
) -> Response:
    """Fetch a photo: your own, or one of a ticket that you may see.

    A photo never changes, so copies may be kept for a year. A watermark says what the ticket says, which may be
    corrected: ask with `If-None-Match`. Originals carry personal data and may not be kept.
    """
    lines: list[str] = []
    async with wired.database.read() as session:
        photo = await get_photo(session, caller.viewer, photo_id)
        if variant is Variant.WATERMARKED:
            facts = await watermark_facts(session, caller.reference, photo_id)
            lines = watermark_lines(facts, caller.viewer, wired.settings.zone)
    is_original = variant is Variant.ORIGINAL
    if is_original and not sees_originals(caller.viewer):
        raise RoleNotAllowed(
            f"Originals are not for the role {caller.viewer.role}.",
            role=caller.viewer.role,
            variants=[Variant.THUMB, Variant.SCREEN],
        )
    media_type = type_of(variant, photo.media_type)
    headers = {
        "ETag": f'"{photo.sha256}-{variant}{f"-{fingerprint(lines)}" if lines else ""}"',
        "Cache-Control": _KEPT.get(variant, "private, max-age=31536000, immutable"),
    }
    if is_named(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    headers |= {
        "Content-Disposition": f'inline; filename="{file_name(photo.id, variant, media_type)}"',
        "X-Content-Type-Options": "nosniff",
    }
    try:
        if variant is Variant.WATERMARKED:
            opened = await open_watermarked(wired.files, photo.file_key, lines)
        else:
            opened = await wired.files.open(key_in(photo.file_key, variant))
    except FileMissing as error:
        logger.exception("the %s of photo %s is missing in the file store", variant, photo.id)
        raise FileLost("The photo is known, but its file is not there.", photo=photo.id) from error
    headers["Content-Length"] = str(opened.size_bytes)
    if request.method == "HEAD":
        await opened.chunks.aclose()
        return Response(headers=headers, media_type=media_type)
    if is_original:
        await note_original_reading(wired.database, photo.id, caller.viewer, now)
    return StreamingResponse(opened.chunks, headers=headers, media_type=media_type)
