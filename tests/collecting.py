"""ODK Collect as tests play it: a token for a phone, filled forms, and the parts in which Collect sends them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4
from xml.etree.ElementTree import Element, fromstring
from xml.sax.saxutils import escape

import httpx

from api.domain.forms import FormKind
from tests.conftest import House

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
RESPONSE = "{http://openrosa.org/http/response}"
BOUNDARY = "1d2c3b4a-5f6e-4d7c-8b9a-0a1b2c3d4e5f"

Part = tuple[str, str | None, str | None, bytes]
"""A part as OkHttp writes it: its name, the name of its file, the type, and the bytes."""


async def set_up(house: House, username: str = "officer01", device: str = "phone-1") -> dict[str, Any]:
    """Set Collect up on a device; return what it is set up with."""
    caller = await house.caller(username)
    answer = await caller.put(f"/v1/devices/{device}/collect")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def collect(house: House, username: str = "officer01", device: str = "phone-1") -> httpx.AsyncClient:
    """Return Collect on somebody's phone."""
    told = await set_up(house, username, device)
    client = house.client()
    client.auth = (told["username"], told["token"])
    client.headers["X-OpenRosa-Version"] = "1.0"
    house.callers[f"collect {username} {device}"] = client
    return client


async def version_of(phone: httpx.AsyncClient, kind: FormKind = FormKind.REPORT) -> str:
    """Return the version of a form as it is listed."""
    answer = await phone.get("/openrosa/formList", params={"formID": kind.value})
    return document(answer).findtext(f"{LIST}xform/{LIST}version") or ""


def xml_part(xml: str | bytes) -> Part:
    """Return the part that comes first."""
    content = xml.encode() if isinstance(xml, str) else xml
    return ("xml_submission_file", "Report_2026-11-23_09-30-00.xml", "text/xml", content)


def file_part(name: str, content: bytes, media_type: str | None = "image/jpeg") -> Part:
    """Return the part of an attachment."""
    return (name, name, media_type, content)


INCOMPLETE: Part = ("*isIncomplete*", None, None, b"yes")


def multipart(parts: Sequence[Part]) -> bytes:
    """Return the body, byte by byte as OkHttp's MultipartBody has it."""
    lines: list[bytes] = []
    for name, file_name, media_type, content in parts:
        named = f'; filename="{file_name}"' if file_name is not None else ""
        lines.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'.encode())
        if media_type is not None:
            lines.append(f"Content-Type: {media_type}\r\n".encode())
        lines += [f"Content-Length: {len(content)}\r\n\r\n".encode(), content, b"\r\n"]
    return b"".join([*lines, f"--{BOUNDARY}--\r\n".encode()])


async def send(phone: httpx.AsyncClient, *parts: Part) -> httpx.Response:
    """Send a submission as Collect does."""
    return await phone.post(
        "/openrosa/submission",
        params={"deviceID": "collect:abcdef"},
        content=multipart(parts),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )


def filled(
    kind: FormKind,
    version: str,
    fields: Mapping[str, Any],
    *,
    instance: UUID | str | None = None,
    meta: Mapping[str, str] | None = None,
) -> str:
    """Return a filled form as JavaRosa writes it; a mapping among the fields is a group."""
    instance_id = instance if isinstance(instance, str) else f"uuid:{instance or uuid4()}"
    told = {"instanceID": instance_id, **(meta or {})}
    return (
        "<?xml version='1.0' ?>"
        f'<data xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"'
        f' xmlns:orx="http://openrosa.org/xforms" id="{kind.value}" version="{version}">'
        f"{_fields(fields)}<orx:meta>{_fields(told, 'orx:')}</orx:meta></data>"
    )


def _fields(fields: Mapping[str, Any], prefix: str = "") -> str:
    return "".join(
        f"<{prefix}{name}>{_fields(value) if isinstance(value, Mapping) else escape(str(value))}</{prefix}{name}>"  # pyright: ignore[reportUnknownArgumentType]
        if value is not None
        else f"<{prefix}{name}/>"
        for name, value in fields.items()
    )


def stall(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  any answer
    """Return the answers of a report: a fruit stall on the pavement."""
    return {
        "observed_at": "2026-11-23T09:28:00.000+08:00",
        "major": "E04",
        "category": "E0406",
        "condition": "E0406-1",
        "place": "39.915 116.404 0.0 8.5",
        "description": "水果摊占用人行道",
        **changes,
    }


def document(answer: httpx.Response) -> Element:
    """Return the XML of an answer."""
    return fromstring(answer.content)  # noqa: S314  our own


def said(answer: httpx.Response) -> tuple[str, str]:
    """Return nature and text of the message in an answer."""
    root = document(answer)
    assert root.tag == f"{RESPONSE}OpenRosaResponse"
    message = root.find(f"{RESPONSE}message")
    assert message is not None
    return message.attrib["nature"], message.text or ""


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a problem in OpenRosa's envelope."""
    assert answer.headers["content-type"].startswith("text/xml"), answer.text
    assert said(answer)[0] == "submit_error"
    problem: Element | None = document(answer).find("{urn:gridpatrol:problem}problem")
    assert problem is not None
    assert problem.attrib["status"] == str(answer.status_code)
    return answer.status_code, problem.attrib["code"]


async def reported(phone: httpx.AsyncClient, instance: UUID, **changes: Any) -> str:  # noqa: ANN401  any answer
    """Return a filled form of a report."""
    return filled(FormKind.REPORT, await version_of(phone), stall(**changes), instance=instance)
