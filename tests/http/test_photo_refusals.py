"""Photos that are refused, by name, and nothing is left of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.schemas.photos import PHOTO_FORM, PhotoFields
from api.settings import Settings
from tests.adapters.picture_files import (
    encoded,
    noise,
    png_chunk,
    png_header,
    png_with,
    quarters,
)
from tests.conftest import MONDAY_MORNING, House
from tests.example_photos import assert_problem, kept, put_photo, street_picture, url

PICTURE = street_picture(taken_at=MONDAY_MORNING)


@pytest.fixture
def settings(street_url: str, tmp_path: Path) -> Settings:
    """Return settings with small limits, so that too large is quickly made."""
    return Settings(
        demo=True, database_url=street_url, home=tmp_path, max_upload_bytes=200_000, max_megapixels=1
    )


@pytest.fixture
async def officer(house: House) -> httpx.AsyncClient:
    return await house.caller("officer01")


async def assert_nothing_stored(house: House) -> None:
    now = await kept(house.database, house.wiring.files)
    assert now.folders == {}
    assert now.keys == set()
    assert list((house.wiring.settings.home / "files" / ".partial").iterdir()) == []


WHOLE = encoded(noise(300, 200), "JPEG", quality=60)
FALLEN = bytearray(encoded(noise(90, 90), "PNG"))
FALLEN[len(FALLEN) // 2] ^= 1
NO_PICTURES: dict[str, tuple[bytes, str, int, str]] = {
    "nothing": (b"", "image/jpeg", 422, "not_an_image"),
    "text": ("一张照片".encode(), "image/jpeg", 422, "not_an_image"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "text/html", 422, "not_an_image"),
    "half a JPEG": (WHOLE[: len(WHOLE) // 2], "image/jpeg", 422, "image_truncated"),
    "half a PNG": (encoded(noise(90, 90), "PNG")[:-900], "image/png", 422, "image_truncated"),
    "a GIF": (encoded(quarters(), "GIF"), "image/gif", 415, "image_type_unsupported"),
    "an SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml", 415, "image_type_unsupported"),
    "a PNG called JPEG": (encoded(quarters(), "PNG"), "image/jpeg", 415, "image_type_mismatch"),
    "a JPEG called a page": (WHOLE, "text/html", 415, "image_type_mismatch"),
    "more pixels than are taken": (
        encoded(quarters(1001, 1000), "PNG"),
        "image/png",
        413,
        "image_too_many_pixels",
    ),
    "a picture that claims to be huge": (
        png_header(60_000, 60_000) + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b""),
        "image/png",
        413,
        "image_too_many_pixels",
    ),
    "a moving picture": (
        encoded(quarters(), "WEBP", save_all=True, append_images=[noise(400, 240)]),
        "image/webp",
        422,
        "image_animated",
    ),
    "a flood of chunks": (png_with(*([png_chunk(b"teXt", b"x")] * 5000)), "image/png", 422, "image_bomb"),
    "a PNG with a bit that fell over": (bytes(FALLEN), "image/png", 422, "image_damaged"),
}


async def test_a_bad_picture_is_refused_by_name_and_nothing_is_stored(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    for name, (data, media_type, status, code) in NO_PICTURES.items():
        answer = await put_photo(officer, photo_id, data, media_type=media_type)
        assert (name, answer.status_code, answer.json().get("code")) == (name, status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        await assert_nothing_stored(house)
    assert_problem(await officer.get(url(photo_id)), 404, "not_found")
    assert (await put_photo(officer, photo_id, PICTURE)).status_code == 201


async def test_a_file_with_more_bytes_than_are_taken_is_refused(
    house: House, officer: httpx.AsyncClient
) -> None:
    just = PICTURE + bytes(200_001 - len(PICTURE))
    assert_problem(await put_photo(officer, uuid4(), just), 413, "image_too_large")
    assert_problem(await put_photo(officer, uuid4(), bytes(300_000)), 413, "too_large")
    await assert_nothing_stored(house)


async def test_a_body_without_a_stated_length_is_cut_off_where_it_becomes_too_large(
    house: House, officer: httpx.AsyncClient
) -> None:
    pieces = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal pieces
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        while pieces < 1000:
            pieces += 1
            yield bytes(10_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await officer.put(url(uuid4()), content=endless(), headers=headers)
    assert_problem(answer, 413, "too_large")
    assert pieces < 50
    await assert_nothing_stored(house)


async def test_the_body_of_a_stranger_is_not_even_read(house: House) -> None:
    pieces = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal pieces
        pieces += 1
        yield bytes(10_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for token in (None, "a.b.c"):
        async with house.client(token) as stranger:
            answer = await stranger.put(url(uuid4()), content=body(), headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert pieces == 0


async def test_an_administrator_takes_no_photos(house: House) -> None:
    admin = await house.caller("admin")
    assert_problem(await put_photo(admin, uuid4(), PICTURE), 403, "role_not_allowed")
    await assert_nothing_stored(house)


WRONG_FIELDS: list[tuple[dict[str, str], str, str | None]] = [
    ({"purpose": "selfie"}, "/purpose", "enum"),
    ({"purpose": ""}, "/purpose", "enum"),
    ({"captured_at": "yesterday"}, "/captured_at", None),
    ({"captured_at": "2026-11-23T09:29:30"}, "/captured_at", "timezone_aware"),
    ({"captured_at": "2026-11-23T09:35:01+08:00"}, "/captured_at", "time_in_future"),
    ({"captured_at": "9999-12-31T23:59:59-14:00"}, "/captured_at", "time_in_future"),
    ({"captured_at": "0001-01-01T00:00:00+14:00"}, "/captured_at", "time_too_early"),
    ({"longitude": "116.4", "latitude": "39.9"}, "/crs", "place_incomplete"),
    ({"longitude": "116.4", "crs": "wgs84"}, "/latitude", "place_incomplete"),
    ({"crs": "wgs84"}, "/longitude", "place_incomplete"),
    ({"longitude": "nan", "latitude": "39.9", "crs": "wgs84"}, "/longitude", None),
    ({"longitude": "inf", "latitude": "39.9", "crs": "wgs84"}, "/longitude", None),
    ({"longitude": "181", "latitude": "39.9", "crs": "wgs84"}, "/longitude", None),
    ({"longitude": "116,4", "latitude": "39.9", "crs": "wgs84"}, "/longitude", None),
    ({"longitude": "116.4", "latitude": "39.9", "crs": "mars"}, "/crs", "enum"),
    ({"ticket": "1"}, "/ticket", "extra_forbidden"),
    ({"a/b~c": "1"}, "/a~1b~0c", "extra_forbidden"),
]


async def test_a_wrong_field_is_named_and_nothing_is_stored(house: House, officer: httpx.AsyncClient) -> None:
    for fields, pointer, code in WRONG_FIELDS:
        answer = await put_photo(officer, uuid4(), PICTURE, fields=fields)
        assert (fields, answer.status_code) == (fields, 422)
        (error,) = answer.json()["errors"]
        assert (fields, error["pointer"]) == (fields, pointer)
        assert code in {None, error["code"]}
    await assert_nothing_stored(house)


async def test_a_form_that_is_not_the_forms_is_refused(house: House, officer: httpx.AsyncClient) -> None:
    def file(name: str = "file") -> tuple[str, tuple[str, bytes, str]]:
        return name, ("a.jpg", PICTURE, "image/jpeg")

    def text(name: str, value: str) -> tuple[str, tuple[None, str]]:
        return name, (None, value)

    purpose = text("purpose", "before")
    forms: list[tuple[list[Any], str]] = [
        ([purpose], "/file"),
        ([file()], "/purpose"),
        ([purpose, text("file", "x")], "/file"),
        ([purpose, file(), file()], "/file"),
        ([purpose, purpose, file()], "/purpose"),
        ([purpose, file(), file("file2")], "/file2"),
        ([file(), file("purpose")], "/purpose"),
    ]
    for form, pointer in forms:
        answer = await officer.put(url(uuid4()), files=form)
        assert answer.status_code == 422, (form, answer.text)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    await assert_nothing_stored(house)


async def test_a_body_that_is_no_form_is_refused(house: House, officer: httpx.AsyncClient) -> None:
    target = url(uuid4())
    for answer in (
        await officer.put(target, json={"purpose": "before"}),
        await officer.put(target, data={"purpose": "before"}),
        await officer.put(target, content=PICTURE, headers={"Content-Type": "image/jpeg"}),
        await officer.put(target),
    ):
        assert_problem(answer, 415, "not_multipart")
    for content_type, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"broken"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Dis"),
        ("multipart/form-data; boundary=x", b""),
    ):
        answer = await officer.put(target, content=body, headers={"Content-Type": content_type})
        assert answer.status_code in {400, 422}, (body, answer.text)
    many = [("file", ("a.jpg", b"x", "image/jpeg"))] * 1000
    assert (await officer.put(target, files=many)).status_code == 400
    long = await put_photo(officer, uuid4(), PICTURE, fields={"captured_at": "x" * 2000})
    assert long.status_code == 400
    await assert_nothing_stored(house)


async def test_an_upload_that_breaks_off_leaves_nothing_and_is_no_error_of_ours(
    house: House, officer: httpx.AsyncClient
) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    messages = iter(
        [
            {"type": "http.request", "body": head + PICTURE[:10_000], "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    photo_id, sent = uuid4(), list[Any]()

    async def receive() -> Any:  # noqa: ANN401  an ASGI message
        return next(messages)

    async def send(message: Any) -> None:  # noqa: ANN401  the same
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "PUT",
        "path": url(photo_id),
        "query_string": b"",
        "headers": [
            (b"authorization", officer.headers["authorization"].encode()),
            (b"content-type", b"multipart/form-data; boundary=x"),
        ],
    }
    await house.app(scope, receive, send)
    assert sent[0]["status"] == 422
    await assert_nothing_stored(house)


async def test_an_id_that_is_none_is_refused(officer: httpx.AsyncClient) -> None:
    files = {"file": ("a.jpg", PICTURE, "image/jpeg")}
    answer = await officer.put("/v1/photos/1", files=files, data={"purpose": "before"})
    assert answer.status_code == 422


def test_the_description_has_the_fields_that_are_read() -> None:
    form = PHOTO_FORM["content"]["multipart/form-data"]["schema"]
    assert form["properties"].keys() == {"file"} | PhotoFields.model_fields.keys()
    needed = {name for name, field in PhotoFields.model_fields.items() if field.is_required()}
    assert set(form["required"]) == {"file"} | needed
