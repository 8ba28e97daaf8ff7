"""Answers packed for the way (RFC 9110, 8.4), with entity tags that stay true.

Phones pay for what they are sent, by the byte and in patience. JSON of ours shrinks to a seventh, for a fraction of
the processor time that making it took (`python -m bench sizes`).

A strong tag names bytes, and the packed bytes are others: so a packed answer's tag says how it is packed
(`"4.0f3a-gzip"`, as Apache's servers do it). What comes back in If-None-Match and If-Match is read without that
ending, so a tag is good for either, and nothing behind this module knows of packing.

Packing shows an eavesdropper how long an answer is, and with it whether a guess that he had put into it is there
a second time (BREACH). It takes a browser that sends its owner's credentials along with a stranger's requests;
ours are bearer tokens, which no browser adds by itself, and there are no cookies. The answers of signing in, which
hold such tokens, are sent as they are all the same: they are short.
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from api import tus

SMALLEST_BYTES = 500
"""Shorter answers fit into one packet anyhow."""

GZIP_LEVEL = 6
BROTLI_LEVEL = 5
ZSTD_LEVEL = 3
"""Where more work stops to pay: gzip and brotli take about a tenth of a list's processor time, zstd a hundredth, and
the next levels far more for a few per cent fewer bytes (see bench/README.md)."""

_PACKED_TOO = ("application/problem+json", "application/schema+json", "application/yaml", "text/csv")
_NEVER_PACKED = (
    "text/event-stream",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "multipart/mixed",
)
"""Events are sent as they happen: whoever packs has to wait for more, or gains nothing. Pictures are packed already."""

_SIGNING_IN = "/v1/auth/"
_CODINGS = ("zstd", "br", "gzip")
_ENDING = re.compile(rf"-(?:{'|'.join(_CODINGS)})\"")
_NAMING = ("if-none-match", "if-match")
_NOT_MODIFIED = 304
_QUOTE = '"'


class PackedAnswers:
    """Pack answers for those who accept it: zstd before brotli before gzip."""

    def __init__(self, app: ASGIApp) -> None:
        for media_type in _PACKED_TOO:
            add_compress_type(media_type)
        for media_type in _NEVER_PACKED:
            remove_compress_type(media_type)
        self._plain = app
        self._packing = CompressMiddleware(
            app,
            minimum_size=SMALLEST_BYTES,
            zstd_level=ZSTD_LEVEL,
            brotli_quality=BROTLI_LEVEL,
            gzip_level=GZIP_LEVEL,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or tus.is_upload(scope["path"]):
            await self._plain(scope, receive, send)
            return
        asked = Headers(scope=scope)
        named = ",".join(asked.getlist("if-none-match"))
        # A range is one of the bytes as they are stored (RFC 9110, 14.2), so they are sent like that.
        is_plain = scope["path"].startswith(_SIGNING_IN) or "range" in asked
        answering = self._plain if is_plain else self._packing

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _mark(headers, message["status"], named)
                if scope["method"] == "HEAD":
                    _leave_length_open(headers)
                _say_once(headers)
            await send(message)

        await answering(_unmarked(scope), receive, tagged)


def _unmarked(scope: Scope) -> Scope:
    """Return the request with tags as if no answer had ever been packed."""
    headers = [
        (name, _ENDING.sub('"', value.decode("latin-1")).encode("latin-1"))
        if name.decode("latin-1") in _NAMING
        else (name, value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


def _mark(headers: MutableHeaders, status: int, named: str) -> None:
    """Let the tag say how the answer is packed; that of a 304 how the caller's copy is, which it is about."""
    tag = headers.get("etag")
    if tag is None:
        return
    packed_as = [headers.get("content-encoding")]
    if status == _NOT_MODIFIED:
        packed_as = [coding for coding in _CODINGS if _with_ending(tag, coding) in named]
    for coding in packed_as[:1]:
        if coding in _CODINGS:
            headers["etag"] = _with_ending(tag, coding)


def _with_ending(tag: str, coding: str) -> str:
    return f'{tag.removesuffix(_QUOTE)}-{coding}"'


def _say_once(headers: MutableHeaders) -> None:
    """Name each header that decides the answer once; handlers and packers know nothing of each other."""
    if said := ", ".join(headers.getlist("vary")):
        headers["vary"] = ", ".join(dict.fromkeys(one.strip() for one in said.split(",")))


def _leave_length_open(headers: MutableHeaders) -> None:
    """Leave out the length where the answer to a GET might be packed, and so have another (RFC 9110, 8.6)."""
    if not headers.get("content-type", "image/").startswith("image/"):
        del headers["content-length"]
        headers.add_vary_header("Accept-Encoding")
