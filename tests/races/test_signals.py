"""Two supervisors at once, and two workers at once."""

import asyncio

from sqlalchemy import text

from tests.conftest import House
from tests.http.signalling import listed, look, painted_over, send_picture, street
from tests.http.walking import FINDER, accepted, stepped


async def doctored(house: House) -> None:
    """Walk a ticket to a repair whose photo is the painted-over one of the problem."""
    before = street(house)
    ticket = await accepted(house, photos=[await send_picture(house, FINDER, "before", before)])
    shown = await send_picture(house, "member-cityscape", "after", painted_over(before))
    await stepped(house, "member-cityscape", ticket, "rectify", note="已清理", photos=[shown])


async def test_of_two_who_decide_at_once_one_wins_and_the_other_learns_how_it_stands(house: House) -> None:
    await doctored(house)
    await look(house)
    (signal,) = await listed(house)
    supervisor = await house.caller("supervisor")
    path = f"/v1/signals/{signal['id']}"
    answers = await asyncio.gather(
        *(
            supervisor.post(f"{path}/{what}", json={"version": 1, "reason": f"{what} {number}"})
            for number in range(4)
            for what in ("confirm", "clear")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    read = (await supervisor.get(path)).json()
    assert read["version"] == 2
    assert len(read["reviews"]) == 1
    for answer in answers:
        assert answer.json()["state"] == read["state"]


async def test_workers_at_once_find_each_signal_once(house: House) -> None:
    await doctored(house)
    async with house.database.write() as session:
        await session.execute(text("INSERT INTO signal_examinations (photo_id) SELECT id FROM photos"))
    found = await asyncio.gather(*(look(house) for _ in range(4)))
    assert sum(found) == 1
    assert len(await listed(house)) == 1
