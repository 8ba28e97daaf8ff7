"""People, what was done to their accounts, their sign-ins on devices, and failed attempts."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlmodel import Field

from api.domain.access import Role
from api.domain.people import Deed
from api.models.base import FIRST_VERSION, INSTANT, JSON, Table, enum_type


class Person(Table, table=True):
    """Somebody who may sign in: with a password, while active, and up to the day `valid_until`."""

    table_name: ClassVar[str] = "people"
    __table_args__ = (
        CheckConstraint(
            "role NOT IN ('unit_member', 'unit_lead') OR unit_id IS NOT NULL", "unit_role_has_unit"
        ),
        CheckConstraint("version > 0", "version"),
    )

    id: UUID = Field(primary_key=True)
    username: str = Field(max_length=64, unique=True)
    password_hash: str | None = Field(default=None, max_length=255)
    name: str = Field(max_length=100)
    phone: str | None = Field(default=None, max_length=40)
    officer_number: str | None = Field(default=None, max_length=40, unique=True)
    role: Role = Field(sa_type=enum_type(Role, "role"))
    post: str | None = Field(default=None, max_length=100)
    unit_id: int | None = Field(default=None, foreign_key="units.id", index=True)
    is_active: bool = True
    valid_until: date | None = None
    created_at: datetime = Field(sa_type=INSTANT)
    version: int = Field(default=1, sa_column_kwargs=FIRST_VERSION)


class PersonEvent(Table, table=True):
    """Something that was done to an account, or read of it; never changed, never deleted (a trigger refuses both).

    `by_id` is null for the command line. `facts` names the fields that changed, never a password or a phone.
    """

    table_name: ClassVar[str] = "person_events"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    person_id: UUID = Field(foreign_key="people.id", index=True)
    deed: Deed = Field(sa_type=enum_type(Deed, "deed"))
    by_id: UUID | None = Field(default=None, foreign_key="people.id")
    at: datetime = Field(sa_type=INSTANT)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class SignIn(Table, table=True):
    """One sign-in on one device: the family of its refresh tokens. Revoked, all its tokens are dead."""

    table_name: ClassVar[str] = "sign_ins"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="people.id", index=True)
    device_id: str | None = Field(default=None, max_length=100)
    device_name: str | None = Field(default=None, max_length=100)
    created_at: datetime = Field(sa_type=INSTANT)
    used_at: datetime = Field(sa_type=INSTANT)
    expires_at: datetime = Field(sa_type=INSTANT, index=True)
    revoked_at: datetime | None = Field(default=None, sa_type=INSTANT)
    revoked_why: str | None = Field(default=None, max_length=40)
    synced_at: datetime | None = Field(default=None, sa_type=INSTANT)
    clock_skew_s: float | None = None


class RefreshToken(Table, table=True):
    """A refresh token, kept only as its SHA-256; `used_at` set means that it was exchanged already."""

    table_name: ClassVar[str] = "refresh_tokens"

    sha256: str = Field(primary_key=True, max_length=64)
    sign_in_id: UUID = Field(foreign_key="sign_ins.id", index=True, ondelete="CASCADE")
    issued_at: datetime = Field(sa_type=INSTANT)
    expires_at: datetime = Field(sa_type=INSTANT)
    used_at: datetime | None = Field(default=None, sa_type=INSTANT)


class FailedSignIn(Table, table=True):
    """Recent failures of one account or one address; decides how long the next attempt has to wait."""

    table_name: ClassVar[str] = "failed_sign_ins"

    subject: str = Field(primary_key=True, max_length=128)
    failures: int
    last_at: datetime = Field(sa_type=INSTANT, index=True)


class IdempotencyKey(Table, table=True):
    """What a POST with an Idempotency-Key led to, so that sending it again changes nothing.

    `led_to` is the version of the ticket after the step; null in rows of releases that did not keep it.
    """

    table_name: ClassVar[str] = "idempotency_keys"
    __table_args__ = (
        Index("ix_idempotency_keys_created_at", "created_at"),
        CheckConstraint(text("length(request_sha256) = 64"), "request_sha256"),
    )

    person_id: UUID = Field(foreign_key="people.id", primary_key=True)
    key: str = Field(primary_key=True, max_length=128)
    request_sha256: str = Field(max_length=64)
    ticket_id: UUID
    led_to: int | None = None
    created_at: datetime = Field(sa_type=INSTANT)
