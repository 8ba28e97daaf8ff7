"""What tests of reads stand on."""

from collections.abc import AsyncIterator

import httpx
import pytest

from api.settings import Settings
from tests.conftest import House, Server, opened_house


@pytest.fixture(scope="session")
async def shared_house(
    server: Server, demo_street: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """Return the application on one demo street for all tests that only read and leave the clock alone."""
    name = server.create(demo_street)
    settings = Settings(demo=True, database_url=server.url_of(name), home=tmp_path_factory.mktemp("shared"))
    async with opened_house(settings) as house:
        yield house
    server.drop(name)


@pytest.fixture
async def resident(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Return somebody who is not signed in, on a street that a test may change."""
    async with house.client() as client:
        yield client


@pytest.fixture
async def visitor(shared_house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Return somebody who is not signed in and changes nothing."""
    async with shared_house.client() as client:
        yield client
