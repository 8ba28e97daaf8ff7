"""Two API processes on one database: what an office changes through the one holds in the other within a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from pydantic import SecretStr

from api.grid_files import export_grids
from api.schemas.geojson import collection
from api.settings import DEMO_PASSWORD, Settings
from tests.conftest import MONDAY_MORNING
from tests.faults.serving import serving
from tests.http.grid_editing import COMMUNITY, GEOJSON, IMPORT, inside, split

GRID = f"{COMMUNITY}002"
WITHIN_S = 1.0


@pytest.fixture
def processes(settings: Settings) -> Iterator[tuple[str, str]]:
    shared = settings.model_copy(update={"token_key": SecretStr(uuid4().hex + uuid4().hex)})
    with ExitStack() as running:
        yield running.enter_context(serving(shared)), running.enter_context(serving(shared))


def signed_in(address: str, username: str) -> httpx.Client:
    """Return a client of one process, signed in there."""
    form = {"grant_type": "password", "username": username, "password": DEMO_PASSWORD}
    token = httpx.post(f"{address}/v1/auth/token", data=form).raise_for_status().json()["access_token"]
    return httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    )


def seconds_until(holds: Callable[[], bool], since: float) -> float:
    """Return how long after `since` something first held; give up long after it should have."""
    while not holds():
        assert time.monotonic() - since < 10 * WITHIN_S, "the other process never learned of it"
    return time.monotonic() - since


async def test_rules_and_grids_that_one_process_stores_the_other_goes_by_within_a_second(
    settings: Settings, processes: tuple[str, str]
) -> None:
    written: dict[str, Any] = orjson.loads(await export_grids(settings))
    before = {feature["properties"]["code"]: feature for feature in written["features"]}
    after = split(before, GRID)
    spot = inside(after, f"{COMMUNITY}802")
    with signed_in(processes[0], "admin") as here, signed_in(processes[1], "dispatcher") as there:

        def located() -> str:
            return there.get("/v1/grids/locate", params=spot).raise_for_status().json()["grid"]["code"]

        def chosen() -> str:
            query = {"category": "E0406", "grid": GRID, "at": MONDAY_MORNING.isoformat()}
            return there.get("/v1/dispatch/explain", params=query).raise_for_status().json()["unit"]["code"]

        # Both processes have their snapshots before anything changes.
        assert (located(), chosen()) == (GRID, "cityscape")
        here.get("/v1/catalog").raise_for_status()

        rule = here.get("/v1/dispatch/rules/e0406").raise_for_status().json()
        body = {name: rule[name] for name in rule if name not in {"id", "name", "covers", "broken"}}
        here.put("/v1/dispatch/rules/e0406", json=body | {"lead_unit": "market"}).raise_for_status()
        assert seconds_until(lambda: chosen() == "market", time.monotonic()) < WITHIN_S

        sent = here.post(
            IMPORT,
            params={"crs": "wgs84", "complete": True},
            headers={"Content-Type": GEOJSON},
            content=orjson.dumps(collection(after.values())),
            timeout=30,
        )
        assert sent.raise_for_status().json()["removed"] == [GRID]
        assert seconds_until(lambda: located() == f"{COMMUNITY}802", time.monotonic()) < WITHIN_S
