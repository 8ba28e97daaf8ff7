"""Entity tags (RFC 9110, 8.8.3): who has the present answer gets 304 instead, and writes name a version.

A tag is a digest of the facts that decide an answer, so it is known before the answer is built.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from api.domain.errors import FieldWrong

_TAG = re.compile(r'[ \t,]*(?:W/)?"([\x21\x23-\x7E\x80-\xFF]*)"[ \t]*(?=,|$)')
_FINGERPRINT = re.compile(r'"([0-9a-f]{32})"')
_VERSIONED = re.compile(r"([1-9][0-9]{0,8})(?:\.[0-9a-f]+)?")
_DIGEST_LENGTH = 32


def etag_of(*facts: object) -> str:
    """Return the strong tag of an answer that depends on these facts and on nothing else.

    Facts are told apart by their `repr`: strings, numbers, enums, tuples and dataclasses of them will do.
    """
    return f'"{hashlib.sha256(repr(facts).encode("utf-8", "backslashreplace")).hexdigest()[:_DIGEST_LENGTH]}"'


def is_named(header: str | None, etag: str) -> bool:
    """Tell whether an If-None-Match header names this tag: in a list, as `*`, weak or strong (13.1.2).

    A header that is not a list of tags names what can be read before the fault, which at worst costs a body.
    """
    if header is None:
        return False
    return header.strip() == "*" or etag.removeprefix("W/").strip('"') in _tags(header)


def _tags(header: str) -> Iterator[str]:
    at = 0
    while found := _TAG.match(header, at):
        yield found[1]
        at = found.end()


class Freshness:
    """What the caller has already, and what the answer says about its own age."""

    def __init__(
        self, response: Response, release: str, if_none_match: str | None, kept: str = "private, no-cache"
    ) -> None:
        self._response = response
        self._release = release
        self._if_none_match = if_none_match
        self._kept = kept

    def unchanged(self, *facts: object) -> Response | None:
        """Tag the answer by all that decides it; the release joins in, because it decides the answer's shape.

        Return a 304 to send instead when the caller has this very answer.
        """
        return self.unchanged_tag(etag_of(self._release, *facts))

    def unchanged_tag(self, etag: str) -> Response | None:
        """Give the answer this tag; return a 304 to send instead when the caller has this very answer.

        Caches may keep the answer for its reader alone and have to ask again each time, unless it is public.
        """
        headers = self._response.headers
        headers["ETag"] = etag
        headers["Cache-Control"] = self._kept
        headers.add_vary_header("Accept-Encoding")
        # A 304 repeats what the 200 would have said of language and variants (RFC 9110, 15.4.5).
        return (
            Response(status_code=304, headers=dict(headers)) if is_named(self._if_none_match, etag) else None
        )

    def answer(self, shown: BaseModel) -> Response:
        """Return the answer tagged by its own bytes, or a 304 when the caller has this very one.

        For answers whose facts are not fewer than the answer itself, such as pages: they become bytes once,
        for the tag as well as for the line.
        """
        body = shown.model_dump_json(by_alias=True).encode()
        return self.unchanged(hashlib.sha256(body).hexdigest()) or self._sent(body)

    def tagged(self, shown: BaseModel) -> Response:
        """Return the answer whose tag `unchanged` has set."""
        return self._sent(shown.model_dump_json(by_alias=True).encode())

    def _sent(self, body: bytes) -> Response:
        return Response(body, headers=dict(self._response.headers), media_type="application/json")


_IfNoneMatch = Annotated[
    str | None, Header(description="`ETag` of the answer that you have; 304 when it is the present one.")
]


def _freshness(request: Request, response: Response, if_none_match: _IfNoneMatch = None) -> Freshness:
    release: str = request.app.version
    return Freshness(response, release, if_none_match)


Fresh = Annotated[Freshness, Depends(_freshness)]
"""For handlers of reads that carry an ETag."""

PUBLIC_MAX_AGE_S = 60
"""How long anybody's cache may repeat a public answer without asking: what was withdrawn is gone a minute later."""


def _public_freshness(request: Request, response: Response, if_none_match: _IfNoneMatch = None) -> Freshness:
    release: str = request.app.version
    return Freshness(response, release, if_none_match, f"public, max-age={PUBLIC_MAX_AGE_S}")


PublicFresh = Annotated[Freshness, Depends(_public_freshness)]
"""The same for reads whose answer is the same for everybody."""

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "You have the present answer."}}
"""For the `responses` of such operations."""


def version_from_if_match(header: str) -> int:
    """Return the version that an If-Match header names: `"4"` or `"4.<digest>"`, one tag, strong.

    Weak tags, lists and `*` name no single version and are refused as FieldWrong (`if_match_wrong`).
    """
    text = header.strip()
    quoted = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else ""
    found = _VERSIONED.fullmatch(quoted)
    if found is None:
        raise FieldWrong("/header/if-match", "if_match_wrong", "If-Match is the ETag of what you read.")
    return int(found[1])


def fingerprint_from_if_match(header: str) -> str:
    """Return the fingerprint that an If-Match header names, of something that goes by its content.

    Anything but one strong tag of ours is refused as FieldWrong (`if_match_wrong`).
    """
    tag = _FINGERPRINT.fullmatch(header.strip())
    if tag is None:
        raise FieldWrong("/header/if-match", "if_match_wrong", "If-Match is the ETag of what you read.")
    return tag[1]


def versioned_etag(version: int, shown: BaseModel) -> str:
    """Return the tag of an answer that begins with its version, so that If-Match can carry it back."""
    digest = etag_of(shown.model_dump_json()).strip('"')
    return f'"{version}.{digest}"'


def seen_version(version: int | None, if_match: str | None) -> int | None:
    """Return the version that a write names, in the body or by If-Match; None when it names none.

    FieldWrong (`version_contradicts`) when both do and differ.
    """
    from_header = version_from_if_match(if_match) if if_match is not None else None
    if version is not None and from_header is not None and version != from_header:
        raise FieldWrong("/version", "version_contradicts", "The body and If-Match name different versions.")
    return from_header if version is None else version
