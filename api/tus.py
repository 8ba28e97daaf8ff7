"""What the protocol tus 1.0 asks of every answer at `/v1/uploads`, problems included."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/v1/uploads"
VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "termination", "checksum", "expiration")
MEDIA_TYPE = "application/offset+octet-stream"
"""Of the bytes of an upload."""

SENT_HEADERS = (
    "Tus-Resumable",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "Upload-Checksum",
    "X-HTTP-Method-Override",
)
"""Headers that a browser's client has to be allowed to send."""

ANSWERED_HEADERS = (
    "Location",
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Expires",
)
"""Headers that a browser's client has to be allowed to read."""

_OVERRIDDEN = frozenset({"PATCH", "HEAD", "DELETE"})
_WRONG_VERSION = 412


class TusHeaders:
    """Tell every answer the version, and take the method from X-HTTP-Method-Override where a network has no PATCH."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not is_upload(scope["path"]):
            await self.app(scope, receive, send)
            return
        method = Headers(scope=scope).get("x-http-method-override", "").upper()
        if scope["method"] == "POST" and method in _OVERRIDDEN:
            scope = {**scope, "method": method}

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Tus-Resumable"] = VERSION
                if message["status"] == _WRONG_VERSION:
                    headers["Tus-Version"] = VERSION
            await send(message)

        await self.app(scope, receive, told)


def is_upload(path: str) -> bool:
    """Tell whether an address is one of uploads."""
    return path == PATH or path.startswith(PATH + "/")
