"""Requests at the moment when the reference data change."""

import asyncio

from sqlalchemy import update
from sqlmodel import col

from api.models import Unit
from tests.conftest import House


async def test_more_requests_than_connections_get_through_right_after_a_change_of_the_rules(
    house: House,
) -> None:
    supervisor = await house.caller("supervisor")
    for name in ("城管局", "市容局"):
        async with house.database.write() as session:
            await session.execute(update(Unit).where(col(Unit.code) == "cityscape").values(name_zh=name))
        answers = await asyncio.gather(
            *(supervisor.get("/v1/catalog") for _ in range(3 * house.wiring.settings.pool_size))
        )
        assert {answer.status_code for answer in answers} == {200}
        assert all(name in answer.text for answer in answers)
