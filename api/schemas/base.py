"""What the wire has in common: closed input shapes, bounded text, instants with an offset."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from api.domain.calendars import EARLIEST_ON, LATEST_ON
from api.domain.geo import MAX_LATITUDE, MAX_LONGITUDE

RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")
"""How an instant begins: date and time, written out."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Input(BaseModel):
    """What is read: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """What is sent: every field is always there."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


def _without_control(text: str) -> str:
    # NUL can't be stored; other control characters only ever hide something.
    if any(ord(character) < ord(" ") and character not in "\n\r\t" for character in text):
        raise ValueError("text must not hold control characters")
    return text


def _one_line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("text must be one line without blanks around it")
    return text


def _written_out(sent: object) -> object:
    # Pydantic reads a bare number as seconds or, when it is large, as milliseconds: that would be a guess.
    if isinstance(sent, int | float) or (isinstance(sent, str) and not RFC3339.match(sent)):
        raise ValueError("an instant looks like 2026-11-22T09:31:00+08:00")
    return sent


PrintableText = AfterValidator(_without_control)
"""Refuses NUL and other control characters except line breaks and tabs."""

OneLine = AfterValidator(_one_line)
"""For names: as files have them, so that what is exported can be imported, and nobody is called nothing."""

Line = Annotated[str, Field(max_length=200), PrintableText]
Note = Annotated[str, Field(max_length=2000), PrintableText]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
PlaceCode = Annotated[str, Field(max_length=64, pattern=r"^[0-9A-Za-z][0-9A-Za-z_.-]*$")]
"""As tickets and rules name a place or an area; offices have codes of their own."""
Longitude = Annotated[float, Field(ge=-MAX_LONGITUDE, le=MAX_LONGITUDE, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-MAX_LATITUDE, le=MAX_LATITUDE, allow_inf_nan=False)]
Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""RFC 3339 with an offset; a time without one names no instant and is refused, and so is a bare number."""


def _day_written_out(sent: object) -> object:
    # Pydantic reads a number as seconds since 1970, and an instant at midnight as its day: that would be a guess.
    if not (isinstance(sent, str) and _DAY.fullmatch(sent)):
        raise ValueError("a day looks like 2026-11-22")
    return sent


Day = Annotated[date, BeforeValidator(_day_written_out)]
"""A day of a calendar, written out; an instant that happens to be a midnight is none."""


def _near(day: date) -> date:
    if not EARLIEST_ON <= day <= LATEST_ON:
        raise ValueError(f"a day from {EARLIEST_ON} to {LATEST_ON} is expected")
    return day


NearDay = Annotated[Day, AfterValidator(_near)]
"""A day on which something may have been or will be done, so that a week more is a day as well."""


class Named(Output):
    """Something with a code and a name."""

    code: str
    name: str


class GridStep(Output):
    """One grid of a path."""

    code: str
    name: str
    level: str


class PlaceShown(Output):
    """A place in WGS-84."""

    longitude: float
    latitude: float
    crs: Literal["wgs84"]
