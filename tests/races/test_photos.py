"""Photos that arrive together: with themselves, with others, with their report, with a sweep."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api import clock
from api.domain.photos import Variant, folder_for, key_in
from api.services.photos import ORPHAN_AGE, sweep_orphan_files
from tests.conftest import MONDAY_MORNING, House
from tests.example_photos import kept, put_photo, report_body, street_picture

AT_ONCE = 20
ROUNDS = 20
PICTURE = street_picture(taken_at=MONDAY_MORNING)
LONG_AFTER = timedelta(days=2)


@pytest.fixture
async def officer(house: House) -> httpx.AsyncClient:
    return await house.caller("officer01")


async def test_twenty_identical_uploads_at_once_are_one_photo(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    answers = await asyncio.gather(*(put_photo(officer, photo_id, PICTURE) for _ in range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]
    assert all(answer.json() == answers[0].json() for answer in answers)
    now = await kept(house.database, house.wiring.files)
    assert now.folders.keys() == {photo_id}
    assert now.keys == now.needed()


async def test_of_different_photos_at_once_under_one_id_one_wins_and_nothing_stays_of_the_others(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    pictures = [street_picture(seed, taken_at=MONDAY_MORNING) for seed in range(6)]
    answers = await asyncio.gather(*(put_photo(officer, photo_id, picture) for picture in pictures))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"id_taken"}
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 201)
    now = await kept(house.database, house.wiring.files)
    assert now.keys == now.needed()
    original = await house.wiring.files.get(key_in(now.folders[photo_id], Variant.ORIGINAL))
    assert original == pictures[winner]


async def test_of_two_people_at_once_with_one_id_one_wins(house: House, officer: httpx.AsyncClient) -> None:
    colleague, photo_id = await house.caller("officer02"), uuid4()
    answers = await asyncio.gather(*(put_photo(one, photo_id, PICTURE) for one in (officer, colleague)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_one_file_at_once_under_many_ids_is_marked_on_all_but_the_first(
    officer: httpx.AsyncClient,
) -> None:
    answers = await asyncio.gather(*(put_photo(officer, uuid4(), PICTURE) for _ in range(8)))
    marks = sorted(len(answer.json()["signals"]) for answer in answers)
    assert marks == [0] + [1] * 7


async def file(officer: httpx.AsyncClient, report_id: UUID, *photo_ids: UUID) -> httpx.Response:
    return await officer.put(f"/v1/reports/{report_id}", json=report_body(*photo_ids))


async def test_a_report_and_its_photos_at_the_same_moment_never_wait_for_each_other(
    officer: httpx.AsyncClient,
) -> None:
    for number in range(ROUNDS):
        report_id, photo_ids = uuid4(), (uuid4(), uuid4())
        uploads = [
            put_photo(officer, photo_id, street_picture(2 * number + which, taken_at=MONDAY_MORNING))
            for which, photo_id in enumerate(photo_ids)
        ]
        # Decoding takes some ten milliseconds; the report comes at a different point of it in each round.
        report = _later(number * 0.008, file(officer, report_id, *photo_ids))
        answers = await asyncio.gather(*uploads, report)
        assert [answer.status_code for answer in answers] == [201, 201, 201], number
        ticket = (await officer.get(f"/v1/tickets/{report_id}")).json()
        assert (ticket["state"], ticket["triage"]) == ("assigned", None), number
        assert {photo["id"] for photo in ticket["photos"]} == {str(photo_id) for photo_id in photo_ids}
        history = (await officer.get(f"/v1/tickets/{report_id}/history?verify=true")).json()
        assert [event["action"] for event in history["items"]] == ["report", "file", "dispatch"]
        assert history["verified"] is True


async def _later(delay_s: float, request: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    await asyncio.sleep(delay_s)
    return await request


async def test_a_sweep_beside_uploads_takes_orphans_and_nothing_else(
    house: House, officer: httpx.AsyncClient
) -> None:
    """The sweeps run as if in two days, so that to them every finished file is old."""
    files, database = house.wiring.files, house.database
    photo_ids = [uuid4() for _ in range(5)]
    for number, photo_id in enumerate(photo_ids):
        await put_photo(officer, photo_id, street_picture(number, taken_at=MONDAY_MORNING))
        orphan = folder_for(photo_id, "0" * 64, uuid4())
        await files.put(key_in(orphan, Variant.ORIGINAL), b"of an attempt that was killed")
    for _ in range(5):
        await files.put(key_in(folder_for(uuid4(), "0" * 64, uuid4()), Variant.THUMB), b"the same")
    later = clock.now() + LONG_AFTER
    await asyncio.gather(
        *(sweep_orphan_files(database, files, later) for _ in range(2)),
        *(
            put_photo(officer, photo_id, street_picture(number, taken_at=MONDAY_MORNING))
            for number, photo_id in enumerate(photo_ids)
        ),
    )
    now = await kept(database, files)
    assert now.folders.keys() == set(photo_ids)
    assert now.keys == now.needed()
    assert await sweep_orphan_files(database, files, later) == 0


async def test_a_young_file_without_a_row_may_be_an_upload_and_stays(house: House) -> None:
    files, key = house.wiring.files, key_in(folder_for(uuid4(), "0" * 64, uuid4()), Variant.THUMB)
    await files.put(key, b"just written")
    stranger = "photos/README"
    await files.put(stranger, b"not a photo's")
    assert (
        await sweep_orphan_files(house.database, files, clock.now() + ORPHAN_AGE - timedelta(minutes=1)) == 0
    )
    assert (
        await sweep_orphan_files(house.database, files, clock.now() + ORPHAN_AGE + timedelta(minutes=1)) == 1
    )
    assert {file.key async for file in files.files()} == {stranger}


async def test_a_sweep_of_more_files_than_fit_one_question_is_complete(
    house: House, officer: httpx.AsyncClient
) -> None:
    files, photo_id = house.wiring.files, uuid4()
    await put_photo(officer, photo_id, PICTURE)
    for _ in range(1100):
        # Past the store, which would flush each of them to the disk.
        orphan = (
            house.wiring.settings.home
            / "files"
            / key_in(folder_for(uuid4(), "0" * 64, uuid4()), Variant.THUMB)
        )
        orphan.parent.mkdir(parents=True)
        orphan.write_bytes(b"x")
    assert await sweep_orphan_files(house.database, files, clock.now() + LONG_AFTER) == 1100
    now = await kept(house.database, files)
    assert now.folders.keys() == {photo_id}
    assert now.keys == now.needed()
