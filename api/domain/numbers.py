"""Ticket numbers (案卷号): a city's template around a running number that the database hands out."""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from api.domain.errors import NotConfigured

_WIDTH = re.compile(r"0?([1-9][0-9]?)?d?", re.ASCII)
"""What may follow `sequence`: `06d` as in Python, and `06`, `6` and `d` for whoever leaves something out."""


@dataclass(frozen=True, slots=True)
class NumberParts:
    """What stands before and behind the running number, and how many digits it has at least."""

    prefix: str
    width: int
    suffix: str


def number_parts(template: str, *, category: str, on: date, grid_code: str | None) -> NumberParts:
    """Fill a template such as `{category}-{date}-{sequence:06d}` up to its running number.

    Fields: `category`, `date` (YYYYMMDD in the city's zone), `grid` (the code, or 0), `sequence` exactly once
    with an optional width up to 99. Raises NotConfigured when the template is anything else.
    """
    filled = {"category": category, "date": on.strftime("%Y%m%d"), "grid": grid_code or "0"}
    parts: list[str] = [""]
    width = 1
    try:
        for literal, name, spec, conversion in string.Formatter().parse(template):
            parts[-1] += literal
            if name == "sequence" and not conversion:
                width = _width(spec or "")
                parts.append("")
            elif name is not None:
                parts[-1] += _plain(filled, name, spec, conversion)
        prefix, suffix = _around(parts)
    except ValueError as error:
        raise NotConfigured(
            f"The template of ticket numbers can't be used: {error}.", template=template
        ) from error
    return NumberParts(prefix, width, suffix)


def _around(parts: list[str]) -> tuple[str, str]:
    if len(parts) > 2:  # noqa: PLR2004  what stands before it and what after it
        raise ValueError("{sequence} stands in it twice")
    if len(parts) == 1:
        raise ValueError("{sequence} is missing")
    return parts[0], parts[1]


def _width(spec: str) -> int:
    found = _WIDTH.fullmatch(spec)
    if found is None or spec == "0":
        raise ValueError(f"{spec!r} is no width such as 06d")
    return int(found[1] or 1)


def _plain(filled: Mapping[str, str], name: str, spec: str | None, conversion: str | None) -> str:
    if spec or conversion or name not in filled:
        raise ValueError(f"unknown field {name!r}" if name not in filled else f"{name} takes no format")
    return filled[name]
