"""Keep what was done to an account, in the transaction that does it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from api.db import WriteSession
from api.domain.people import Deed
from api.models import PersonEvent


async def note_deed(
    session: WriteSession, person_id: UUID, deed: Deed, by_id: UUID | None, now: datetime, **facts: object
) -> None:
    """Keep what was done to an account, or read of it."""
    row = {"person_id": person_id, "deed": deed, "by_id": by_id, "at": now, "facts": facts}
    await session.execute(insert(PersonEvent).values(row))
