"""What tests of the phone stand on."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from api.settings import Settings
from tests.conftest import House, opened_house
from tests.phone.network import Network, Street


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let phones try again at once: how long they pause has a test of its own."""
    monkeypatch.setattr("gridphone.backoff.FIRST_S", 0.001)


@pytest.fixture
def street(house: House, tmp_path: Path) -> Iterator[Street]:
    """Return a street with a network and no phones yet."""
    opened = Street(house, tmp_path / "phones", Network(house))
    yield opened
    for phone in opened.phones:
        phone.close()


@pytest.fixture
async def patient_street(settings: Settings, tmp_path: Path) -> AsyncIterator[Street]:
    """Return a street whose office lets phones repeat a refresh whose answer was lost."""
    patient = settings.model_copy(update={"refresh_repeat_s": 30})
    async with opened_house(patient) as house:
        opened = Street(house, tmp_path / "phones", Network(house))
        yield opened
        for phone in opened.phones:
            phone.close()
