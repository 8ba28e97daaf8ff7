"""Ticket numbers (案卷号): a city's template around a running number that the database hands out."""

import string
from dataclasses import dataclass
from datetime import date

from api.domain.errors import NotConfigured

_FIELDS = frozenset({"category", "date", "grid", "sequence"})


@dataclass(frozen=True, slots=True)
class NumberParts:
    """What stands before and behind the running number, and how many digits it has at least."""

    prefix: str
    width: int
    suffix: str


def number_parts(template: str, *, category: str, on: date, grid_code: str | None) -> NumberParts:
    """Fill a template such as `{category}-{date}-{sequence:06d}` up to its running number.

    Fields: `category`, `date` (YYYYMMDD in the city's zone), `grid` (the code, or 0), `sequence` exactly once
    with an optional width. Raises NotConfigured when the template is anything else.
    """
    facts = {"category": category, "date": on.strftime("%Y%m%d"), "grid": grid_code or "0"}
    parts: list[str] = [""]
    width = 1
    try:
        for literal, name, spec, _ in string.Formatter().parse(template):
            parts[-1] += literal
            if name is None:
                continue
            if name not in _FIELDS:
                raise ValueError(f"unknown field {name!r}")  # noqa: TRY301  one sentence for all faults
            if name == "sequence":
                width = int((spec or "1").rstrip("d") or 1)
                parts.append("")
            else:
                parts[-1] += facts[name]
        prefix, suffix = parts
    except ValueError as error:
        raise NotConfigured(
            f"The template of ticket numbers can't be used: {error}.", template=template
        ) from error
    return NumberParts(prefix, width, suffix)
