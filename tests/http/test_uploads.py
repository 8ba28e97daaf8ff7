"""Photos in pieces: what a tus client may rely on."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID, uuid4

import httpx
import pytest

from api.domain.photos import Variant, key_in
from api.domain.uploads import PART_BYTES
from api.settings import Settings
from tests.conftest import MONDAY_MORNING, House, opened_house
from tests.example_photos import assert_problem, kept, put_photo, report_body, street_picture
from tests.example_uploads import (
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


async def original(house: House, photo_id: UUID) -> bytes:
    """Return the stored original of a photo."""
    now = await kept(house.database, house.wiring.files)
    return await house.wiring.files.get(key_in(now.folders[photo_id], Variant.ORIGINAL))


async def parts(house: House) -> list[str]:
    """Return the keys under which bytes of unfinished uploads lie."""
    return [file.key async for file in house.wiring.files.files("uploads")]


async def test_a_client_learns_what_is_understood_without_signing_in(house: House) -> None:
    async with house.client() as stranger:
        answer = await stranger.options("/v1/uploads")
    assert answer.status_code == 204
    told = {name: answer.headers[name] for name in answer.headers if name.startswith("tus-")}
    assert told == {
        "tus-resumable": "1.0.0",
        "tus-version": "1.0.0",
        "tus-extension": "creation,creation-with-upload,termination,checksum,expiration",
        "tus-max-size": "26214400",
        "tus-checksum-algorithm": "sha1,sha256",
    }


async def test_a_photo_in_two_pieces_is_the_photo_byte_for_byte(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    made = await begin(officer, photo_id, len(PICTURE), {"filename": "门前.jpg", "filetype": "image/jpeg"})
    assert (made.status_code, made.headers["location"]) == (201, url(photo_id))
    first = await send(officer, photo_id, 0, PICTURE[:HALF])
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(HALF))
    head = await officer.head(url(photo_id), headers=TUS)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == (str(HALF), str(len(PICTURE)))
    assert head.headers["cache-control"] == "no-store"
    assert head.headers["upload-metadata"].startswith("photo_id ")
    last = await send(officer, photo_id, HALF, PICTURE[HALF:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(PICTURE)))
    assert await original(house, photo_id) == PICTURE
    assert await parts(house) == []
    shown = await officer.get(f"/v1/photos/{photo_id}")
    assert shown.status_code == 200


async def test_bytes_may_come_along_with_the_beginning(house: House, officer: httpx.AsyncClient) -> None:
    whole, half = uuid4(), uuid4()
    answer = await begin(officer, whole, len(PICTURE), content=PICTURE)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(PICTURE)))
    assert await original(house, whole) == PICTURE
    answer = await begin(officer, half, len(PICTURE), content=PICTURE[:HALF])
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(HALF))
    # Its answer was lost: begun once more it is the same upload, and what came along is not taken twice.
    again = await begin(officer, half, len(PICTURE), content=PICTURE[:HALF])
    assert (again.status_code, again.headers["upload-offset"]) == (200, str(HALF))


async def test_begun_again_with_the_same_words_in_any_order_it_is_the_same_upload(
    officer: httpx.AsyncClient,
) -> None:
    photo_id = str(uuid4())
    await begun(officer, photo_id, len(PICTURE))
    await send(officer, photo_id, 0, PICTURE[:100])
    headers = {
        **TUS,
        "Upload-Length": str(len(PICTURE)),
        "Upload-Metadata": metadata({"purpose": "before", "photo_id": photo_id}),
    }
    again = await officer.post("/v1/uploads", headers=headers)
    assert (again.status_code, again.headers["upload-offset"]) == (200, "100")
    assert again.headers["location"] == url(photo_id)


@pytest.mark.parametrize(("length", "purpose"), [(len(PICTURE) - 1, "before"), (len(PICTURE), "after")])
async def test_the_same_id_with_other_words_is_refused_before_and_after_the_photo_is_stored(
    officer: httpx.AsyncClient, length: int, purpose: str
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    other = {"purpose": purpose}
    assert_problem(await begin(officer, photo_id, length, other), 409, "id_taken")
    assert (await send(officer, photo_id, 0, PICTURE)).status_code == 204
    assert_problem(await begin(officer, photo_id, length, other), 409, "id_taken")


async def test_what_is_stored_already_is_complete_from_the_beginning(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await put_photo(officer, photo_id, PICTURE)
    answer = await begin(officer, photo_id, len(PICTURE))
    assert (answer.status_code, answer.headers["upload-offset"]) == (200, str(len(PICTURE)))
    assert await offset_of(officer, photo_id) == len(PICTURE)
    refused = await send(officer, photo_id, 0, PICTURE)
    assert_problem(refused, 409, "offset_conflict")
    assert refused.headers["upload-offset"] == str(len(PICTURE))
    nothing = await send(officer, photo_id, len(PICTURE), b"")
    assert (nothing.status_code, nothing.headers["upload-offset"]) == (204, str(len(PICTURE)))
    assert (await kept(house.database, house.wiring.files)).folders.keys() == {photo_id}


async def test_a_photo_that_came_in_pieces_and_comes_again_as_a_form_is_the_same(
    officer: httpx.AsyncClient,
) -> None:
    photo_id = uuid4()
    told = {"captured_at": "2026-11-23T09:20:00+08:00", "longitude": "116.404", "latitude": "39.915"}
    told["crs"] = "gcj02"
    assert (await begin(officer, photo_id, len(PICTURE), told, content=PICTURE)).status_code == 201
    answer = await put_photo(officer, photo_id, PICTURE, fields=told)
    assert (answer.status_code, answer.json()["captured_at"]) == (200, "2026-11-23T01:20:00Z")


async def test_a_report_that_waits_for_the_photo_gets_it_with_the_last_byte(
    officer: httpx.AsyncClient,
) -> None:
    report_id, photo_id = uuid4(), uuid4()
    filed = await officer.put(f"/v1/reports/{report_id}", json=report_body(photo_id))
    assert filed.json()["ticket"]["triage"]["code"] == "photos_awaited"
    await begun(officer, photo_id, len(PICTURE))
    await send(officer, photo_id, 0, PICTURE[:-1])
    assert (await officer.get(f"/v1/tickets/{report_id}")).json()["state"] == "reported"
    await send(officer, photo_id, len(PICTURE) - 1, PICTURE[-1:])
    ticket = (await officer.get(f"/v1/tickets/{report_id}")).json()
    assert (ticket["state"], ticket["awaited_photos"]) == ("assigned", [])


async def test_a_ticket_tells_how_far_its_photos_have_come(house: House, officer: httpx.AsyncClient) -> None:
    report_id, begun_id, absent_id = uuid4(), uuid4(), uuid4()
    await officer.put(f"/v1/reports/{report_id}", json=report_body(absent_id, begun_id))
    await begun(officer, begun_id, len(PICTURE))
    await send(officer, begun_id, 0, PICTURE[:1000])
    colleague = await house.caller("officer02")
    await begun(colleague, absent_id, 77)  # somebody else's belongs to no report of hers
    await send(colleague, absent_id, 0, b"x")
    dispatcher = await house.caller("dispatcher")
    awaited = [
        {"id": str(absent_id), "received_bytes": 0, "size_bytes": None},
        {"id": str(begun_id), "received_bytes": 1000, "size_bytes": len(PICTURE)},
    ]
    before = await dispatcher.get(f"/v1/tickets/{report_id}")
    assert before.json()["awaited_photos"] == awaited
    # A dispatcher does not wait for them; the unit sees that they are on their way.
    step = {"action": "file", "version": 1, "condition": 1}
    filed = await dispatcher.post(f"/v1/tickets/{report_id}/steps", json=step)
    assert filed.status_code == 200, filed.text
    unit = await house.caller("member-cityscape")
    assert (await unit.get(f"/v1/tickets/{report_id}")).json()["awaited_photos"] == awaited


async def test_bytes_that_keep_their_promise_are_kept_and_others_are_not(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    garbled = await send(officer, photo_id, 0, b"x" * HALF, checksum(PICTURE[:HALF]))
    assert_problem(garbled, 460, "checksum_mismatch")
    assert (await offset_of(officer, photo_id), await parts(house)) == (0, [])
    first = await send(officer, photo_id, 0, PICTURE[:HALF], checksum(PICTURE[:HALF]))
    assert first.status_code == 204
    garbled = await send(officer, photo_id, HALF, PICTURE[HALF:], checksum(b"x", "sha256"))
    assert_problem(garbled, 460, "checksum_mismatch")
    assert await offset_of(officer, photo_id) == HALF
    last = await send(officer, photo_id, HALF, PICTURE[HALF:], checksum(PICTURE[HALF:], "sha256"))
    assert last.status_code == 204
    assert await original(house, photo_id) == PICTURE


async def test_many_parts_whose_promise_is_broken_leave_nothing(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id, data = uuid4(), b"x" * (3 * PART_BYTES + 5)
    await begun(officer, photo_id, len(data) + 1)
    assert_problem(await send(officer, photo_id, 0, data, checksum(b"y")), 460, "checksum_mismatch")
    assert (await offset_of(officer, photo_id), await parts(house)) == (0, [])
    kept_promise = await send(officer, photo_id, 0, data, checksum(data))
    assert kept_promise.headers["upload-offset"] == str(len(data))
    assert len(await parts(house)) == 4


async def test_tiny_pieces_are_merged(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    for offset in range(150):
        answer = await send(officer, photo_id, offset, PICTURE[offset : offset + 1])
        assert answer.headers["upload-offset"] == str(offset + 1)
        assert len(await parts(house)) <= 9
    assert (await send(officer, photo_id, 150, PICTURE[150:])).status_code == 204
    assert await original(house, photo_id) == PICTURE


async def test_an_upload_that_is_given_up_is_gone_with_its_bytes(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    await send(officer, photo_id, 0, PICTURE[:HALF])
    assert (await officer.delete(url(photo_id), headers=TUS)).status_code == 204
    assert (await offset_of(officer, photo_id), await parts(house)) == (None, [])
    assert_problem(await officer.delete(url(photo_id), headers=TUS), 404, "not_found")
    assert_problem(await send(officer, photo_id, HALF, PICTURE[HALF:]), 404, "not_found")
    assert (await begin(officer, photo_id, len(PICTURE))).status_code == 201


async def test_a_stored_photo_is_not_given_up_with_its_upload(officer: httpx.AsyncClient) -> None:
    photo_id = uuid4()
    await begin(officer, photo_id, len(PICTURE), content=PICTURE)
    assert_problem(await officer.delete(url(photo_id), headers=TUS), 404, "not_found")
    assert (await officer.get(f"/v1/photos/{photo_id}")).status_code == 200


async def test_a_network_without_patch_sends_the_method_as_a_header(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))
    headers = {
        **TUS,
        "X-HTTP-Method-Override": "PATCH",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": "0",
    }
    answer = await officer.post(url(photo_id), headers=headers, content=PICTURE)
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(PICTURE)))
    assert await original(house, photo_id) == PICTURE


async def test_the_length_of_a_piece_need_not_be_known(house: House, officer: httpx.AsyncClient) -> None:
    photo_id = uuid4()
    await begun(officer, photo_id, len(PICTURE))

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(PICTURE), 999):
            yield PICTURE[start : start + 999]

    answer = await send(officer, photo_id, 0, dripping(pieces()))
    assert answer.status_code == 204
    assert await original(house, photo_id) == PICTURE


async def test_an_upload_tells_when_it_expires_and_then_is_gone(
    house: House, officer: httpx.AsyncClient
) -> None:
    photo_id = uuid4()
    made = await begin(officer, photo_id, len(PICTURE))
    expires_at = parsedate_to_datetime(made.headers["upload-expires"])
    assert expires_at == house.clock.now + timedelta(hours=48)
    house.clock.turn(hours=47)
    patched = await send(officer, photo_id, 0, PICTURE[:10])
    assert parsedate_to_datetime(patched.headers["upload-expires"]) == expires_at
    house.clock.turn(hours=1)
    assert await offset_of(officer, photo_id) is None
    assert_problem(await send(officer, photo_id, 10, PICTURE[10:]), 404, "not_found")
    # The phone begins anew, from the first byte; nothing of before is left.
    assert (await begin(officer, photo_id, len(PICTURE))).headers["upload-offset"] == "0"
    assert await parts(house) == []
    assert (await send(officer, photo_id, 0, PICTURE)).status_code == 204


async def test_a_browsers_client_may_send_and_read_what_the_protocol_needs(settings: Settings) -> None:
    origin = {"Origin": "https://desk.example"}
    allowing = settings.model_copy(update={"cors_origins": ("https://desk.example",)})
    async with opened_house(allowing) as house, house.client() as browser:
        for method in ("POST", "PATCH", "HEAD", "DELETE"):
            asked = {
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": "authorization,content-type,tus-resumable,upload-checksum,"
                "upload-length,upload-metadata,upload-offset,client-version,x-http-method-override",
            }
            answer = await browser.options("/v1/uploads", headers={**origin, **asked})
            assert answer.status_code == 200, answer.text
            assert method in answer.headers["access-control-allow-methods"]
        answer = await browser.options("/v1/uploads", headers=origin)
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {"Location", "Upload-Offset", "Upload-Length", "Tus-Resumable", "Upload-Expires"} <= exposed
