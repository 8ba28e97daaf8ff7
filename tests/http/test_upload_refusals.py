"""Uploads that are not as they should be: each is answered clearly, and nothing is stored half."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio
import httpx
import pytest
from sqlalchemy import func, select

from api.models import Upload, UploadPart
from api.routers import uploads as router
from tests.adapters.picture_files import encoded, quarters
from tests.conftest import MONDAY_MORNING, House
from tests.example_photos import assert_problem, kept, put_photo, street_picture
from tests.example_uploads import (
    STREAM,
    TUS,
    begin,
    begun,
    checksum,
    dripping,
    metadata,
    offset_of,
    send,
    url,
)

PICTURE = street_picture(taken_at=MONDAY_MORNING - timedelta(minutes=1))
HALF = len(PICTURE) // 2


@pytest.fixture
async def officer(house: House) -> httpx.AsyncClient:
    return await house.caller("officer01")


async def assert_nothing_kept(house: House) -> None:
    """Hold that there is no row and no file of any photo or upload."""
    async with house.database.read() as session:
        for table in (Upload, UploadPart):
            assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 0
    left = await kept(house.database, house.wiring.files)
    assert (left.folders, left.keys) == ({}, set())


async def test_another_version_of_the_protocol_is_refused_with_the_one_that_is_spoken(
    house: House, officer: httpx.AsyncClient
) -> None:
    for version in ("", "0.2.2"):
        for method, path in (("POST", "/v1/uploads"), ("PATCH", url(uuid4())), ("DELETE", url(uuid4()))):
            answer = await officer.request(method, path, headers={**STREAM, "Tus-Resumable": version})
            assert_problem(answer, 412, "tus_version_unsupported")
            assert (answer.headers["tus-version"], answer.headers["tus-resumable"]) == ("1.0.0", "1.0.0")
    await assert_nothing_kept(house)


async def test_every_answer_tells_the_version_problems_included(house: House) -> None:
    async with house.client() as stranger:
        for answer in (
            await stranger.post("/v1/uploads", headers=TUS),
            await stranger.get("/v1/uploads"),
            await stranger.head(url(uuid4()), headers=TUS),
            await stranger.patch(url("none"), headers=TUS),
        ):
            assert answer.headers["tus-resumable"] == "1.0.0", answer.request.method


@pytest.mark.parametrize("length", ["0", "-1", "x", "", "9" * 30])
async def test_a_length_that_is_none_is_refused(officer: httpx.AsyncClient, length: str) -> None:
    header = metadata({"photo_id": str(uuid4()), "purpose": "before"})
    headers = {**TUS, "Upload-Length": length, "Upload-Metadata": header}
    assert_problem(await officer.post("/v1/uploads", headers=headers), 422, "invalid")


async def test_a_length_that_is_to_follow_is_refused(officer: httpx.AsyncClient) -> None:
    header = metadata({"photo_id": str(uuid4()), "purpose": "before"})
    headers = {**TUS, "Upload-Defer-Length": "1", "Upload-Metadata": header}
    assert_problem(await officer.post("/v1/uploads", headers=headers), 422, "invalid")


async def test_more_than_a_photo_may_have_is_refused_at_the_beginning(officer: httpx.AsyncClient) -> None:
    answer = await begin(officer, uuid4(), 25 * 1024 * 1024 + 1)
    assert_problem(answer, 413, "upload_too_large")
    assert answer.json()["length_max"] == 25 * 1024 * 1024


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"photo_id": "1"}, "/header/upload-metadata/photo_id"),
        ({"purpose": "selfie"}, "/header/upload-metadata/purpose"),
        ({"captured_at": "2026-11-23T09:20:00"}, "/header/upload-metadata/captured_at"),
        ({"captured_at": "2026-12-23T09:20:00+08:00"}, "/captured_at"),
        ({"longitude": "116"}, "/latitude"),
        ({"longitude": "116", "latitude": "39", "crs": "mars"}, "/header/upload-metadata/crs"),
        ({"sha256": "x"}, "/header/upload-metadata/sha256"),
        ({"taken_at": "now"}, "/header/upload-metadata/taken_at"),
    ],
)
async def test_metadata_that_do_not_describe_a_photo_are_refused_by_name(
    house: House, officer: httpx.AsyncClient, told: dict[str, str], pointer: str
) -> None:
    answer = await begin(officer, uuid4(), len(PICTURE), told)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    await assert_nothing_kept(house)


@pytest.mark.parametrize("header", ["photo_id", "photo_id !", "photo_id eA==,,", "x" * 5000])
async def test_what_is_no_metadata_is_refused(officer: httpx.AsyncClient, header: str) -> None:
    headers = {**TUS, "Upload-Length": "10", "Upload-Metadata": header}
    answer = await officer.post("/v1/uploads", headers=headers)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("lie", [1, HALF - 1, HALF + 1, 2**53 - 1])
async def test_an_offset_that_lies_is_answered_with_the_true_one(
    officer: httpx.AsyncClient, lie: int
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    await send(officer, photo_id, 0, PICTURE[:HALF])
    answer = await send(officer, photo_id, lie, PICTURE[HALF : HALF + 10])
    assert_problem(answer, 409, "offset_conflict")
    assert (answer.headers["upload-offset"], answer.json()["offset"]) == (str(HALF), HALF)
    assert await offset_of(officer, photo_id) == HALF


@pytest.mark.parametrize("lie", ["-1", "x", "", "9" * 30])
async def test_an_offset_that_is_none_is_refused(officer: httpx.AsyncClient, lie: str) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    answer = await officer.patch(url(photo_id), headers={**STREAM, "Upload-Offset": lie}, content=b"x")
    assert_problem(answer, 422, "invalid")


async def test_bytes_of_another_kind_are_refused(officer: httpx.AsyncClient) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "image/jpeg"}
    assert_problem(
        await officer.patch(url(photo_id), headers=headers, content=PICTURE), 415, "not_offset_stream"
    )
    told = {"Upload-Length": "9", "Upload-Metadata": metadata({"photo_id": str(uuid4()), "purpose": "after"})}
    answer = await officer.post("/v1/uploads", headers={**headers, **told}, content=b"x")
    assert_problem(answer, 415, "not_offset_stream")


async def test_more_bytes_than_announced_are_refused_whether_they_are_told_or_not(
    officer: httpx.AsyncClient,
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, HALF)
    assert_problem(await send(officer, photo_id, 0, PICTURE[: HALF + 1]), 413, "upload_too_large")
    pieces = dripping([PICTURE[:HALF], PICTURE[HALF:]])
    assert_problem(await send(officer, photo_id, 0, pieces), 413, "upload_too_large")
    assert await offset_of(officer, photo_id) == 0
    assert_problem(await send(officer, photo_id, 0, b"x" * (26 * 1024 * 1024)), 413, "too_large")


async def test_a_checksum_that_is_none_is_refused_before_a_byte_is_kept(officer: httpx.AsyncClient) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    for header in ("md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1 x", "sha1"):
        answer = await send(officer, photo_id, 0, PICTURE[:10], {"Upload-Checksum": header})
        assert_problem(answer, 422, "checksum_wrong")
        assert answer.json()["algorithms"] == ["sha1", "sha256"]
    assert await offset_of(officer, photo_id) == 0


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"not a picture at all", 422, "not_an_image"),
        (PICTURE[:-2000], 422, "image_truncated"),
        (encoded(quarters(64, 64), "GIF"), 415, "image_type_unsupported"),
    ],
)
async def test_what_is_refused_as_a_photo_leaves_nothing(
    house: House, officer: httpx.AsyncClient, data: bytes, status: int, code: str
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(data))
    await send(officer, photo_id, 0, data[:10])
    assert_problem(await send(officer, photo_id, 10, data[10:]), status, code)
    assert await offset_of(officer, photo_id) is None
    await assert_nothing_kept(house)


async def test_a_file_that_is_not_the_one_whose_hash_was_told_leaves_nothing(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begin(officer, photo_id, len(PICTURE), {"sha256": "0" * 64})
    assert_problem(await send(officer, photo_id, 0, PICTURE), 460, "checksum_mismatch")
    await assert_nothing_kept(house)


async def test_an_id_that_came_another_way_meanwhile_with_other_bytes_is_taken(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id, other = uuid4(), street_picture(2, taken_at=MONDAY_MORNING)
    await begun(officer, photo_id, len(PICTURE))
    await send(officer, photo_id, 0, PICTURE[:HALF])
    assert (await put_photo(officer, photo_id, other)).status_code == 201
    assert await offset_of(officer, photo_id) == HALF
    assert_problem(await send(officer, photo_id, HALF, PICTURE[HALF:]), 409, "id_taken")
    assert await offset_of(officer, photo_id) == len(other)
    assert [file.key async for file in house.wiring.files.files("uploads")] == []


async def test_an_upload_is_its_persons_alone(house: House, officer: httpx.AsyncClient) -> None:
    photo_id, stored_id = uuid4(), uuid4()
    await begun(officer, photo_id, len(PICTURE))
    await put_photo(officer, stored_id, PICTURE)
    for username in ("officer02", "dispatcher", "lead-cityscape"):
        other = await house.caller(username)
        for one in (photo_id, stored_id):
            assert await offset_of(other, one) is None
            assert_problem(await send(other, one, 0, PICTURE), 404, "not_found")
            assert_problem(await other.delete(url(one), headers=TUS), 404, "not_found")
            assert_problem(await begin(other, one, len(PICTURE)), 409, "id_taken")
    assert await offset_of(officer, photo_id) == 0


async def test_what_nobody_finished_in_time_is_anybodys_id_again(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    house.clock.turn(hours=48)
    assert (await begin(await house.caller("officer02"), photo_id, len(PICTURE))).status_code == 201
    assert await offset_of(officer, photo_id) is None


async def test_uploads_that_are_never_finished_are_bounded_for_each_person(
    house: House, officer: httpx.AsyncClient
) -> None:
    ids = [uuid4() for _ in range(20)]
    for one in ids:
        await begun(officer, one, 25_000_000)
    refused = await begin(officer, uuid4(), 1)
    assert_problem(refused, 409, "too_many_uploads")
    assert refused.json()["open_bytes"] == 500_000_000
    assert (await begin(officer, ids[0], 25_000_000)).status_code == 200  # it is no other one
    assert (await begin(await house.caller("officer02"), uuid4(), 25_000_000)).status_code == 201
    await officer.delete(url(ids[0]), headers=TUS)
    assert (await begin(officer, uuid4(), 25_000_000)).status_code == 201


async def patched(house: House, officer: httpx.AsyncClient, photo_id: UUID, receive: Any, **more: str) -> Any:  # noqa: ANN401  ASGI
    """Send a PATCH as a server would hand it over; return its status."""
    sent = list[Any]()

    async def note(message: Any) -> None:  # noqa: ANN401  an ASGI message
        sent.append(message)

    headers = {**STREAM, "Upload-Offset": "0", **more, "Authorization": officer.headers["authorization"]}
    scope: dict[str, Any] = {
        "type": "http",
        "method": "PATCH",
        "path": url(photo_id),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await house.app(scope, receive, note)
    return sent[0]["status"]


def broken_off(data: bytes) -> Any:  # noqa: ANN401  ASGI
    """Return what a server hands over of a sender who goes away after these bytes."""
    messages = iter([{"type": "http.request", "body": data, "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:  # noqa: ANN401  an ASGI message
        return next(messages)

    return receive


async def test_what_breaks_off_midway_is_kept_as_far_as_it_came(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    assert await patched(house, officer, photo_id, broken_off(PICTURE[:12_345])) == 409
    assert await offset_of(officer, photo_id) == 12_345
    assert (await send(officer, photo_id, 12_345, PICTURE[12_345:])).status_code == 204


async def test_what_breaks_off_midway_under_a_checksum_is_not_kept(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    promise = checksum(PICTURE[:20_000])
    assert await patched(house, officer, photo_id, broken_off(PICTURE[:12_345]), **promise) == 409
    assert await offset_of(officer, photo_id) == 0


async def test_a_sender_who_stands_still_is_given_up_and_holds_nobody_up(
    officer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "IDLE_S", 0.2)
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))

    async def stands_still() -> AsyncIterator[bytes]:
        yield PICTURE[:500]
        await anyio.sleep(30)

    answer = await send(officer, photo_id, 0, stands_still())
    assert_problem(answer, 409, "offset_conflict")
    assert answer.headers["upload-offset"] == "500"
    assert await offset_of(officer, photo_id) == 500


async def test_bytes_that_the_store_has_lost_end_the_upload_with_a_sentence(
    house: House, officer: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    await send(officer, photo_id, 0, PICTURE[:HALF])
    async for file in house.wiring.files.files("uploads"):
        await house.wiring.files.delete(file.key)
    assert_problem(await send(officer, photo_id, HALF, PICTURE[HALF:]), 404, "file_missing")
    assert str(photo_id) in caplog.text
    await assert_nothing_kept(house)
