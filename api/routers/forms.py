"""The forms of ODK Collect: the list of them (OpenRosa 1.0), the forms, and the files that go with them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api import openrosa
from api.deps import FieldCaller, Now, SignedIn, Wired, Wiring
from api.domain.errors import NotFound
from api.schemas import openrosa as documents
from api.services.forms import MEDIA, Form, MediaFile

router = APIRouter(prefix=openrosa.PATH, tags=["openrosa"], default_response_class=Response)

_XML: dict[str, Any] = {documents.MEDIA_TYPE: {"schema": {"type": "string"}}}
_PRIVATE = {"Cache-Control": "private, no-cache"}


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
    return _xml(
        documents.form_list(listed, openrosa.address(wired.settings.public_address), is_verbose=query.verbose)
    )


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
    return _xml(documents.manifest(form_id, files, openrosa.address(wired.settings.public_address)))


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


async def _form(form_id: str, caller: SignedIn, wired: Wiring) -> Form:
    forms = await wired.forms.at(caller.reference)
    form = next((form for kind, form in forms.items() if kind == form_id), None)
    if form is None:
        raise NotFound("There is no such form.", form=form_id[:100])
    return form


async def _media(name: str, caller: SignedIn, wired: Wiring, now: datetime) -> MediaFile:
    async with wired.database.read() as session:
        return await MEDIA[name](session, caller.viewer, caller.reference, now)


def _xml(document: bytes) -> Response:
    return Response(document, media_type=documents.MEDIA_TYPE, headers=_PRIVATE)
