"""What ODK Collect sends (OpenRosa 1.0): filled forms in parts, in one request or several."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect

from api import openrosa
from api.adapters.image_facts import ImageLimits
from api.adapters.xml_documents import XML_BYTES_MAX, parse_xml
from api.deps import FieldCaller, SignedIn, Wired, request_time
from api.domain.errors import FieldWrong, NotMultipart
from api.domain.submissions import Submission, read_submission
from api.language import Language, name_in
from api.schemas import openrosa as documents
from api.schemas.submissions import read_filled
from api.services.openrosa import Desk, Filled, ReadPicture, Sent, Taken, take_submission

router = APIRouter(prefix=openrosa.PATH, tags=["openrosa"], default_response_class=Response)

XML_PART = "xml_submission_file"
INCOMPLETE_PART = "*isIncomplete*"
"""Collect says with it that more pictures follow. What is missing is seen without it, so it is only let pass."""

_PARTS_MAX = 120
"""Collect sends up to 101 pictures in one request; no form of ours has so many."""

_XML: dict[str, Any] = {documents.MEDIA_TYPE: {"schema": {"type": "string"}}}

_DeviceId = Annotated[
    str | None,
    Query(alias="deviceID", max_length=200, description="As OpenRosa has it; nothing depends on it."),
]


@router.head(
    "/submission",
    operation_id="submission_describe",
    status_code=204,
    summary="Where submissions go, and how large they may be",
    responses={
        204: {
            "headers": {
                "Location": {"schema": {"type": "string"}},
                "X-OpenRosa-Accept-Content-Length": {"schema": {"type": "integer"}},
            }
        },
        409: {},
    },
)
async def describe_submission(_: FieldCaller, wired: Wired, __: _DeviceId = None) -> Response:
    """Answer the question that Collect asks before it sends: where to, and how much at once."""
    headers = {
        "Location": f"{openrosa.address(wired.settings.public_address)}/submission",
        "X-OpenRosa-Accept-Content-Length": str(wired.settings.max_upload_bytes),
        "Cache-Control": "no-store",
    }
    return Response(status_code=204, headers=headers)


@dataclass(frozen=True, slots=True)
class SentForm:
    """The XML of a submission, and the pictures that came along, by the names of their files."""

    xml: bytes
    pictures: dict[str, UploadFile]


async def _sent_form(request: Request, _: FieldCaller) -> AsyncIterator[SentForm]:
    """Read the parts. Only of somebody signed in: FastAPI's own form parameters are read before anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise NotMultipart("A submission is sent as multipart/form-data.")
    try:
        form = await request.form(max_files=_PARTS_MAX, max_fields=_PARTS_MAX, max_part_size=XML_BYTES_MAX)
    except ClientDisconnect as error:
        # Nobody reads the answer; but weak networks are no fault that an operator should be told of.
        raise FieldWrong(f"/{XML_PART}", "broken_off", "The upload broke off: send it again.") from error
    try:
        yield await _parts(form)
    finally:
        await form.close()


async def _parts(form: FormData) -> SentForm:
    xml: bytes | None = None
    pictures: dict[str, UploadFile] = {}
    for name, part in form.multi_items():
        if name == XML_PART:
            if xml is not None:
                raise FieldWrong(f"/{XML_PART}", "field_repeated", "This field is given more than once.")
            # One byte more than allowed, to see that it is too much.
            xml = part.encode() if isinstance(part, str) else await part.read(XML_BYTES_MAX + 1)
        elif isinstance(part, UploadFile):
            # The part and its file have the same name in Collect; others name the file only.
            file_name = part.filename or name
            if file_name in pictures:
                raise FieldWrong(f"/{file_name[:60]}", "field_repeated", "This file is sent more than once.")
            pictures[file_name] = part
        elif name != INCOMPLETE_PART:
            raise FieldWrong(f"/{name[:60]}", "field_unknown", "A submission has no such part.")
    if xml is None:
        raise FieldWrong(f"/{XML_PART}", "missing", "The submission's XML is missing.")
    return SentForm(xml, pictures)


_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [XML_PART],
                "additionalProperties": False,
                "properties": {
                    XML_PART: {
                        "type": "string",
                        "format": "binary",
                        "description": "The filled form.",
                    },
                    INCOMPLETE_PART: {
                        "type": "string",
                        "description": "More pictures follow in another request.",
                    },
                },
                "patternProperties": {
                    r"\.[A-Za-z0-9]+$": {
                        "type": "string",
                        "format": "binary",
                        "description": "A picture, by the name that the form has for it.",
                    }
                },
            },
            "encoding": {XML_PART: {"contentType": "text/xml"}},
        }
    },
}
Arrival = Annotated[datetime, Depends(request_time, use_cache=False)]
"""The time when this parameter's turn comes: behind the last byte of a slow upload."""


@router.post(
    "/submission",
    operation_id="submission_create",
    status_code=201,
    summary="A filled form, with pictures",
    openapi_extra={"requestBody": _FORM},
    responses={
        201: {"content": _XML},
        202: {"description": "Kept; pictures that it names are still to come.", "content": _XML},
        409: {},
        415: {},
    },
)
async def create_submission(
    caller: FieldCaller,
    form: Annotated[SentForm, Depends(_sent_form, scope="function")],
    now: Arrival,
    wired: Wired,
    language: Language,
    __: _DeviceId = None,
) -> Response:
    """Take a filled form: a report is filed, a check or a verification becomes a step, a check-in is kept.

    The same instance again is the same success; with other answers it is `id_taken`. Pictures may come in several
    requests, each with the same XML: 202 says which are missing. A report waits for them as any other; a check, and a
    fix on the spot, is taken when all are here.
    """
    submission = read_submission(await to_thread.run_sync(parse_xml, form.xml))
    settings = wired.settings
    desk = Desk(
        database=wired.database,
        files=wired.files,
        uploads=wired.uploads,
        limits=ImageLimits(settings.max_upload_bytes, settings.max_megapixels * 1_000_000),
        zone=settings.zone,
        reference=caller.reference,
        viewer=caller.viewer,
        now=now,
    )
    sent = Sent(submission, hashlib.sha256(form.xml).hexdigest(), _pictures(submission, form))
    taken = await take_submission(desk, sent, lambda: _filled(submission, caller))
    nature = "submit_pending" if taken.absent else "submit_success"
    return Response(
        documents.response(nature, name_in(language, *_told(taken))),
        status_code=202 if taken.absent else 201,
        media_type=documents.MEDIA_TYPE,
        headers={"Content-Language": language, "Cache-Control": "no-store"},
    )


def _told(taken: Taken) -> tuple[str, str]:
    """Say what became of a submission, in both languages."""
    zh, en = "已收到。", "Received."
    done = taken.done
    if done is not None and done.number is not None:
        zh, en = f"已收到，案卷号 {done.number}。", f"Received: ticket {done.number}."
    elif done is not None:
        zh, en = f"已签到：{done.checkpoint_zh}。", f"Checked in: {done.checkpoint_en}."
    if taken.absent:
        names = ", ".join(taken.absent)
        zh, en = f"{zh}还缺照片：{names}。", f"{en} Still to come: {names}."
    return zh, en


def _pictures(submission: Submission, form: SentForm) -> dict[str, ReadPicture]:
    """Return the pictures that came; FieldWrong for one that the form does not name."""
    named = {photo.file_name for photo in submission.photos}
    for file_name in form.pictures:
        if file_name not in named | submission.ignored_files:
            detail = f"The form names no file {file_name[:60]}."
            raise FieldWrong(f"/{file_name[:60]}", "attachment_unnamed", detail)
    return {name: file.read for name, file in form.pictures.items() if name in named}


def _filled(submission: Submission, caller: SignedIn) -> Filled:
    try:
        return read_filled(submission, caller.reference)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from error
