"""Sign a device out from afar: a phone that was lost, or one that is somebody else's now."""

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.errors import NotFound
from api.domain.people import Deed
from api.domain.sign_ins import EndReason
from api.models import SignIn
from api.queries.devices import find_person_id, is_device
from api.services.person_events import note_deed


async def revoke_device(
    session: WriteSession, viewer: Viewer, device: str, now: datetime, *, username: str | None = None
) -> None:
    """End all sign-ins on a device, the viewer's own or, by an administrator, that of `username`.

    Its tokens are dead at once, and so are its unfinished uploads, which live by their sign-in. Again it
    changes nothing. Raises NotFound for somebody who does not exist or has never signed in there.
    """
    person_id = viewer.person_id if username is None else await find_person_id(session, username)
    if person_id is None:
        raise NotFound("There is no such person.", username=username)
    there = is_device(person_id, device)
    if (await session.execute(select(select(col(SignIn.id)).where(there).exists()))).scalar_one() is False:
        raise NotFound("There is no such device.", device=device)
    ended = (
        update(SignIn)
        .where(there, col(SignIn.revoked_at).is_(None))
        .values(revoked_at=now, revoked_why=EndReason.DEVICE_REVOKED)
        .returning(col(SignIn.id))
    )
    if (await session.execute(ended)).all() and username is not None:
        await note_deed(session, person_id, Deed.DEVICE_REVOKED, viewer.person_id, now, device=device)
