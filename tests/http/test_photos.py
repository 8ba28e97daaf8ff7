"""Photos as phones send them and desks fetch them."""

import hashlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image
from sqlalchemy import select
from sqlmodel import col

from api.domain.photos import Variant, key_in
from api.models import OriginalReading, Person
from api.queries.photos import find_photo
from api.schemas.photos import PHOTO_FORM, PhotoFields
from api.settings import Settings
from tests.adapters.picture_files import (
    MEDIA_TYPES,
    encoded,
    exif_block,
    noise,
    png_chunk,
    png_header,
    png_with,
    quarters,
)
from tests.conftest import MONDAY_MORNING, House
from tests.example_photos import LATITUDE, LONGITUDE, kept, put_photo, report_body, street_picture

MINUTE = timedelta(minutes=1)
PICTURE = street_picture(taken_at=MONDAY_MORNING - MINUTE)
YEAR = "private, max-age=31536000, immutable"


@pytest.fixture
def settings(street_url: str, tmp_path: Path) -> Settings:
    """Return settings with small limits, so that too large is quickly made."""
    return Settings(
        demo=True, database_url=street_url, home=tmp_path, max_upload_bytes=200_000, max_megapixels=1
    )


@pytest.fixture
async def officer(house: House) -> httpx.AsyncClient:
    return await house.caller("officer01")


@pytest.fixture
async def dispatcher(house: House) -> httpx.AsyncClient:
    return await house.caller("dispatcher")


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def assert_nothing_stored(house: House) -> None:
    now = await kept(house.database, house.wiring.files)
    assert now.folders == {}
    assert now.keys == set()
    assert list((house.wiring.settings.home / "files" / ".partial").iterdir()) == []


def url(photo_id: UUID, variant: str | None = None) -> str:
    return f"/v1/photos/{photo_id}" + (f"?variant={variant}" if variant else "")


async def stored(client: httpx.AsyncClient, data: bytes = PICTURE, **fields: str) -> UUID:
    photo_id = uuid4()
    answer = await put_photo(client, photo_id, data, fields=fields)
    assert answer.status_code == 201, answer.text
    return photo_id


# Storing.


async def test_a_photo_is_stored_and_told_back_with_what_its_file_says(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    answer = await put_photo(officer, photo_id, PICTURE)
    assert answer.status_code == 201
    told = answer.json()
    place = told.pop("place")
    assert place["crs"] == "wgs84"
    assert (place["longitude"], place["latitude"]) == pytest.approx((LONGITUDE, LATITUDE), abs=1e-5)
    assert told == {
        "id": str(photo_id),
        "sha256": hashlib.sha256(PICTURE).hexdigest(),
        "width": 800,
        "height": 600,
        "media_type": "image/jpeg",
        "size_bytes": len(PICTURE),
        "purpose": "before",
        "taken_at": "2026-11-23T01:29:00Z",
        "captured_at": None,
        "captured_place": None,
        "ticket_id": None,
        "signals": [],
    }
    now = await kept(house.database, house.wiring.files)
    assert now.keys == now.needed()
    assert await house.wiring.files.get(key_in(now.folders[photo_id], Variant.ORIGINAL)) == PICTURE


async def test_all_four_kinds_of_picture_are_taken(officer: httpx.AsyncClient) -> None:
    for kind, media_type in MEDIA_TYPES.items():
        data = encoded(quarters(640, 400), kind)
        for declared in (media_type, "application/octet-stream"):
            answer = await put_photo(officer, uuid4(), data, media_type=declared)
            assert answer.status_code == 201, answer.text
            told = answer.json()
            assert (told["media_type"], told["width"], told["height"]) == (media_type, 640, 400)
            assert (told["taken_at"], told["place"]) == (None, None)


async def test_what_the_phone_says_is_kept_beside_what_the_file_says(officer: httpx.AsyncClient) -> None:
    gcj02 = {"longitude": "116.41024449916938", "latitude": "39.91640428150164", "crs": "gcj02"}
    fields = {"captured_at": "2026-11-23T09:29:30+08:00", "purpose": "after", **gcj02}
    told = (await put_photo(officer, uuid4(), PICTURE, fields=fields)).json()
    assert told["purpose"] == "after"
    assert told["captured_at"] == "2026-11-23T01:29:30Z"
    place = told["captured_place"]
    assert place["crs"] == "wgs84"
    assert (place["longitude"], place["latitude"]) == pytest.approx((116.404, 39.915), abs=1e-6)


async def test_the_same_photo_again_gets_the_same_answer(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = uuid4()
    place = {"longitude": "116.404", "latitude": "39.915", "crs": "wgs84"}
    first = await put_photo(
        officer, photo_id, PICTURE, fields={"captured_at": "2026-11-23T09:29:30+08:00", **place}
    )
    before = await kept(house.database, house.wiring.files)
    house.clock.turn(hours=3)
    again = await put_photo(
        officer, photo_id, PICTURE, fields={"captured_at": "2026-11-23T01:29:30Z", **place}
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert await kept(house.database, house.wiring.files) == before


async def test_another_photo_under_the_same_id_is_refused(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = await stored(officer)
    before = await kept(house.database, house.wiring.files)
    place = {"longitude": "116.404", "latitude": "39.915", "crs": "wgs84"}
    other = street_picture(2, taken_at=MONDAY_MORNING)
    changed: list[tuple[bytes, dict[str, str]]] = [
        (other, {}),
        (b"no picture at all", {}),
        (PICTURE, {"purpose": "after"}),
        (PICTURE, {"captured_at": "2026-11-23T09:29:30+08:00"}),
        (PICTURE, place),
    ]
    for data, fields in changed:
        assert_problem(await put_photo(officer, photo_id, data, fields=fields), 409, "id_taken")
    colleague = await house.caller("officer02")
    assert_problem(await put_photo(colleague, photo_id, PICTURE), 409, "id_taken")
    assert await kept(house.database, house.wiring.files) == before


# Refusing. Nothing may be left of what was refused.

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
        assert_problem(answer, 422, "not_multipart")
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


# Signals.


async def test_the_same_file_under_another_id_is_taken_and_marked(
    house: House, officer: httpx.AsyncClient
) -> None:
    await stored(officer)
    colleague = await house.caller("officer02")
    chinese = (await put_photo(colleague, uuid4(), PICTURE)).json()["signals"]
    assert [(signal["code"], signal["weight"]) for signal in chinese] == [("file_seen_before", 0.9)]
    colleague.headers["Accept-Language"] = "en"
    english = (await put_photo(colleague, uuid4(), PICTURE)).json()["signals"]
    assert (chinese[0]["explanation"], english[0]["explanation"]) == (
        "同一文件此前已上传过。",
        "The very same file was uploaded before.",
    )


async def test_an_edited_photo_from_the_future_is_taken_and_marked(officer: httpx.AsyncClient) -> None:
    exif = exif_block({0x0131: "Snapseed 2.21"}, {0x9003: "2026:11:24 08:00:00"})
    data = encoded(quarters(), "JPEG", exif=exif)
    signals = (await put_photo(officer, uuid4(), data)).json()["signals"]
    assert [signal["code"] for signal in signals] == ["editing_software_named", "taken_in_future"]


# Reports and their photos.


async def test_a_photo_that_came_first_belongs_to_the_ticket_of_the_report(
    officer: httpx.AsyncClient,
) -> None:
    photo_id, report_id = await stored(officer), uuid4()
    ticket = (await officer.put(f"/v1/reports/{report_id}", json=report_body(photo_id))).json()["ticket"]
    assert ticket["state"] == "assigned"
    assert [photo["id"] for photo in ticket["photos"]] == [str(photo_id)]
    again = await put_photo(officer, photo_id, PICTURE)
    assert (again.status_code, again.json()["ticket_id"]) == (200, ticket["id"])


async def test_the_last_photo_that_a_report_waits_for_gets_it_filed_and_dispatched(
    officer: httpx.AsyncClient,
) -> None:
    first, last, report_id = uuid4(), uuid4(), uuid4()
    filed = (await officer.put(f"/v1/reports/{report_id}", json=report_body(first, last))).json()
    assert (filed["ticket"]["state"], filed["ticket"]["triage"]["code"]) == ("reported", "photos_awaited")
    for photo_id, state in ((first, "reported"), (last, "assigned")):
        seed = 1 if photo_id == first else 2
        answer = await put_photo(officer, photo_id, street_picture(seed, taken_at=MONDAY_MORNING))
        assert answer.json()["ticket_id"] == filed["ticket"]["id"]
        ticket = (await officer.get(f"/v1/tickets/{filed['ticket']['id']}")).json()
        assert ticket["state"] == state
    assert ticket["triage"] is None
    assert ticket["unit"]["code"] == "cityscape"
    assert ticket["due_at"] is not None
    assert {photo["id"] for photo in ticket["photos"]} == {str(first), str(last)}


async def test_a_photo_that_two_reports_wait_for_goes_to_the_first(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    tickets: list[str] = []
    for _ in range(2):
        answer = await officer.put(f"/v1/reports/{uuid4()}", json=report_body(photo_id))
        tickets.append(answer.json()["ticket"]["id"])
        house.clock.turn(seconds=1)
    answer = await put_photo(officer, photo_id, PICTURE)
    assert (answer.status_code, answer.json()["ticket_id"]) == (201, tickets[0])
    states = [(await officer.get(f"/v1/tickets/{ticket}")).json()["state"] for ticket in tickets]
    assert states == ["assigned", "reported"]


async def test_somebody_elses_photo_is_not_what_a_report_waits_for(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id, report_id = uuid4(), uuid4()
    await officer.put(f"/v1/reports/{report_id}", json=report_body(photo_id))
    colleague = await house.caller("officer02")
    answer = await put_photo(colleague, photo_id, PICTURE)
    assert (answer.status_code, answer.json()["ticket_id"]) == (201, None)
    assert (await officer.get(f"/v1/tickets/{report_id}")).json()["state"] == "reported"


async def test_the_ticket_of_an_upload_that_began_before_its_report_has_its_steps_in_order(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id, report_id = uuid4(), uuid4()
    await officer.put(f"/v1/reports/{report_id}", json=report_body(photo_id))
    house.clock.turn(seconds=-30)
    assert (await put_photo(officer, photo_id, PICTURE)).status_code == 201
    history = (await officer.get(f"/v1/tickets/{report_id}/history?verify=true")).json()
    instants = [event["at"] for event in history["items"]]
    assert len(instants) == 3
    assert instants == sorted(instants)
    assert history["verified"] is True


# Fetching.


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
    photo_id = await stored(officer)
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
    photo_id = await stored(officer)
    head, get = await officer.head(url(photo_id, "thumb")), await officer.get(url(photo_id, "thumb"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers
    assert (await officer.head(url(uuid4()))).status_code == 404


async def test_an_unknown_variant_is_refused_with_the_known_ones(officer: httpx.AsyncClient) -> None:
    for variant in ("watermarked", "", "THUMB", "thumb\x00", "../original"):
        answer = await officer.get(url(uuid4()), params={"variant": variant})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/query/variant"
        assert all(f"'{known}'" in error["detail"] for known in Variant)


async def test_a_photo_without_a_ticket_is_its_takers_alone(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = await stored(officer)
    assert (await officer.get(url(photo_id))).status_code == 200
    for username in ("officer02", "dispatcher", "supervisor", "admin", "lead-cityscape"):
        other = await house.caller(username)
        for target in (photo_id, uuid4()):
            assert_problem(await other.get(url(target)), 404, "not_found")


async def test_whoever_sees_the_ticket_sees_its_photos(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = await stored(officer)
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
    photo_id = await stored(officer)
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
    photo_id = await stored(officer)
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
    photo_id = await stored(officer)
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


async def test_an_upload_holds_no_connection_while_its_bytes_come(
    house: House, officer: httpx.AsyncClient
) -> None:
    """A slow phone must not keep a connection of the pool from others."""
    used: list[int] = []
    form = httpx.Request("PUT", "http://x", files={"file": ("a.jpg", PICTURE)}, data={"purpose": "before"})

    async def slow_body() -> AsyncIterator[bytes]:
        body = form.read()
        for start in range(0, len(body), 10_000):
            used.append(house.database.engine.pool.checkedout())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]  of the pool class in use
            yield body[start : start + 10_000]

    headers = {"Content-Type": form.headers["content-type"]}
    answer = await officer.put(url(uuid4()), content=slow_body(), headers=headers)
    assert answer.status_code == 201
    assert len(used) > 3
    assert set(used) == {0}


async def test_the_time_of_an_upload_is_when_its_last_byte_came(
    house: House, officer: httpx.AsyncClient
) -> None:
    """A photo of nine minutes ago, sent for ten: it was not taken in the future."""
    taken = street_picture(3, taken_at=MONDAY_MORNING + 9 * MINUTE)
    form = httpx.Request("PUT", "http://x", files={"file": ("a.jpg", taken)}, data={"purpose": "before"})

    async def slow_body() -> AsyncIterator[bytes]:
        yield form.read()
        house.clock.turn(minutes=10)

    headers = {"Content-Type": form.headers["content-type"]}
    answer = await officer.put(url(uuid4()), content=slow_body(), headers=headers)
    assert (answer.status_code, answer.json()["signals"]) == (201, [])
