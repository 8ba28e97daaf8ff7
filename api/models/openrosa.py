"""What ODK Collect needs of us: a device's token for it, and which submissions have come."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from api.models.base import INSTANT, Table


class DeviceToken(Table, table=True):
    """The token of a sign-in that opens the addresses of OpenRosa and no other, kept only as its SHA-256."""

    table_name: ClassVar[str] = "device_tokens"
    __table_args__ = (CheckConstraint("length(sha256) = 64", "sha256"),)

    sha256: str = Field(primary_key=True, max_length=64)
    sign_in_id: UUID = Field(foreign_key="sign_ins.id", unique=True, ondelete="CASCADE")
    issued_at: datetime = Field(sa_type=INSTANT)


class Submission(Table, table=True):
    """A filled form that came, known again by the hash of its XML.

    `done_at` is null while it waits for pictures that it needs before anything can be done; then `ticket_id` is, too.
    A check-in is done without a ticket; it has the submission's id.
    """

    table_name: ClassVar[str] = "submissions"
    __table_args__ = (
        CheckConstraint("length(xml_sha256) = 64", "xml_sha256"),
        CheckConstraint("ticket_id IS NULL OR done_at IS NOT NULL", "ticket_when_done"),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="people.id", index=True)
    instance_id: str = Field(max_length=200)
    form_id: str = Field(max_length=64)
    form_version: str = Field(max_length=40)
    xml_sha256: str = Field(max_length=64)
    received_at: datetime = Field(sa_type=INSTANT)
    done_at: datetime | None = Field(default=None, sa_type=INSTANT)
    ticket_id: UUID | None = Field(default=None, foreign_key="tickets.id", index=True)
