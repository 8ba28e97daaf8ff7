"""The people of the demo street as rules see them."""

from uuid import uuid4

from sqlalchemy import insert, select
from sqlmodel import col

from api.domain.access import Viewer
from api.models import Person, SignIn
from api.queries.people import find_viewer
from tests.conftest import House


async def viewer_of(house: House, username: str) -> Viewer:
    """Return a person as she stands now."""
    sign_in_id, now = uuid4(), house.clock.now
    async with house.database.trial() as session:
        chosen = select(col(Person.id)).where(col(Person.username) == username)
        person_id = (await session.execute(chosen)).scalar_one()
        row = {"id": sign_in_id, "person_id": person_id, "created_at": now, "used_at": now, "expires_at": now}
        await session.execute(insert(SignIn).values(row))
        found = await find_viewer(session, sign_in_id, house.wiring.settings.today(now))
    assert found is not None
    return found.viewer
