"""The documents of OpenRosa 1.0, as they are sent: lists of forms, manifests of their files, answers."""

from collections.abc import Iterable, Mapping
from typing import Annotated
from xml.etree.ElementTree import Element, SubElement, tostring

from pydantic import Field

from api.domain.forms import form_text
from api.schemas.base import Input
from api.services.forms import Form, MediaFile


class FormListQuery(Input):
    """What OpenRosa lets a phone ask of a list of forms."""

    form_id: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, alias="formID", description="This form alone."
    )
    verbose: bool = Field(default=False, description="With descriptions.")
    list_all_versions: bool = Field(
        default=False, alias="listAllVersions", description="Changes nothing: there is one version of each."
    )
    device_id: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, alias="deviceID", description="As OpenRosa has it; nothing depends on it."
    )


MEDIA_TYPE = "text/xml"
"""Collect takes no other for lists and manifests."""

_LIST = "http://openrosa.org/xforms/xformsList"
_MANIFEST = "http://openrosa.org/xforms/xformsManifest"
_RESPONSE = "http://openrosa.org/http/response"
_PROBLEM = "urn:gridpatrol:problem"


def form_list(forms: Iterable[Form], root: str, *, is_verbose: bool) -> bytes:
    """Return the list of forms (xformsList); `root` is where the addresses of OpenRosa begin."""
    listed = Element("xforms", xmlns=_LIST)
    for form in forms:
        definition = form.definition
        one = SubElement(listed, "xform")
        _leaf(one, "formID", definition.kind)
        _leaf(one, "name", definition.title)
        _leaf(one, "version", definition.version)
        _leaf(one, "hash", f"md5:{form.xform.md5}")
        if is_verbose:
            _leaf(one, "descriptionText", definition.description)
        _leaf(one, "downloadUrl", f"{root}/forms/{definition.kind}")
        if definition.media:
            _leaf(one, "manifestUrl", f"{root}/forms/{definition.kind}/manifest")
    return _document(listed)


def manifest(form_id: str, files: Iterable[MediaFile], root: str) -> bytes:
    """Return the files that go with a form (xformsManifest)."""
    listed = Element("manifest", xmlns=_MANIFEST)
    for file in files:
        one = SubElement(listed, "mediaFile")
        _leaf(one, "filename", file.name)
        _leaf(one, "hash", f"md5:{file.md5}")
        _leaf(one, "downloadUrl", f"{root}/forms/{form_id}/media/{file.name}")
    return _document(listed)


def response(nature: str, message: str, problem: Mapping[str, str] | None = None) -> bytes:
    """Return the envelope of an answer; Collect shows its user the message.

    `problem` is ours, for programs: the code and the status of what JSON calls a problem.
    """
    envelope = Element("OpenRosaResponse", xmlns=_RESPONSE)
    SubElement(envelope, "message", nature=nature).text = form_text(message)
    if problem is not None:
        SubElement(envelope, "problem", {"xmlns": _PROBLEM, **problem})
    return _document(envelope)


def _leaf(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _document(root: Element) -> bytes:
    return tostring(root, encoding="utf-8", xml_declaration=True)
