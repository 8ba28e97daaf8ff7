"""The wire of signing in, and of who one is."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.domain.access import Role
from api.schemas.base import Named

_NO_NUL = r"^[^\x00]*$"

# A program that fills in every field of its form sends empty ones for those that it does not use.
_Ignored = Annotated[str | None, Field(max_length=2000, description="Accepted as OAuth2 has it; not used.")]


class TokenRequest(BaseModel):
    """An OAuth 2.0 token request (RFC 6749, 4.3.2 and 6), with the device it is made on."""

    model_config = ConfigDict(extra="forbid")

    grant_type: Annotated[str, Field(max_length=100, description="`password` or `refresh_token`.")]
    username: Annotated[str | None, Field(min_length=1, max_length=64, pattern=_NO_NUL)] = None
    password: Annotated[
        str | None, Field(min_length=1, max_length=1000, json_schema_extra={"format": "password"})
    ] = None
    refresh_token: Annotated[str | None, Field(min_length=1, max_length=4000)] = None
    device_id: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=100,
            pattern=_NO_NUL,
            description="A random id that the app makes once and keeps. The refresh token is bound to it, "
            "and the app may send a refresh again when it got no answer.",
        ),
    ] = None
    device_name: Annotated[
        str | None, Field(max_length=100, pattern=_NO_NUL, description="For people: which phone this is.")
    ] = None
    scope: _Ignored = None
    client_id: _Ignored = None
    client_secret: _Ignored = None


class TokenAnswer(BaseModel):
    """A pair of tokens (RFC 6749, 5.1)."""

    access_token: str = Field(description="Send it as `Authorization: Bearer <access_token>`.")
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds that the access token lives.")
    refresh_token: str = Field(description="Good for one exchange.")


class RevokeRequest(BaseModel):
    """A revocation request (RFC 7009, 2.1)."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(min_length=1, max_length=4000, description="A refresh or an access token.")]
    token_type_hint: _Ignored = None
    client_id: _Ignored = None
    client_secret: _Ignored = None


class PersonAnswer(BaseModel):
    """The signed-in person."""

    id: UUID
    username: str
    name: str
    role: Role
    role_name: str
    officer_number: str | None = Field(description="工号; officers have one.")
    phone_masked: str | None = Field(description="Enough of the phone number to recognise it.")


class CountersAnswer(BaseModel):
    """Open tickets in the caller's work, counted at the moment of the question."""

    open: int
    due_soon: int = Field(description="Of these, not overdue but due within the office's `due_soon_s`.")
    overdue: int = Field(description="Of these, past due.")


class MeAnswer(BaseModel):
    """The signed-in person, the unit and grids she works for, and her work in figures."""

    person: PersonAnswer
    role: Role
    unit: Named | None
    grids: list[Named]
    counters: CountersAnswer
