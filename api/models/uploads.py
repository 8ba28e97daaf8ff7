"""Photos on their way: uploads that are not finished, and where their bytes lie."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Uuid
from sqlmodel import Field

from api.models.base import INSTANT, Table


class Upload(Table, table=True):
    """A photo that arrives in pieces, under the id that the photo will have; gone when the photo is stored.

    The last byte is never counted here: whoever asks may believe that all bytes are there only when the photo is.
    """

    table_name: ClassVar[str] = "uploads"
    __table_args__ = (CheckConstraint("0 <= received_bytes AND received_bytes < length_bytes", "received"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="people.id", index=True)
    sign_in_id: UUID = Field(foreign_key="sign_ins.id", index=True, ondelete="CASCADE")
    length_bytes: int = Field(sa_type=BigInteger)
    received_bytes: int = Field(default=0, sa_type=BigInteger)
    told: str = Field(max_length=4000)
    created_at: datetime = Field(sa_type=INSTANT)
    expires_at: datetime = Field(sa_type=INSTANT, index=True)


class UploadPart(Table, table=True):
    """A stretch of an upload's bytes that is durable in the file store."""

    table_name: ClassVar[str] = "upload_parts"
    __table_args__ = (CheckConstraint("start_byte >= 0 AND size_bytes > 0", "stretch"),)

    upload_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    )
    start_byte: int = Field(sa_column=Column(BigInteger, primary_key=True))
    size_bytes: int
    file_key: str = Field(max_length=200)
