"""Let the desk call who signed for a place; that somebody read the phone numbers is kept."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.agreements import Agreement
from api.domain.errors import NotFound
from api.models import SignerReading
from api.queries.places import find_places


async def read_signers(
    session: WriteSession, viewer: Viewer, code: str, now: datetime
) -> Sequence[Agreement]:
    """Return the agreements of a place with phones, and keep who read them; NotFound when there is no such place."""
    stored = (await find_places(session, [code])).get(code)
    if stored is None:
        raise NotFound("There is no such place.", place=code)
    agreements = stored.draft.agreements
    if any(one.signer_phone is not None for one in agreements):
        row = {"place_code": code, "by_id": viewer.person_id, "at": now}
        await session.execute(insert(SignerReading).values(row))
    return agreements
