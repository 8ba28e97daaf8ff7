"""What the wire has in common: closed input shapes, bounded text, instants with an offset."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from api.domain.geo import MAX_LATITUDE, MAX_LONGITUDE


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


PrintableText = AfterValidator(_without_control)
"""Refuses NUL and other control characters except line breaks and tabs."""

Line = Annotated[str, Field(max_length=200), PrintableText]
Note = Annotated[str, Field(max_length=2000), PrintableText]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Longitude = Annotated[float, Field(ge=-MAX_LONGITUDE, le=MAX_LONGITUDE, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-MAX_LATITUDE, le=MAX_LATITUDE, allow_inf_nan=False)]
Instant = AwareDatetime
"""RFC 3339 with an offset; a time without one names no instant and is refused."""


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
