"""What OpenRosa 1.0 asks of every answer under `/openrosa`: its version, and problems in its own words."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.domain.errors import NotConfigured
from api.schemas import openrosa

PATH = "/openrosa"
SUBMISSION = f"{PATH}/submission"
VERSION = "1.0"
REALM = "GridPatrol"

_UNAUTHORIZED = 401


class OpenRosaAnswers:
    """Tell every answer the version, and put problems into the envelope that Collect shows its user.

    The house answers every refusal as a JSON problem, here as well. This turns it into XML on its last steps out: so
    there is one table of refusals, and none is forgotten. It stands inside of whatever compresses answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not is_openrosa(scope["path"]):
            await self.app(scope, receive, send)
            return
        held: Message | None = None
        body = b""

        async def told(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-OpenRosa-Version"] = VERSION
                if message["status"] == _UNAUTHORIZED:
                    # Collect knows no other scheme, and this one over TLS only.
                    headers.append("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"')
                if headers.get("content-type") == problems.MEDIA_TYPE:
                    held = message
                    return
            if held is None:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                await _send_problem(held, body, send)

        await self.app(scope, receive, told)


def address(public_address: str | None) -> str:
    """Return where phones reach OpenRosa; NotConfigured when nobody has said where this installation is.

    Never by what a caller names as Host: forms would be fetched from there, with the token.
    """
    if public_address is None:
        raise NotConfigured("Nobody has said where phones reach this installation: GRIDPATROL_PUBLIC_URL.")
    return public_address + PATH


def is_openrosa(path: str) -> bool:
    """Tell whether an address is one of OpenRosa's."""
    return path == PATH or path.startswith(PATH + "/")


async def _send_problem(start: Message, body: bytes, send: Send) -> None:
    document = b""
    if body:  # there is none in an answer to HEAD
        problem: dict[str, Any] = json.loads(body)
        named = {name: str(problem[name]) for name in ("code", "status")}
        document = openrosa.response("submit_error", _sentence(problem), named)
    headers = MutableHeaders(scope=start)
    headers["Content-Type"] = f"{openrosa.MEDIA_TYPE}; charset=utf-8"
    if document:
        headers["Content-Length"] = str(len(document))
    await send(start)
    await send({"type": "http.response.body", "body": document})


def _sentence(problem: Mapping[str, Any]) -> str:
    """Return all that a person needs to know of a problem in one text."""
    said = str(problem.get("detail") or problem["title"])
    fields = [
        f"{one['pointer']}: {one['detail']}" if one["detail"] != said else f"({one['pointer']})"
        for one in problem.get("errors") or ()
    ]
    return " ".join([said, *fields])
