"""Photos in pieces, for weak networks: tus 1.0, as any client of that protocol speaks it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

import anyio
from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from api import tus
from api.adapters.image_facts import ImageLimits
from api.deps import BriefCaller, Now, SignedIn, Wired, Wiring, request_time
from api.domain.errors import NotFound, NotOffsetStream, OffsetConflict, TusVersionUnsupported, UploadTooLarge
from api.domain.uploads import ALGORITHMS, METADATA_LENGTH, Checksum
from api.queries.photos import StoredPhoto
from api.queries.uploads import StoredUpload
from api.schemas.uploads import UPLOAD_BYTES, headers_of, upload_request
from api.services.upload_bytes import BrokenOff, Taken, Upkeep, finish_upload, standing, take_bytes
from api.services.uploads import UploadRequest, drop_upload, open_upload

IDLE_S = 60.0
"""A sender from whom nothing comes for so long is gone; what came before is kept."""

LONGEST_S = 3600.0
"""The longest that one request may send: sweeps take what is older and belongs to nobody for an orphan."""

_BYTES = 2**53 - 1


async def _tus_version(
    _: BriefCaller,
    tus_resumable: Annotated[
        str,
        Header(
            description=f"The protocol's version, `{tus.VERSION}`; without it the answer is 412.",
            json_schema_extra={"enum": [tus.VERSION, ""]},
        ),
    ] = "",
) -> None:
    """Refuse another version of the protocol, but only to somebody signed in."""
    if tus_resumable != tus.VERSION:
        raise TusVersionUnsupported("Send `Tus-Resumable: 1.0.0`.", versions=[tus.VERSION])


public = APIRouter(prefix="/v1", tags=["uploads"], default_response_class=Response)
router = APIRouter(
    prefix="/v1", tags=["uploads"], dependencies=[Depends(_tus_version)], default_response_class=Response
)

UploadId = Annotated[UUID, Path(description="The photo's id.")]
_UploadChecksum = Annotated[
    str | None,
    Header(max_length=200, description=f"Of this request's bytes: {' or '.join(ALGORITHMS)}, and Base64."),
]
_STANDS = headers_of("Upload-Offset", "Upload-Length", "Upload-Expires")
_OPENED = headers_of("Location", "Upload-Offset", "Upload-Expires")
_REFUSED: dict[int | str, dict[str, Any]] = {409: {}, 412: {}, 415: {}, 460: {}}


@public.options(
    "/uploads",
    operation_id="upload_describe",
    status_code=204,
    responses={204: {"headers": headers_of("Tus-Version", "Tus-Extension", "Tus-Max-Size")}},
    summary="What is understood of tus",
)
async def describe_uploads(wired: Wired) -> Response:
    """Tell version, extensions, checksum algorithms and the largest photo."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": ",".join(tus.EXTENSIONS),
        "Tus-Max-Size": str(wired.settings.max_upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


@dataclass(frozen=True, slots=True)
class Opened:
    """An upload that was begun or found, with the bytes that came along; no `taken` where its photo is stored."""

    request: UploadRequest
    taken: Taken | None
    is_new: bool


async def _opened(
    request: Request,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    upload_length: Annotated[int, Header(ge=1, le=_BYTES, description="Bytes of the whole photo.")],
    upload_metadata: Annotated[
        str,
        Header(
            max_length=METADATA_LENGTH,
            description="`photo_id` (made by the phone) and `purpose`; also `captured_at`, `longitude`,"
            " `latitude`, `crs`, `sha256`, `filename`, `filetype`. Each value in Base64.",
        ),
    ],
    upload_checksum: _UploadChecksum = None,
) -> Opened:
    if upload_length > wired.settings.max_upload_bytes:
        raise UploadTooLarge("A photo is smaller than this.", length_max=wired.settings.max_upload_bytes)
    announced = _announced(upload_metadata, upload_length)
    checksum = Checksum(upload_checksum) if upload_checksum is not None else None
    has_body = _has_body(request)
    if has_body:
        _check_media_type(request)
    opened = await open_upload(
        wired.database, wired.files, caller.viewer, announced, caller.reference.policies, now
    )
    if opened.upload is None:
        return Opened(announced, None, is_new=False)
    taken = Taken(opened.upload, None)
    if has_body and opened.upload.received_bytes == 0:  # else the answer says where to go on
        taken = await take_bytes(_upkeep(wired, caller), opened.upload, _arriving(request), checksum, now)
    return Opened(announced, taken, opened.is_new)


Arrival = Annotated[datetime, Depends(request_time, use_cache=False)]
"""The time when this parameter's turn comes: behind the last byte of a slow upload."""


@router.post(
    "/uploads",
    operation_id="upload_create",
    status_code=201,
    openapi_extra=UPLOAD_BYTES,
    responses={
        200: {"description": "It had begun before, or its photo is stored already.", "headers": _OPENED},
        201: {"headers": _OPENED},
        **_REFUSED,
    },
    summary="Begin a photo in pieces",
)
async def create_upload(
    caller: BriefCaller,
    opened: Annotated[Opened, Depends(_opened, scope="function")],
    now: Arrival,
    wired: Wired,
) -> Response:
    """Begin an upload, at `Location`, and send its first bytes along if you like.

    Begun again with the same words it is the same upload (200), and `Upload-Offset` says how far it has come;
    other words under the same id are refused. It expires at `Upload-Expires`, and ends with your sign-in.
    """
    headers = {"Location": f"{tus.PATH}/{opened.request.photo.id}", "Cache-Control": "no-store"}
    if opened.taken is None:
        headers["Upload-Offset"] = str(opened.request.length_bytes)
    else:
        headers |= await _told(wired, caller, opened.taken, opened.request, now)
    return Response(status_code=201 if opened.is_new else 200, headers=headers)


@router.head(
    "/uploads/{upload_id}",
    operation_id="upload_get",
    responses={200: {"description": "It goes on at `Upload-Offset`.", "headers": _STANDS}, 412: {}},
    summary="How far an upload has come",
)
async def get_upload(upload_id: UploadId, caller: BriefCaller, wired: Wired, now: Now) -> Response:
    """Tell where to go on. An offset equal to the length says that the photo is stored."""
    stands = await standing(_upkeep(wired, caller), upload_id, now)
    headers = {"Cache-Control": "no-store"}
    if isinstance(stands, StoredPhoto):
        headers["Upload-Offset"] = headers["Upload-Length"] = str(stands.size_bytes)
    else:
        headers |= _expiry(stands) | {
            "Upload-Offset": str(stands.received_bytes),
            "Upload-Length": str(stands.length_bytes),
            "Upload-Metadata": stands.told,
        }
    return Response(status_code=200, headers=headers)


async def _taken(
    upload_id: UploadId,
    request: Request,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    upload_offset: Annotated[int, Header(ge=0, le=_BYTES, description="Where these bytes begin.")],
    upload_checksum: _UploadChecksum = None,
) -> Taken | StoredPhoto:
    _check_media_type(request)
    checksum = Checksum(upload_checksum) if upload_checksum is not None else None
    upkeep = _upkeep(wired, caller)
    stands = await standing(upkeep, upload_id, now)
    is_photo = isinstance(stands, StoredPhoto)
    offset = stands.size_bytes if is_photo else stands.received_bytes
    if upload_offset != offset:
        raise OffsetConflict("The upload stands elsewhere: go on from there.", offset=offset)
    if is_photo:
        return stands
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > stands.length_bytes - offset:
        raise UploadTooLarge("These are more bytes than were announced.", length=stands.length_bytes)
    return await take_bytes(upkeep, stands, _arriving(request), checksum, now)


@router.patch(
    "/uploads/{upload_id}",
    operation_id="upload_append",
    status_code=204,
    openapi_extra=UPLOAD_BYTES,
    responses={204: {"headers": headers_of("Upload-Offset", "Upload-Expires")}, **_REFUSED},
    summary="Send bytes of a photo",
)
async def append_upload(
    caller: BriefCaller,
    taken: Annotated[Taken | StoredPhoto, Depends(_taken, scope="function")],
    now: Arrival,
    wired: Wired,
) -> Response:
    """Send bytes that begin at `Upload-Offset`; the answer comes when they are stored for good.

    The answer to the last ones comes when the photo is stored, as by `PUT /v1/photos/{photo_id}`; a picture
    that is refused leaves nothing. What breaks off is kept as far as it came. 409 tells the right offset.
    """
    if isinstance(taken, StoredPhoto):
        return Response(status_code=204, headers={"Upload-Offset": str(taken.size_bytes)})
    request = _announced(taken.upload.told, taken.upload.length_bytes)
    return Response(status_code=204, headers=await _told(wired, caller, taken, request, now))


@router.delete(
    "/uploads/{upload_id}",
    operation_id="upload_delete",
    status_code=204,
    responses={412: {}},
    summary="Give an upload up",
)
async def delete_upload(upload_id: UploadId, caller: BriefCaller, wired: Wired) -> None:
    """Remove an upload with all its bytes. A photo that is stored stays."""
    if not await drop_upload(wired.database, wired.files, caller.viewer, upload_id):
        raise NotFound("There is no such upload.", upload=upload_id)


async def _told(
    wired: Wiring, caller: SignedIn, taken: Taken, request: UploadRequest, now: datetime
) -> dict[str, str]:
    """Return the headers that say where an upload stands, after making it a photo if its last byte is there."""
    if taken.tail is None:
        return _expiry(taken.upload) | {"Upload-Offset": str(taken.upload.received_bytes)}
    settings = wired.settings
    limits = ImageLimits(settings.max_upload_bytes, settings.max_megapixels * 1_000_000)
    async with wired.uploads:
        photo = await finish_upload(
            _upkeep(wired, caller),
            caller.reference,
            taken.upload,
            taken.tail,
            request,
            now,
            settings.zone,
            limits,
        )
    return {"Upload-Offset": str(photo.size_bytes)}


def _announced(told: str, length_bytes: int) -> UploadRequest:
    try:
        return upload_request(told, length_bytes)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        where = ("header", "upload-metadata")
        raise RequestValidationError([{**one, "loc": (*where, *one["loc"])} for one in found]) from error


def _upkeep(wired: Wiring, caller: SignedIn) -> Upkeep:
    return Upkeep(wired.database, wired.files, caller.viewer)


def _expiry(upload: StoredUpload) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _check_media_type(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != tus.MEDIA_TYPE:
        raise NotOffsetStream(f"Send Content-Type: {tus.MEDIA_TYPE}.")


async def _arriving(request: Request) -> AsyncIterator[bytes]:
    """Yield the bytes of a request as they come; BrokenOff when its sender went away or stands still."""
    stream = request.stream()
    give_up_at = anyio.current_time() + LONGEST_S
    while True:
        patience_s = min(IDLE_S, give_up_at - anyio.current_time())
        try:
            with anyio.fail_after(patience_s):
                chunk = await anext(stream, None)
        except (ClientDisconnect, TimeoutError) as error:
            raise BrokenOff from error
        if chunk is None:
            return
        yield chunk
