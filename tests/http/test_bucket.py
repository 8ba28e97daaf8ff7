"""Photos and uploads on a server that speaks S3: the same promises as in a folder."""

from datetime import timedelta
from uuid import uuid4

import pytest

from api import clock
from api.domain.photos import Variant, key_in
from api.domain.uploads import PART_BYTES
from api.services.uploads import purge_uploads, sweep_orphan_parts
from api.settings import Settings
from tests.bucket_server import BucketServer
from tests.conftest import MONDAY_MORNING, opened_house
from tests.example_photos import assert_problem, kept, put_photo, report_body, street_picture
from tests.example_uploads import begin, begun, offset_of, send

PICTURE = street_picture(taken_at=MONDAY_MORNING - timedelta(minutes=1))
HALF = len(PICTURE) // 2


@pytest.fixture
def on_bucket(settings: Settings, bucket: str) -> Settings:
    return settings.model_copy(update={"files_url": bucket})


async def test_photos_are_put_and_got_and_a_report_gets_its_own(on_bucket: Settings) -> None:
    async with opened_house(on_bucket) as house:
        officer, photo_id, report_id = await house.caller("officer01"), uuid4(), uuid4()
        await officer.put(f"/v1/reports/{report_id}", json=report_body(photo_id))
        for status in (201, 200):
            assert (await put_photo(officer, photo_id, PICTURE)).status_code == status
        assert (await officer.get(f"/v1/tickets/{report_id}")).json()["state"] == "assigned"
        dispatcher = await house.caller("dispatcher")
        answer = await dispatcher.get(f"/v1/photos/{photo_id}?variant=original")
        assert answer.content == PICTURE
        now = await kept(house.database, house.wiring.files)
        assert now.keys == now.needed()


async def test_an_upload_in_pieces_is_the_photo_byte_for_byte(on_bucket: Settings) -> None:
    async with opened_house(on_bucket) as house:
        officer, photo_id = await house.caller("officer01"), uuid4()
        await begun(officer, photo_id, len(PICTURE))
        for offset in (0, 10, 11, 500):
            end = {0: 10, 10: 11, 11: 500, 500: HALF}[offset]
            assert (await send(officer, photo_id, offset, PICTURE[offset:end])).status_code == 204
        assert (await send(officer, photo_id, HALF, PICTURE[HALF:])).status_code == 204
        now = await kept(house.database, house.wiring.files)
        original = await house.wiring.files.get(key_in(now.folders[photo_id], Variant.ORIGINAL))
        assert original == PICTURE
        assert now.keys == now.needed()


async def test_what_is_not_finished_is_removed_and_orphans_are_swept(on_bucket: Settings) -> None:
    async with opened_house(on_bucket) as house:
        officer, files = await house.caller("officer01"), house.wiring.files
        photo_id = uuid4()
        await begun(officer, photo_id, 3 * PART_BYTES)
        await send(officer, photo_id, 0, b"x" * (2 * PART_BYTES))
        await files.put(f"uploads/{photo_id}/0-0000000000000000", b"of a request that was killed")
        later = clock.now() + timedelta(hours=25)
        assert await sweep_orphan_parts(house.database, files, later) == 1
        assert await offset_of(officer, photo_id) == 2 * PART_BYTES
        house.clock.turn(hours=49)
        assert await purge_uploads(house.database, files, house.clock.now) == 1
        assert [file.key async for file in files.files()] == []


async def test_while_the_store_is_away_phones_are_told_to_wait_and_lose_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = BucketServer()
    server.start()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    try:
        away = settings.model_copy(update={"files_url": server.bucket("photos-away")})
        async with opened_house(away) as house:
            officer, photo_id, other = await house.caller("officer01"), uuid4(), uuid4()
            assert (await begin(officer, photo_id, len(PICTURE))).status_code == 201
            server.kill()
            for answer in (
                await send(officer, photo_id, 0, PICTURE[:HALF]),
                await send(officer, photo_id, 0, PICTURE),
                await put_photo(officer, other, PICTURE),
            ):
                assert_problem(answer, 503, "busy")
                assert answer.headers["retry-after"] == "2"
            assert await offset_of(officer, photo_id) == 0
            server.start()
            server.bucket("photos-away")
            assert (await send(officer, photo_id, 0, PICTURE)).status_code == 204
            assert (await put_photo(officer, other, PICTURE)).status_code == 201
    finally:
        server.kill()
