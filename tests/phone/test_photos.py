"""Photos arrive whole, in pieces, wherever the network cuts."""

import base64
import hashlib

import httpx
import pytest

from gridphone import Phone, uploads
from gridphone.outbox import OutboxItem
from tests.phone.network import Fault, Street, stall, states

OFFICER, MEMBER = "officer01", "member-cityscape"


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make several pieces of a test's small pictures."""
    monkeypatch.setattr(uploads, "PIECE_BYTES", 20_000)
    monkeypatch.setattr(uploads, "SMALLEST_BYTES", 5_000)


def photo_of(phone: Phone) -> OutboxItem:
    (photo,) = (item for item in phone.items() if item.kind == "photo")
    return photo


def refused(status: int, code: str) -> httpx.Response:
    return httpx.Response(
        status,
        json={"status": status, "code": code, "title": code},
        headers={"Content-Type": "application/problem+json"},
    )


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_cut_upload_goes_on_where_the_server_says(street: Street, fault: Fault) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone, photos=[street.picture()])
    pieces = -(-len(street.picture()) // 20_000)
    assert pieces > 2
    for method in ("PATCH", "PATCH", "HEAD"):
        street.network.plan(method, "/v1/uploads", fault)
    await street.exchanged(phone)
    assert states(phone) == ["stored", "stored"]
    assert street.network.count("HEAD", "/v1/uploads") > 0
    officer = await street.house.caller(OFFICER)
    stored = await officer.get(f"/v1/photos/{photo_of(phone).id}")
    assert stored.status_code == 200


async def test_a_network_that_stays_away_ends_the_round_and_the_next_one_goes_on(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone, photos=[street.picture()])
    street.network.plan("PATCH", "/v1/uploads", Fault.ANSWER_LOST)
    street.network.plan("HEAD", "/v1/uploads", Fault.NEVER_ARRIVES, times=uploads.ATTEMPTS - 1)
    done = await phone.exchange()
    assert (done.cut, done.stored) == ("ConnectError: no network", 1)
    assert states(phone) == ["sent", "stored"]
    again = street.open_phone(OFFICER)  # the app was restarted meanwhile
    street.network.seen.clear()
    await street.exchanged(again)
    assert states(again) == ["stored", "stored"]
    assert street.network.seen[0].startswith("HEAD /v1/uploads/")
    assert street.network.count("POST", "/v1/") == 0


@pytest.mark.parametrize(
    ("method", "status", "code"),
    [
        ("PATCH", 409, "offset_conflict"),
        ("PATCH", 460, "checksum_mismatch"),
        ("PATCH", 404, "not_found"),
        ("PATCH", 410, "gone"),
    ],
)
async def test_what_an_upload_can_go_on_from_does_not_stop_it(
    street: Street, method: str, status: int, code: str
) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone, photos=[street.picture()])
    street.network.answer(method, "/v1/uploads/", refused(status, code))
    await street.exchanged(phone)
    assert states(phone) == ["stored", "stored"]
    begun = street.network.count("POST", "/v1/uploads")
    assert begun == (2 if status in (404, 410) else 1)


async def test_an_upload_that_ended_with_its_sign_in_begins_anew_after_the_next(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone, photos=[street.picture()])
    street.network.plan("PATCH", "/v1/uploads", Fault.ANSWER_LOST)
    street.network.plan("HEAD", "/v1/uploads", Fault.NEVER_ARRIVES, times=uploads.ATTEMPTS - 1)
    await phone.exchange()
    officer = await street.house.caller(OFFICER)
    assert (await officer.delete(f"/v1/devices/device-{OFFICER}")).status_code == 204
    done = await phone.exchange()
    assert done.is_sign_in_needed
    assert states(phone) == ["sent", "stored"]
    await phone.sign_in(OFFICER, "gridpatrol-demo")
    await street.exchanged(phone)
    assert states(phone) == ["stored", "stored"]


async def test_each_piece_has_a_checksum(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    picture = street.picture()
    stall(phone, photos=[picture])
    await street.exchanged(phone)
    pieces = [one for one in street.network.requests if one.method == "PATCH"]
    assert b"".join(one.content for one in pieces) == picture
    for piece in pieces:
        digest = base64.b64encode(hashlib.sha256(piece.content).digest()).decode()
        assert piece.headers["Upload-Checksum"] == f"sha256 {digest}"


async def test_a_server_that_asks_for_patience_gets_it(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone, photos=[street.picture()])
    busy = httpx.Response(503, headers={"Retry-After": "120"}, json={"code": "busy"})
    street.network.answer("PATCH", "/v1/uploads/", busy)
    assert (await phone.exchange()).cut == "The server answered 503."
    arrived = len(street.network.seen)
    done = await phone.exchange()
    assert done.cut is not None
    assert "left alone" in done.cut
    assert len(street.network.seen) == arrived


async def test_what_is_no_picture_is_refused_and_spoils_no_report(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone, photos=[b"no picture", street.picture()])
    await street.exchanged(phone)
    assert states(phone) == ["refused", "stored", "stored"]
    problem = next(item.problem for item in phone.items() if item.state == "refused")
    assert problem is not None
    assert problem["code"] == "not_an_image"


async def test_a_step_waits_for_its_proof_and_ends_with_it(street: Street) -> None:
    officer, unit = await street.phone_of(OFFICER), await street.phone_of(MEMBER)
    good, bad = stall(officer), stall(officer)
    await street.exchanged(officer, unit)
    for report in (good, bad):
        unit.step(report, "accept")
    unit.step(bad, "rectify", note="已劝离", photos=[b"no picture"])
    unit.step(good, "rectify", note="已劝离", photos=[street.picture(2, tidy=True)])
    await street.exchanged(unit)
    became = [(item.kind, item.state, item.problem and item.problem["code"]) for item in unit.items()]
    assert became == [
        ("step", "stored", None),
        ("step", "stored", None),
        ("photo", "refused", "not_an_image"),
        ("step", "refused", "after_refused"),
        ("photo", "stored", None),
        ("step", "stored", None),
    ]


async def test_a_picture_that_somebody_deleted_is_told_not_waited_for(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone, photos=[street.picture()])
    (street.folder / OFFICER / "photos" / str(photo_of(phone).id)).unlink()
    await street.exchanged(phone)
    assert states(phone) == ["refused", "stored"]
