"""The devices on which somebody is signed in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.models import Person, SignIn, Upload


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A device with sign-ins that hold. Without an id of its own it goes by that of its one sign-in."""

    id: str
    name: str | None
    since: datetime
    used_at: datetime
    is_current: bool
    uploads: int


def device_key() -> ColumnElement[str]:
    """Return what a sign-in's device is called: its id, else the sign-in's own."""
    return func.coalesce(col(SignIn.device_id), cast(col(SignIn.id), Text))


async def find_devices(
    session: ReadSession, person_id: UUID, viewer: Viewer, now: datetime
) -> list[DeviceFacts]:
    """Return the devices on which a person is signed in, the one that was used last first."""
    uploads = (
        select(col(Upload.sign_in_id), func.count().label("uploads"))
        .where(col(Upload.person_id) == person_id, col(Upload.expires_at) > now)
        .group_by(col(Upload.sign_in_id))
        .subquery()
    )
    names = func.array_agg(aggregate_order_by(col(SignIn.device_name), col(SignIn.used_at).desc())).filter(
        col(SignIn.device_name).is_not(None)
    )
    used_at = func.max(col(SignIn.used_at)).label("used_at")
    device = device_key().label("device")
    statement = (
        select(
            device,
            names,
            func.min(col(SignIn.created_at)),
            used_at,
            func.bool_or(col(SignIn.id) == viewer.session_id),
            func.coalesce(func.sum(uploads.c.uploads), 0),
        )
        .outerjoin(uploads, uploads.c.sign_in_id == col(SignIn.id))
        .where(
            col(SignIn.person_id) == person_id,
            col(SignIn.revoked_at).is_(None),
            col(SignIn.expires_at) > now,
        )
        .group_by(device)
        .order_by(used_at.desc(), device)
    )
    return [
        DeviceFacts(key, (told or [None])[0], since, last, is_current, int(count))
        for key, told, since, last, is_current, count in await session.execute(statement)
    ]


async def find_person_id(session: ReadSession, username: str) -> UUID | None:
    """Return the id of whoever has exactly this user name."""
    statement = select(col(Person.id)).where(col(Person.username) == username)
    return (await session.execute(statement)).scalar_one_or_none()


def is_device(person_id: UUID, device: str) -> ColumnElement[bool]:
    """Return the condition for a person's sign-ins on one device."""
    nameless = and_(col(SignIn.device_id).is_(None), cast(col(SignIn.id), Text) == device)
    return and_(col(SignIn.person_id) == person_id, or_(col(SignIn.device_id) == device, nameless))
