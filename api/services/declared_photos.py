"""Photos that phones announce before they upload them: known by their bytes' hash, so that no other bytes pass."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, delete, insert, select
from sqlmodel import col

from api.db import Database, ReadSession, WriteSession
from api.domain.access import Viewer
from api.domain.device_clock import CLOCK_SKEW, RIGHT
from api.domain.errors import IdTaken
from api.domain.evidence import Purpose
from api.models import DeclaredPhoto, Photo
from api.queries.sign_ins import find_device_clock
from api.services.evidence import lock_photos
from api.services.photos import ToldPlace
from api.services.tickets import check_device_time

KEPT_FOR = timedelta(days=30)
"""How long an announcement is remembered: longer than any phone holds a photo back."""

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class PhotoDeclaration:
    """What a phone says of a photo that it holds."""

    id: UUID
    purpose: Purpose
    sha256: str
    size_bytes: int
    captured_at: datetime | None = None
    captured_place: ToldPlace | None = None

    def request_sha256(self) -> str:
        """Return a hash by which the same announcement is known again."""
        at = self.captured_at.astimezone(UTC) if self.captured_at else None
        content = (self.sha256, self.size_bytes, self.purpose.value, at, self.captured_place)
        return hashlib.sha256(repr(content).encode()).hexdigest()


async def declare_photos(
    session: WriteSession, viewer: Viewer, declarations: Sequence[PhotoDeclaration], now: datetime
) -> list[bool]:
    """Note that photos are on their way; False for one of which that, or the photo itself, was here before.

    Raises IdTaken when an id was used for other bytes, or by somebody else.
    """
    new: dict[UUID, PhotoDeclaration] = {}
    for declaration in declarations:
        earlier = new.setdefault(declaration.id, declaration)
        _require(declaration, earlier.request_sha256() == declaration.request_sha256())
    await lock_photos(session, new)
    for photo in await session.execute(_STORED, {"ids": list(new)}):
        stored = new.pop(photo.id)
        _require(stored, (photo.uploaded_by_id, photo.sha256) == (viewer.person_id, stored.sha256))
    for known in await session.execute(_DECLARED, {"ids": list(new)}):
        same = new.pop(known.id)
        _require(same, (known.person_id, known.request_sha256) == (viewer.person_id, same.request_sha256()))
    if new:
        rows = [_row(viewer, declaration, now) for declaration in new.values()]
        await session.execute(insert(DeclaredPhoto), rows)
    # The first of several that are the same is the new one.
    return [new.pop(declaration.id, None) is not None for declaration in declarations]


_IDS: BindParameter[Sequence[UUID]] = bindparam("ids", expanding=True)
_STORED = select(col(Photo.id), col(Photo.uploaded_by_id), col(Photo.sha256)).where(col(Photo.id).in_(_IDS))
_DECLARED = select(
    col(DeclaredPhoto.id), col(DeclaredPhoto.person_id), col(DeclaredPhoto.request_sha256)
).where(col(DeclaredPhoto.id).in_(_IDS))


def _require(declaration: PhotoDeclaration, is_the_same: bool) -> None:  # noqa: FBT001  said at each call
    if not is_the_same:
        raise IdTaken("This photo id was used before with another content.", photo=declaration.id)


def _row(viewer: Viewer, declaration: PhotoDeclaration, now: datetime) -> dict[str, Any]:
    return {
        "id": declaration.id,
        "person_id": viewer.person_id,
        "request_sha256": declaration.request_sha256(),
        "purpose": declaration.purpose,
        "sha256": declaration.sha256,
        "size_bytes": declaration.size_bytes,
        "captured_at": declaration.captured_at,
        "declared_at": now,
    }


async def refuse_other_bytes(session: ReadSession, viewer: Viewer, photo_id: UUID, sha256: str) -> None:
    """Raise IdTaken when a photo was announced with other bytes, or by somebody else."""
    declared = select(col(DeclaredPhoto.person_id), col(DeclaredPhoto.sha256)).where(
        col(DeclaredPhoto.id) == photo_id
    )
    row = (await session.execute(declared)).one_or_none()
    if row is not None and (row.person_id, row.sha256) != (viewer.person_id, sha256):
        raise IdTaken("This photo was announced with another content.", photo=photo_id)


async def check_captured_at(
    database: Database, viewer: Viewer, captured_at: datetime | None, now: datetime
) -> None:
    """Refuse a time of capture as `check_device_time` does, by the phone's clock as it was measured last.

    Without that the photos of a phone that goes an hour fast would have to wait for an hour behind their report, whose
    times are corrected. Only a time that lies ahead of us costs a look.
    """
    clock = RIGHT
    if captured_at is not None and captured_at.tzinfo is not None and captured_at - now > CLOCK_SKEW:
        async with database.read() as session:
            clock = await find_device_clock(session, viewer.session_id)
    check_device_time(captured_at, now, "/captured_at", clock)


async def purge_declared(session: WriteSession, now: datetime) -> int:
    """Forget a batch of old announcements; return how many, 0 when none are left."""
    old = (
        select(col(DeclaredPhoto.id))
        .where(col(DeclaredPhoto.declared_at) < now - KEPT_FOR)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    gone = (
        delete(DeclaredPhoto)
        .where(col(DeclaredPhoto.id) == old.c.id)
        .returning(col(DeclaredPhoto.id))
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(gone)).all())
