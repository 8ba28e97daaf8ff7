"""What tests of reads stand on."""

from collections.abc import AsyncIterator

import pytest

from api.app import create_app
from api.deps import request_time
from api.settings import Settings
from tests.conftest import House, Server, TurnedClock


@pytest.fixture(scope="session")
async def shared_house(
    server: Server, demo_street: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """Return the application on one demo street for all tests that only read and leave the clock alone."""
    name = server.create(demo_street)
    settings = Settings(demo=True, database_url=server.url_of(name), home=tmp_path_factory.mktemp("shared"))
    app = create_app(settings)
    turned = TurnedClock()
    app.dependency_overrides[request_time] = turned.read
    house = House(app, turned)
    yield house
    for caller in house.callers.values():
        await caller.aclose()
    await house.database.close()
    server.drop(name)
