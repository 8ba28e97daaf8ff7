"""OpenRosa 1.0, so that ODK Collect can report and check: the list of forms, the forms, and submissions."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect

from api import openrosa
from api.adapters.images import ImageLimits
from api.adapters.tokens import fingerprint
from api.adapters.xml_documents import XML_BYTES_MAX, parse_xml
from api.deps import Now, SignedIn, Token, Wired, Wiring, found_by_sign_in, request_time, signed_in_apart
from api.domain.errors import FieldWrong, NotConfigured, NotFound, NotMultipart, TokenRefused
from api.domain.submissions import Submission, read_submission
from api.language import Language, name_in
from api.queries.openrosa import find_device_token
from api.schemas import openrosa as documents
from api.schemas.submissions import read_filled
from api.services.device_tokens import note_use
from api.services.forms import MEDIA, Form, MediaFile
from api.services.openrosa import Desk, Filled, Picture, Sent, take_submission

router = APIRouter(prefix=openrosa.PATH, tags=["openrosa"], default_response_class=Response)

XML_PART = "xml_submission_file"
INCOMPLETE_PART = "*isIncomplete*"
"""Collect says with it that more pictures follow. What is missing is seen without it, so it is only let pass."""

_PARTS_MAX = 120
"""Collect sends up to 101 pictures in one request; no form of ours has so many."""

_XML: dict[str, Any] = {documents.MEDIA_TYPE: {"schema": {"type": "string"}}}
_PRIVATE = {"Cache-Control": "private, no-cache"}

_basic = HTTPBasic(auto_error=False, realm=openrosa.REALM, description="User name and the token of a device.")


async def _field_caller(
    request: Request,
    wired: Wired,
    now: Now,
    credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
    token: Token,
) -> SignedIn:
    """Find who sends: by the token of a device, or like anywhere else by an access token."""
    if credentials is None:
        return await signed_in_apart(request, wired, now, token)
    async with wired.database.read() as session:
        sha256 = fingerprint(credentials.password)
        known = await find_device_token(session, credentials.username, sha256, now)
        if known is None:
            raise TokenRefused(
                "This is not the token of a device, or no longer: set Collect up anew. Passwords don't work here."
            )
        operation: str = request.scope["route"].operation_id
        found = await found_by_sign_in(session, wired, known.sign_in_id, operation, now)
    await note_use(wired.database, known, now, timedelta(seconds=wired.settings.refresh_token_ttl_s))
    return SignedIn(found.viewer, await wired.references.at(found.reference_version))


FieldCaller = Annotated[SignedIn, Depends(_field_caller, scope="function")]

_DeviceId = Annotated[
    str | None,
    Query(alias="deviceID", max_length=200, description="As OpenRosa has it; nothing depends on it."),
]


@router.get(
    "/formList",
    operation_id="form_list",
    summary="Forms for ODK Collect",
    responses={200: {"content": _XML}, 409: {}},
)
async def list_forms(
    query: Annotated[documents.FormListQuery, Query()], caller: FieldCaller, wired: Wired
) -> Response:
    """List the forms, made of the catalogue, with the hash by which a phone sees that one has changed.

    The version of a form changes with all that it asks, and with nothing else.
    """
    forms = await wired.forms.at(caller.reference)
    listed = [form for kind, form in forms.items() if query.form_id in {None, kind.value}]
    return _xml(documents.form_list(listed, _root(wired), is_verbose=query.verbose))


@router.get(
    "/forms/{form_id}",
    operation_id="form_get",
    summary="A form",
    responses={200: {"content": _XML}},
)
async def get_form(form_id: str, caller: FieldCaller, wired: Wired) -> Response:
    """Return a form as an XForm."""
    form = await _form(form_id, caller, wired)
    return _xml(form.xform.content)


@router.get(
    "/forms/{form_id}/manifest",
    operation_id="manifest_get",
    summary="Files that go with a form",
    responses={200: {"content": _XML}, 409: {}},
)
async def get_manifest(form_id: str, caller: FieldCaller, wired: Wired, now: Now) -> Response:
    """List the files that go with a form, with their hashes: `tickets.csv` has what waits for you."""
    form = await _form(form_id, caller, wired)
    files = [await _media(name, caller, wired, now) for name in form.definition.media]
    return _xml(documents.manifest(form_id, files, _root(wired)))


@router.get(
    "/forms/{form_id}/media/{name}",
    operation_id="media_get",
    summary="A file that goes with a form",
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def get_media(form_id: str, name: str, caller: FieldCaller, wired: Wired, now: Now) -> Response:
    """Return a file that goes with a form, as of now and for you."""
    form = await _form(form_id, caller, wired)
    if name not in form.definition.media:
        raise NotFound("The form has no such file.", form=form_id[:100])
    file = await _media(name, caller, wired, now)
    return Response(file.content, media_type=file.media_type, headers=_PRIVATE)


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
        "Location": f"{_root(wired)}/submission",
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
    """Take a filled form: a report is filed, a check or a verification becomes a step.

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
    zh, en = "已收到。", "Received."
    if taken.number is not None:
        zh, en = f"已收到，案卷号 {taken.number}。", f"Received: ticket {taken.number}."
    if taken.absent:
        names = ", ".join(taken.absent)
        zh, en = f"{zh}还缺照片：{names}。", f"{en} Still to come: {names}."
    nature = "submit_pending" if taken.absent else "submit_success"
    answer = _xml(documents.response(nature, name_in(language, zh, en)), 202 if taken.absent else 201)
    answer.headers["Content-Language"] = language
    return answer


def _pictures(submission: Submission, form: SentForm) -> dict[str, Picture]:
    """Return the pictures that came; FieldWrong for one that the form does not name."""
    named = {photo.file_name for photo in submission.photos}
    for file_name in form.pictures:
        if file_name not in named | submission.ignored_files:
            detail = f"The form names no file {file_name[:60]}."
            raise FieldWrong(f"/{file_name[:60]}", "attachment_unnamed", detail)
    return {
        name: Picture(_picture_type(file), file.read) for name, file in form.pictures.items() if name in named
    }


def _picture_type(file: UploadFile) -> str | None:
    # Collect guesses the type by the ending of the name; where it has no guess, the bytes say what they are.
    declared = file.content_type or ""
    return declared if declared.startswith("image/") else None


def _filled(submission: Submission, caller: SignedIn) -> Filled:
    try:
        return read_filled(submission, caller.reference)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from error


async def _form(form_id: str, caller: SignedIn, wired: Wiring) -> Form:
    forms = await wired.forms.at(caller.reference)
    form = next((form for kind, form in forms.items() if kind == form_id), None)
    if form is None:
        raise NotFound("There is no such form.", form=form_id[:100])
    return form


async def _media(name: str, caller: SignedIn, wired: Wiring, now: datetime) -> MediaFile:
    async with wired.database.read() as session:
        return await MEDIA[name](session, caller.viewer, caller.reference, now)


def _root(wired: Wiring) -> str:
    """Return where phones reach OpenRosa. Never by what a caller names as Host: forms would be fetched from there."""
    address = wired.settings.public_address
    if address is None:
        raise NotConfigured("Nobody has said where phones reach this installation: GRIDPATROL_PUBLIC_URL.")
    return address + openrosa.PATH


def _xml(document: bytes, status: int = 200) -> Response:
    return Response(document, status_code=status, media_type=documents.MEDIA_TYPE, headers=_PRIVATE)
