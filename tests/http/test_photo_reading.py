"""Who is sent a photo, in which form, and what is noted of it."""

import hashlib
import logging
from io import BytesIO
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image
from sqlalchemy import select
from sqlmodel import col

from api.domain.photos import Variant, key_in
from api.models import OriginalReading, Person
from api.queries.photos import find_photo
from tests.adapters.picture_files import (
    encoded,
    exif_block,
    quarters,
)
from tests.conftest import MONDAY_MORNING, House
from tests.example_photos import (
    assert_problem,
    put_photo,
    report_body,
    stored,
    street_picture,
    url,
)

PICTURE = street_picture(taken_at=MONDAY_MORNING)
YEAR = "private, max-age=31536000, immutable"


@pytest.fixture
async def officer(house: House) -> httpx.AsyncClient:
    return await house.caller("officer01")


@pytest.fixture
async def dispatcher(house: House) -> httpx.AsyncClient:
    return await house.caller("dispatcher")


async def test_copies_are_upright_small_and_without_metadata(officer: httpx.AsyncClient) -> None:
    lying = encoded(quarters(900, 500), "JPEG", exif=exif_block({0x0112: 6, 0x010F: "Huawei"}))
    photo_id = uuid4()
    told = (await put_photo(officer, photo_id, lying)).json()
    assert (told["width"], told["height"]) == (500, 900)
    for variant, size in (("thumb", (178, 320)), ("screen", (500, 900))):
        answer = await officer.get(url(photo_id, variant))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-length"] == str(len(answer.content))
        assert answer.headers["cache-control"] == YEAR
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"] == f'inline; filename="{photo_id}-{variant}.jpg"'
        assert b"Huawei" not in answer.content
        with Image.open(BytesIO(answer.content)) as picture:
            assert picture.size == size
            assert not picture.getexif()
    assert (await officer.get(url(photo_id))).content == (await officer.get(url(photo_id, "screen"))).content


async def test_who_has_a_picture_is_not_sent_it_again(officer: httpx.AsyncClient) -> None:
    photo_id = await stored(officer, PICTURE)
    tags = {
        variant: (await officer.get(url(photo_id, variant))).headers["etag"]
        for variant in ("thumb", "screen")
    }
    assert tags["thumb"] == f'"{hashlib.sha256(PICTURE).hexdigest()}-thumb"'
    assert tags["thumb"] != tags["screen"]
    for wish in (tags["thumb"], f"W/{tags['thumb']}", f'"x", {tags["thumb"]}', "*"):
        answer = await officer.get(url(photo_id, "thumb"), headers={"If-None-Match": wish})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tags["thumb"]
        assert answer.headers["cache-control"] == YEAR
    other = await officer.get(url(photo_id, "thumb"), headers={"If-None-Match": tags["screen"]})
    assert other.status_code == 200


async def test_head_tells_the_same_without_the_picture(officer: httpx.AsyncClient) -> None:
    photo_id = await stored(officer, PICTURE)
    head, get = await officer.head(url(photo_id, "thumb")), await officer.get(url(photo_id, "thumb"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers
    assert (await officer.head(url(uuid4()))).status_code == 404


async def test_an_unknown_variant_is_refused_with_the_known_ones(officer: httpx.AsyncClient) -> None:
    for variant in ("poster", "", "THUMB", "thumb\x00", "../original"):
        answer = await officer.get(url(uuid4()), params={"variant": variant})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/query/variant"
        assert all(f"'{known}'" in error["detail"] for known in Variant)


async def test_a_photo_without_a_ticket_is_its_takers_alone(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = await stored(officer, PICTURE)
    assert (await officer.get(url(photo_id))).status_code == 200
    for username in ("officer02", "dispatcher", "supervisor", "admin", "lead-cityscape"):
        other = await house.caller(username)
        for target in (photo_id, uuid4()):
            assert_problem(await other.get(url(target)), 404, "not_found")


async def test_whoever_sees_the_ticket_sees_its_photos(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = await stored(officer, PICTURE)
    await officer.put(f"/v1/reports/{uuid4()}", json=report_body(photo_id))
    for username, status in {
        "officer01": 200,
        "dispatcher": 200,
        "supervisor": 200,
        "admin": 200,
        "lead-cityscape": 200,
        "member-cityscape": 200,
        "lead-water": 404,
        "officer32": 404,
    }.items():
        client = await house.caller(username)
        assert (await client.get(url(photo_id, "thumb"))).status_code == status, username
    async with house.client() as stranger:
        assert (await stranger.get(url(photo_id, "thumb"))).status_code == 401


async def readings(house: House) -> list[tuple[UUID, str]]:
    async with house.database.read() as session:
        statement = (
            select(col(OriginalReading.photo_id), col(Person.username))
            .join(Person, col(Person.id) == col(OriginalReading.person_id))
            .order_by(col(OriginalReading.id))
        )
        return [(row.photo_id, row.username) for row in await session.execute(statement)]


async def test_the_original_is_for_the_desk_and_each_reading_is_logged(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = await stored(officer, PICTURE)
    await officer.put(f"/v1/reports/{uuid4()}", json=report_body(photo_id))
    for username in ("officer01", "lead-cityscape", "member-cityscape"):
        client = await house.caller(username)
        assert_problem(await client.get(url(photo_id, "original")), 403, "role_not_allowed")
    stranger = await house.caller("officer32")
    assert_problem(await stranger.get(url(photo_id, "original")), 404, "not_found")
    assert await readings(house) == []
    expected: list[tuple[UUID, str]] = []
    for username in ("dispatcher", "supervisor", "admin", "dispatcher"):
        answer = await (await house.caller(username)).get(url(photo_id, "original"))
        assert (answer.status_code, answer.content) == (200, PICTURE)
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["content-disposition"].endswith('-original.jpg"')
        expected.append((photo_id, username))
        assert await readings(house) == expected


async def test_a_look_that_carries_no_bytes_is_no_reading(
    house: House, officer: httpx.AsyncClient, dispatcher: httpx.AsyncClient
) -> None:
    photo_id = await stored(officer, PICTURE)
    await officer.put(f"/v1/reports/{uuid4()}", json=report_body(photo_id))
    head = await dispatcher.head(url(photo_id, "original"))
    assert head.headers["content-length"] == str(len(PICTURE))
    answer = await dispatcher.get(url(photo_id, "original"), headers={"If-None-Match": head.headers["etag"]})
    assert answer.status_code == 304
    await dispatcher.get(url(photo_id, "thumb"))
    assert await readings(house) == []


async def test_a_file_that_was_lost_is_a_problem_with_a_name_and_news_for_the_operator(
    house: House,
    officer: httpx.AsyncClient,
    dispatcher: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    photo_id = await stored(officer, PICTURE)
    await officer.put(f"/v1/reports/{uuid4()}", json=report_body(photo_id))
    async with house.database.read() as session:
        photo = await find_photo(session, photo_id)
    assert photo is not None
    await house.wiring.files.delete(key_in(photo.file_key, Variant.ORIGINAL))
    with caplog.at_level(logging.ERROR):
        assert_problem(await dispatcher.get(url(photo_id, "original")), 404, "file_missing")
    assert str(photo_id) in caplog.text
    assert (await dispatcher.get(url(photo_id, "thumb"))).status_code == 200
    assert await readings(house) == []
