"""Requests of uploads that come at once: one is taken, the others learn where it stands, and nobody waits."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from api.domain.photos import Variant, key_in
from api.domain.uploads import PART_BYTES
from api.models import Upload, UploadPart
from api.services.uploads import purge_uploads
from tests.conftest import MONDAY_MORNING, House
from tests.example_photos import kept, put_photo, street_picture
from tests.example_uploads import TUS, begin, begun, offset_of, send, url

AT_ONCE = 12
PICTURE = street_picture(taken_at=MONDAY_MORNING)
HALF = len(PICTURE) // 2


@pytest.fixture
async def officer(house: House) -> httpx.AsyncClient:
    return await house.caller("officer01")


async def uncounted_files(house: House) -> set[str]:
    """Return the files of uploads that no row names."""
    async with house.database.read() as session:
        named = set((await session.execute(select(col(UploadPart.file_key)))).scalars())
    return {file.key async for file in house.wiring.files.files("uploads")} - named


async def test_begun_many_times_at_once_it_is_one_upload(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = uuid4()
    answers = await asyncio.gather(*(begin(officer, photo_id, len(PICTURE)) for _ in range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]
    async with house.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Upload))).scalar_one() == 1


async def test_of_two_people_who_begin_at_once_with_one_id_one_wins(
    house: House, officer: httpx.AsyncClient
) -> None:
    colleague, photo_id = await house.caller("officer02"), uuid4()
    answers = await asyncio.gather(*(begin(one, photo_id, len(PICTURE)) for one in (officer, colleague)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_many_that_begin_at_once_do_not_get_past_the_quota(officer: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(begin(officer, uuid4(), 25_000_000) for _ in range(30)))
    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [409] * 10


async def test_of_the_same_bytes_sent_many_times_at_once_one_is_counted(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    answers = await asyncio.gather(*(send(officer, photo_id, 0, PICTURE[:HALF]) for _ in range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [204] + [409] * (AT_ONCE - 1)
    assert {answer.headers["upload-offset"] for answer in answers} == {str(HALF)}
    assert await uncounted_files(house) == set()
    assert (await send(officer, photo_id, HALF, PICTURE[HALF:])).status_code == 204


async def test_the_last_bytes_sent_many_times_at_once_are_one_photo(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    await send(officer, photo_id, 0, PICTURE[:HALF])
    answers = await asyncio.gather(*(send(officer, photo_id, HALF, PICTURE[HALF:]) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} <= {204, 409}
    assert {answer.headers["upload-offset"] for answer in answers} == {str(len(PICTURE))}
    now = await kept(house.database, house.wiring.files)
    assert now.keys == now.needed()
    assert await house.wiring.files.get(key_in(now.folders[photo_id], Variant.ORIGINAL)) == PICTURE


async def test_a_photo_that_comes_both_ways_at_once_is_one_photo(
    house: House, officer: httpx.AsyncClient
) -> None:
    for _ in range(5):
        photo_id = uuid4()
        await begun(officer, photo_id, len(PICTURE))
        await send(officer, photo_id, 0, PICTURE[:HALF])
        whole, last = await asyncio.gather(
            put_photo(officer, photo_id, PICTURE), send(officer, photo_id, HALF, PICTURE[HALF:])
        )
        assert whole.status_code in {200, 201}
        assert last.status_code in {204, 409}
        assert await offset_of(officer, photo_id) == len(PICTURE)
    now = await kept(house.database, house.wiring.files)
    assert now.keys - {key for key in now.keys if key.startswith("uploads/")} == now.needed()


async def test_an_old_request_that_still_stands_open_blocks_nobody_and_learns_that_it_is_late(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id, is_done = uuid4(), asyncio.Event()
    data = PICTURE * (3 * PART_BYTES // len(PICTURE) + 1)
    await begun(officer, photo_id, len(data) + len(PICTURE))

    async def hangs() -> AsyncIterator[bytes]:
        yield data[:1000]
        await is_done.wait()
        yield data[1000:]

    old = asyncio.create_task(send(officer, photo_id, 0, hangs()))
    await asyncio.sleep(0.3)
    answer = await send(officer, photo_id, 0, data)
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(data)))
    is_done.set()
    late = await old
    assert (late.status_code, late.headers["upload-offset"]) == (409, str(len(data)))
    assert await uncounted_files(house) == set()


async def test_slow_senders_hold_no_connection(officer: httpx.AsyncClient) -> None:
    ids, is_done = [uuid4() for _ in range(60)], asyncio.Event()  # three times the pool

    async def hangs() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await is_done.wait()

    for photo_id in ids:
        await begun(officer, photo_id, 10_000)
    slow = [asyncio.create_task(send(officer, photo_id, 0, hangs())) for photo_id in ids]
    await asyncio.sleep(1)
    async with asyncio.timeout(5):
        assert (await officer.get("/v1/me")).status_code == 200
    is_done.set()
    assert {answer.status_code for answer in await asyncio.gather(*slow)} == {204}


async def test_what_is_given_up_or_purged_while_bytes_come_is_gone(
    house: House, officer: httpx.AsyncClient
) -> None:
    for _ in range(5):
        photo_id = uuid4()
        await begun(officer, photo_id, len(PICTURE))
        sent, gone, _ = await asyncio.gather(
            send(officer, photo_id, 0, PICTURE[:HALF]),
            officer.delete(url(photo_id), headers=TUS),
            purge_uploads(house.database, house.wiring.files, house.clock.now),
        )
        assert gone.status_code == 204
        assert sent.status_code in {204, 404}
        assert await offset_of(officer, photo_id) is None
    assert [file.key async for file in house.wiring.files.files("uploads")] == []


async def test_purges_beside_each_other_remove_each_upload_once(
    house: House, officer: httpx.AsyncClient
) -> None:
    for _ in range(10):
        photo_id = uuid4()
        await begun(officer, photo_id, len(PICTURE))
        await send(officer, photo_id, 0, PICTURE[:10])
    house.clock.turn(hours=48)
    files, database = house.wiring.files, house.database
    purged = await asyncio.gather(*(purge_uploads(database, files, house.clock.now) for _ in range(3)))
    assert sum(purged) == 10
    assert [file.key async for file in files.files("uploads")] == []
