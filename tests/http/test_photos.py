"""Photos as phones send them, and the reports that they belong to."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from api.domain.photos import Variant, key_in
from tests.adapters.picture_files import (
    MEDIA_TYPES,
    encoded,
    exif_block,
    quarters,
)
from tests.conftest import MONDAY_MORNING, House
from tests.example_photos import (
    LATITUDE,
    LONGITUDE,
    assert_problem,
    kept,
    put_photo,
    report_body,
    stored,
    street_picture,
    url,
)

MINUTE = timedelta(minutes=1)
PICTURE = street_picture(taken_at=MONDAY_MORNING - MINUTE)


@pytest.fixture
async def officer(house: House) -> httpx.AsyncClient:
    return await house.caller("officer01")


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
    photo_id = await stored(officer, PICTURE)
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


# Signals.


async def test_the_same_file_under_another_id_is_taken_and_marked(
    house: House, officer: httpx.AsyncClient
) -> None:
    await stored(officer, PICTURE)
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
    photo_id, report_id = await stored(officer, PICTURE), uuid4()
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
