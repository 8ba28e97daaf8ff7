"""A photo in pieces arrives whole, whatever breaks off: the network, or the server by kill -9, again and again."""

import asyncio
import io
import os
import random
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image
from sqlalchemy import func, select

from api import clock
from api.domain.photos import Variant, key_in
from api.domain.uploads import PART_BYTES
from api.models import Upload
from api.services.photos import ORPHAN_AGE
from api.services.uploads import sweep_orphan_parts
from api.settings import DEMO_PASSWORD
from tests.conftest import House
from tests.example_photos import kept, put_photo, street_picture
from tests.example_uploads import STREAM, TUS, metadata, url
from tests.faults.cutting_proxy import cutting_proxy

CLIENT = Path(__file__).with_name("send_by_tuspy.py")
KILLS = 4
CUTS = 12


def large_picture() -> bytes:
    """Return a JPEG of some three megabytes, all noise."""
    picture = Image.frombytes("RGB", (1500, 1100), random.randbytes(1500 * 1100 * 3))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=90)
    return written.getvalue()


class Api:
    """The API as a process on the house's database and files, killed and started again at one address."""

    def __init__(self, house: House) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        settings = house.wiring.settings
        others = {name: value for name, value in os.environ.items() if not name.startswith("GRIDPATROL_")}
        self._environment = others | {
            "GRIDPATROL_DEMO": "true",
            "GRIDPATROL_DATABASE_URL": settings.required_database_url,
            "GRIDPATROL_HOME": str(settings.home),
            "GRIDPATROL_PORT": str(self.port),
            "GRIDPATROL_LOG_LEVEL": "warning",
        }
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it; return when it is ready."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.cli", "serve", env=self._environment
        )
        async with asyncio.timeout(60), httpx.AsyncClient() as client:
            while True:
                assert self._process.returncode is None, "the server ended by itself"
                try:
                    if (await client.get(f"{self.address}/readyz")).is_success:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it as kill -9 does."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def token(self) -> str:
        """Sign officer01 in."""
        form = {"grant_type": "password", "username": "officer01", "password": DEMO_PASSWORD}
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{self.address}/v1/auth/token", data=form)
        return answer.json()["access_token"]


@pytest.fixture
async def api(house: House) -> AsyncIterator[Api]:
    started = Api(house)
    await started.start()
    yield started
    await started.kill()


async def start_tuspy(address: str, token: str, picture: bytes, photo_id: UUID, folder: Path) -> Process:
    """Start tuspy as a process that goes on until all is sent."""
    file = folder / "photo.jpg"
    file.write_bytes(picture)
    arguments = (f"{address}/v1/uploads", token, str(file), str(photo_id), str(folder / "urls.json"))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", str(CLIENT), *arguments, stdout=PIPE
    )


async def assert_stored_once(house: House, photo_id: UUID, picture: bytes) -> None:
    """Hold that the photo is there byte for byte, and nothing of its upload but what a sweep removes."""
    files = house.wiring.files
    async with house.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Upload))).scalar_one() == 0
    now = await kept(house.database, files)
    assert now.folders.keys() == {photo_id}
    assert await files.get(key_in(now.folders[photo_id], Variant.ORIGINAL)) == picture
    await sweep_orphan_parts(house.database, files, clock.now() + 2 * ORPHAN_AGE)
    assert [file.key async for file in files.files("uploads")] == []


async def test_tuspy_goes_on_after_every_kill_of_the_server(house: House, api: Api, tmp_path: Path) -> None:
    picture, photo_id, told = large_picture(), uuid4(), 0
    tuspy = await start_tuspy(api.address, await api.token(), picture, photo_id, tmp_path)
    assert tuspy.stdout is not None
    kills = 0
    async for line in tuspy.stdout:
        assert int(line) > told, "what was acknowledged is never taken back"
        told = int(line)
        if kills < KILLS:
            kills += 1
            await asyncio.sleep(random.uniform(0, 0.03))
            await api.kill()
            await api.start()
    assert await tuspy.wait() == 0
    assert (kills, told) == (KILLS, len(picture))
    await assert_stored_once(house, photo_id, picture)


async def test_tuspy_goes_on_through_a_network_that_breaks_off(
    house: House, api: Api, tmp_path: Path
) -> None:
    picture, photo_id = large_picture(), uuid4()
    async with cutting_proxy("127.0.0.1", api.port, CUTS) as (proxy, address):
        tuspy = await start_tuspy(address, await api.token(), picture, photo_id, tmp_path)
        said, _ = await asyncio.wait_for(tuspy.communicate(), 120)
    assert tuspy.returncode == 0
    assert proxy.cuts > 3
    assert said
    await assert_stored_once(house, photo_id, picture)


async def test_a_kill_in_the_middle_of_one_large_piece_costs_half_a_megabyte_at_most(
    house: House, api: Api
) -> None:
    picture, photo_id, token = large_picture(), uuid4(), await api.token()
    headers = {"Authorization": f"Bearer {token}"}
    announced = {
        "Upload-Length": str(len(picture)),
        "Upload-Metadata": metadata({"photo_id": str(photo_id), "purpose": "before"}),
    }
    sent = 0

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal sent
        for start in range(0, len(picture), 50_000):
            if start > len(picture) * 2 // 3:
                await asyncio.sleep(0.5)  # what was sent has arrived
                await api.kill()
            yield picture[start : start + 50_000]
            sent = start + 50_000

    async with httpx.AsyncClient(base_url=api.address, headers=headers, timeout=60) as phone:
        assert (await phone.post("/v1/uploads", headers={**TUS, **announced})).status_code == 201
        with pytest.raises(httpx.TransportError):
            await phone.patch(url(photo_id), headers={**STREAM, "Upload-Offset": "0"}, content=slowly())
        await api.start()
        stands = int((await phone.head(url(photo_id), headers=TUS)).headers["upload-offset"])
        assert sent - PART_BYTES - 100_000 <= stands <= sent
        rest = {**STREAM, "Upload-Offset": str(stands)}
        assert (await phone.patch(url(photo_id), headers=rest, content=picture[stands:])).status_code == 204
    await assert_stored_once(house, photo_id, picture)


async def test_the_length_is_told_as_offset_only_when_the_photo_is_stored_whenever_the_server_is_killed(
    house: House, api: Api
) -> None:
    headers = {"Authorization": f"Bearer {await api.token()}"}
    async with httpx.AsyncClient(base_url=api.address, headers=headers, timeout=60) as phone:
        for turn in range(5):
            picture, photo_id = street_picture(turn, taken_at=clock.now()), uuid4()
            announced = {
                "Upload-Length": str(len(picture)),
                "Upload-Metadata": metadata({"photo_id": str(photo_id), "purpose": "before"}),
            }
            first = await phone.post(
                "/v1/uploads", headers={**STREAM, **announced}, content=picture[: len(picture) // 2]
            )
            assert first.status_code == 201
            rest = {**STREAM, "Upload-Offset": first.headers["upload-offset"]}
            last = asyncio.create_task(
                phone.patch(url(photo_id), headers=rest, content=picture[len(picture) // 2 :])
            )
            await asyncio.sleep(turn * 0.03)
            await api.kill()
            is_told = not isinstance((await asyncio.gather(last, return_exceptions=True))[0], BaseException)
            await api.start()
            stands = int((await phone.head(url(photo_id), headers=TUS)).headers["upload-offset"])
            folders = (await kept(house.database, house.wiring.files)).folders
            assert (stands == len(picture)) == (photo_id in folders)
            assert not is_told or photo_id in folders
            again = await put_photo(phone, photo_id, picture)
            assert again.status_code in {200, 201}
