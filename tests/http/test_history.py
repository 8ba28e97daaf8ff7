"""The history of a ticket proves itself: whoever changes it, with all rights on the database, is found out."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.queries.histories import verify_all
from api.verify import verify_histories
from tests.conftest import House
from tests.http.walking import rectified

TAMPERINGS = {
    "a note is rewritten": ("UPDATE ticket_events SET note = '其实没修' WHERE seq = 5", 5),
    "a time is moved": ("UPDATE ticket_events SET at = at - interval '1 hour' WHERE seq = 3", 3),
    "a photo is taken out": ("UPDATE ticket_events SET photo_ids = '{}' WHERE seq = 5", 5),
    "another person did it": ("UPDATE ticket_events SET actor_id = NULL WHERE seq = 4", 4),
    "a step in the middle is gone": ("DELETE FROM ticket_events WHERE seq = 2", 2),
    "the last step is gone": ("DELETE FROM ticket_events WHERE seq = 5", 5),
    "all steps are gone": ("DELETE FROM ticket_events", 1),
}


async def test_the_database_itself_refuses_to_change_a_history(house: House) -> None:
    await rectified(house)
    for statement, _ in TAMPERINGS.values():
        with pytest.raises(DBAPIError, match="never changed"):
            async with house.database.write() as session:
                await session.execute(text(statement))


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_tampering_behind_the_triggers_back_shows(house: House, tampering: str) -> None:
    statement, broken_at = TAMPERINGS[tampering]
    ticket = await rectified(house)
    sound = await rectified(house, category="E0493")
    async with house.database.write() as session:
        await session.execute(text("ALTER TABLE ticket_events DISABLE TRIGGER USER"))
        joined = " AND " if "WHERE" in statement else " WHERE "
        await session.execute(text(f"{statement}{joined}ticket_id = '{ticket['id']}'"))
        await session.execute(text("ALTER TABLE ticket_events ENABLE TRIGGER USER"))
    supervisor = await house.caller("supervisor")
    history = (await supervisor.get(f"/v1/tickets/{ticket['id']}/history?verify=true")).json()
    assert (history["verified"], history["broken_at"]) == (False, broken_at)
    async with house.database.snapshot() as session:
        found = {one.number: one.broken_at async for one in verify_all(session)}
    assert found == {ticket["number"]: broken_at, sound["number"]: None}


async def test_the_command_counts_and_names_what_is_broken(house: House) -> None:
    ticket = await rectified(house)
    settings = house.wiring.settings
    assert (await verify_histories(settings, None)).broken == []
    async with house.database.write() as session:
        await session.execute(text("ALTER TABLE ticket_events DISABLE TRIGGER USER"))
        await session.execute(text("UPDATE ticket_events SET note = 'x' WHERE seq = 1"))
    verification = await verify_histories(settings, None)
    assert verification.tickets == 1
    assert [(one.number, one.broken_at) for one in verification.broken] == [(ticket["number"], 1)]
