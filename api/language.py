"""The language of names in answers, as the caller asks for it."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from api.domain.limits import Language as LanguageCode

DEFAULT: LanguageCode = "zh"

_CODES: dict[str, LanguageCode] = {"zh": "zh", "en": "en"}
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def preferred_language(accepted: str) -> LanguageCode:
    """Return the language that an Accept-Language value (RFC 9110, 12.5.4) asks for most.

    Regions and scripts are not told apart (`zh-Hans-CN` is zh, `en-GB` is en); of equal wishes the first
    wins. Chinese answers whoever accepts neither, anything, or writes nonsense.
    """
    best, best_weight = DEFAULT, 0.0
    for wish in accepted.split(","):
        tag, _, parameter = wish.partition(";")
        code = _CODES.get(tag.strip().lower().partition("-")[0])
        weight = _weight(parameter)
        if code is not None and weight > best_weight:
            best, best_weight = code, weight
    return best


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    weight = _WEIGHT.fullmatch(parameter.strip())
    return float(weight[1]) if weight else 0.0


async def negotiated_language(
    response: Response,
    accept_language: Annotated[
        str, Header(description="Language of names: `zh` (default) or `en`.", examples=["zh-Hans", "en"])
    ] = DEFAULT,
) -> LanguageCode:
    """Return the caller's language and say in the answer which one it is."""
    language = preferred_language(accept_language)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return language


Language = Annotated[LanguageCode, Depends(negotiated_language)]
"""The caller's language, as a parameter of a handler."""


def name_in(language: LanguageCode, zh: str, en: str) -> str:
    """Pick the name in a language."""
    return en if language == "en" else zh
