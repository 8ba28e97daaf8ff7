"""Instants in query strings, where a plus sign easily turns into a space."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from api.schemas.base import RFC3339, Instant

_LOST_PLUS = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}$)")


def _with_plus(text: object) -> object:
    """Put the plus sign of an offset back; what is no instant at all stays and is refused as such.

    A `+` that a client did not escape arrives as a space. Behind a full time it can't have been anything else.
    """
    if not isinstance(text, str):
        return text
    matched = RFC3339.match(text)
    if matched is None:
        return text
    at = matched.end()
    return text[:at] + _LOST_PLUS.sub("+", text[at:])


QueryInstant = Annotated[Instant, BeforeValidator(_with_plus)]
"""RFC 3339 with an offset, forgiving about an unescaped `+`."""
