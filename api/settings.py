"""What an installation may choose, read from `GRIDPATROL_...` variables, and what it may not.

Outside the demo an unsafe value stops the start with one sentence: a default that only suits a demo
(a generated key, known passwords) must never stand in front of real people's data.
"""

import difflib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.adapters.kept_secrets import kept_secret
from api.domain.clients import read_version

PREFIX = "GRIDPATROL_"
DEMO_PASSWORD = "gridpatrol-demo"  # noqa: S105  printed at every start of the demo, refused everywhere else

KEY_BYTES = 32
"""Shortest access-token key: HMAC-SHA256 gains nothing from a longer one and loses with a shorter one."""

KEY_VARIETY = 8
"""Fewest different characters in a key. Even 32 random hexadecimal digits hardly ever have fewer."""

KNOWN_WORDS = (
    "changeme",
    "change-me",
    "change_me",
    "example",
    "insecure",
    "password",
    "placeholder",
    "secret",
)
KNOWN_PASSWORDS = frozenset({DEMO_PASSWORD, "changeme", "gridpatrol", "password", "postgres", "secret"})

PUBLIC_URL_LENGTH_MAX = 200
"""Longest public address: the QR code on a sheet must stay coarse enough for any phone."""

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")

NOT_SETTINGS = frozenset({"GRIDPATROL_TEST_DATABASE_URL"})
"""Variables with our prefix that the tests read, not the application."""


class SettingsRefused(Exception):  # noqa: N818  a refusal: sentences for the person who starts the program
    """The settings are malformed, incomplete or unsafe; the text has one sentence per line."""


class Settings(BaseSettings):
    """Everything an installation may choose; immutable, because a running process never changes its mind.

    Raises pydantic's `ValidationError` for a value that is malformed or unsafe. Programs that talk to a
    person use `load_settings`, which says the same in sentences.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,  # keys and passwords are among the inputs
    )

    demo: bool = False
    """A street of invented people with known passwords. Allows what is refused elsewhere."""

    debug: bool = False
    """Show the causes of internal errors to callers. Demo only: causes name tables and files."""

    home: Path = Path("var")
    """Where photos, keys and a private database are kept. Made absolute."""

    database_url: str | None = None
    """`postgresql://...` of a database with PostGIS. None: the demo brings up a private one under `home`."""

    pool_size: int = Field(default=10, ge=1, le=200)
    """Database connections that one process keeps."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    processes: int = Field(default=1, ge=1, le=64)
    """API processes that share the port."""

    files_url: str | None = None
    """Where photos are kept: `s3://bucket/prefix` or a folder. None: `files` under `home`."""

    token_key: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_urlsafe(KEY_BYTES)))
    """Signs access tokens. Must be given outside the demo; the demo keeps one of its own under `home`."""

    access_token_ttl_s: int = Field(default=15 * 60, ge=60, le=24 * 3600)
    refresh_token_ttl_s: int = Field(default=30 * 24 * 3600, ge=3600, le=366 * 24 * 3600)

    refresh_repeat_s: int = Field(default=0, ge=0, le=300)
    """How long a phone may send a used refresh token once more because the answer was lost; 0: never."""

    max_upload_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    max_import_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """Of a file that an office imports: grids, classes, units, people."""

    min_client_version: str | None = None
    """Oldest version of the app that is still served, as it tells in `Client-Version`. None: all are."""

    max_megapixels: int = Field(default=50, ge=1, le=500)

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins of browser applications, comma-separated; `*` only in the demo."""

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks whose `X-Forwarded-For` is believed, comma-separated; `*` only in the demo."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    public_url: str | None = None
    """Where residents reach this installation; QR codes lead there. Never guessed from what a caller names as Host."""

    time_zone: str = "Asia/Shanghai"
    """Zone of the dates in texts and exports. Deadlines use the zone of their calendar."""

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("home")
    @classmethod
    def _home_is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("files_url")
    @classmethod
    def _files_url_is_a_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if "://" not in value:
            return Path(value).expanduser().absolute().as_uri()
        if not value.startswith(("file:///", "s3://")):
            raise ValueError("must be a folder or look like s3://bucket/prefix")
        return value

    @field_validator("min_client_version")
    @classmethod
    def _min_client_version_is_one(cls, value: str | None) -> str | None:
        if value is not None and read_version(value) is None:
            raise ValueError("must look like 2.1.0")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_postgresql(cls, value: str | None) -> str | None:
        """Accept what providers hand out (`postgres://`, `postgresql://`) and name the one driver we use."""
        if value is None:
            return None
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
            raise ValueError("must look like postgresql://user:password@host/name; nothing else is supported")
        return f"postgresql+psycopg://{rest}"

    @field_validator("public_url")
    @classmethod
    def _public_url_is_an_address(cls, value: str | None) -> str | None:
        """Keep it without the slash at its end; paths are appended to it."""
        if value is None:
            return None
        if len(value) > PUBLIC_URL_LENGTH_MAX or not _ADDRESS.fullmatch(value):
            raise ValueError("must look like https://grids.example.cn, without query, fragment and password")
        return value.rstrip("/")

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not the name of a time zone; Asia/Shanghai is one") from error
        return value

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        unsafe = () if self.demo else tuple(self._unsafe_values())
        if unsafe:
            raise ValueError("\n".join(unsafe))
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.time_zone)

    def today(self, now: datetime) -> date:
        """Return the date on the city's calendars."""
        return now.astimezone(self.zone).date()

    @property
    def local_address(self) -> str:
        """The address at which this machine reaches the API."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  an address to open
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}"

    @property
    def public_address(self) -> str | None:
        """Where residents reach the API, without a slash at the end; None outside the demo when nobody has said."""
        return self.local_address if self.demo and self.public_url is None else self.public_url

    @property
    def files_location(self) -> str:
        """URL of the place where photos are kept: `s3://...` or `file:///...`."""
        return self.files_url or (self.home / "files").as_uri()

    @property
    def required_database_url(self) -> str:
        """The database URL; raises `SettingsRefused` where none was given (which only the demo allows)."""
        if self.database_url is None:
            raise SettingsRefused(
                f"{PREFIX}DATABASE_URL is missing: `gridpatrol demo` brings a database of its own."
            )
        return self.database_url

    def _unsafe_values(self) -> Iterator[str]:
        """Say what must not stand in front of real data, one sentence each."""
        if "token_key" not in self.model_fields_set:
            yield (
                "GRIDPATROL_TOKEN_KEY is missing: give every process the same secret of at least"
                f" {KEY_BYTES} bytes, for example the output of `openssl rand -base64 48`."
            )
        elif weakness := _weakness_of_key(self.token_key.get_secret_value()):
            yield f"GRIDPATROL_TOKEN_KEY {weakness}; `openssl rand -base64 48` makes a good one."
        if self.debug:
            yield "GRIDPATROL_DEBUG is for the demo only: it shows callers the inside of errors."
        if self.database_url is None:
            yield "GRIDPATROL_DATABASE_URL is missing: it names a PostgreSQL database with PostGIS."
        elif unquote(urlsplit(self.database_url).password or "") in KNOWN_PASSWORDS:
            yield "GRIDPATROL_DATABASE_URL has a password that everybody knows; set one of your own."
        if "*" in self.cors_origins:
            yield "GRIDPATROL_CORS_ORIGINS must name the origins: `*` lets any web page act for its visitor."
        if "*" in self.trusted_proxies:
            yield "GRIDPATROL_TRUSTED_PROXIES must name the proxies: `*` lets any caller choose its address."


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of this process; in the demo, with the key kept under `home`.

    `environ` is only searched for misspelt names: a setting that nobody reads is a setting believed to work.
    Raises `SettingsRefused` with one sentence for each thing that is wrong.
    """
    misspelt = sorted(_misspelt_names(environ))
    if misspelt:
        raise SettingsRefused("\n".join(misspelt))
    try:
        settings = Settings()
        if settings.demo and "token_key" not in settings.model_fields_set:
            return Settings(token_key=SecretStr(kept_secret(settings.home / "secrets" / "token-key")))
    except ValidationError as error:
        raise SettingsRefused("\n".join(_sentences(error))) from error
    except OSError as error:
        raise SettingsRefused(
            f"GRIDPATROL_HOME: {error.filename} can't be used: {error.strerror}."
        ) from error
    return settings


def _misspelt_names(environ: Mapping[str, str]) -> Iterator[str]:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environ:
        upper = name.upper()
        if upper.startswith(PREFIX) and upper not in known | NOT_SETTINGS:
            near = difflib.get_close_matches(upper, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; `docs/operations.md` lists the settings."
            yield f"{name} is not a setting{hint}"


def _weakness_of_key(key: str) -> str | None:
    """Say what is wrong with a key as the end of a sentence, or None."""
    if len(key.encode()) < KEY_BYTES:
        return f"is too short: {len(key.encode())} bytes where {KEY_BYTES} are needed"
    if len(set(key)) < KEY_VARIETY:
        return f"is too regular: it has only {len(set(key))} different characters"
    word = next((word for word in KNOWN_WORDS if word in key.lower()), None)
    return f"contains the word {word!r}, as placeholders do" if word else None


def _sentences(error: ValidationError) -> Iterator[str]:
    """Turn pydantic's findings into sentences; the values themselves may be secret and are left out."""
    for finding in error.errors(include_url=False, include_input=False):
        text = finding["msg"].removeprefix("Value error, ")
        if finding["loc"]:
            yield f"{PREFIX}{str(finding['loc'][0]).upper()}: {text}."
        else:
            yield text
