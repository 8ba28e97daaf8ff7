"""Answers packed for the way: smaller, otherwise the same, and with tags that stay true."""

import gzip
import json
from collections.abc import Callable
from uuid import uuid4

import brotli
import httpx
import pytest
import zstandard
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.compression import SMALLEST_BYTES, PackedAnswers
from tests.conftest import House
from tests.http.walking import FINDER, photo, report

CODINGS = ["gzip", "br", "zstd"]
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,  # pyright: ignore[reportUnknownMemberType]  it is not typed
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
}
LONG = b"0123456789" * 100


async def asked(client: httpx.AsyncClient, path: str, accepted: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return await client.get(path, headers={"Accept-Encoding": accepted, **named})


async def raw(app: ASGIApp, path: str, method: str = "GET", **headers: str) -> tuple[Message, list[bytes]]:
    """Ask an application without a client that unpacks; return how the answer starts, and its pieces."""
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope: Scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": named}
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        told.append({**message})

    await PackedAnswers(app)(scope, receive, send)
    return told[0], [message["body"] for message in told[1:]]


def head(start: Message) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in start["headers"]}


@pytest.mark.parametrize("coding", CODINGS)
async def test_an_answer_is_the_same_however_it_is_packed(shared_house: House, coding: str) -> None:
    officer = await shared_house.caller("officer01")
    plain = await asked(officer, "/v1/catalog", "identity")
    packed = await asked(officer, "/v1/catalog", coding)
    assert packed.headers["content-encoding"] == coding
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert 4 * int(packed.headers["content-length"]) < int(plain.headers["content-length"])


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("*", "zstd"),
        ("*, zstd;q=0", "br"),
        ("gzip;q=0", None),
        ("deflate, compress", None),
        ("identity", None),
        ("", None),
        ("gzip;q=nonsense", None),
        (";;;,,,=", None),
    ],
)
async def test_it_is_packed_in_a_way_that_the_caller_accepts(
    shared_house: House, accepted: str, coding: str | None
) -> None:
    answer = await asked(await shared_house.caller("officer01"), "/v1/catalog", accepted)
    assert answer.headers.get("content-encoding") == coding


@pytest.mark.parametrize("coding", [*CODINGS, "identity"])
async def test_caches_are_told_once_what_decides_an_answer(shared_house: House, coding: str) -> None:
    officer = await shared_house.caller("officer01")
    answer = await asked(officer, "/v1/catalog", coding)
    again = await asked(officer, "/v1/catalog", coding, if_none_match=answer.headers["etag"])
    for one in (answer, again):
        assert one.headers["vary"] == "Accept-Language, Accept-Encoding"


async def test_a_tag_names_the_bytes_that_were_sent(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    tags = {
        coding: (await asked(officer, "/v1/catalog", coding)).headers["etag"]
        for coding in [*CODINGS, "identity"]
    }
    assert len(set(tags.values())) == len(tags)
    assert all(tag.startswith('"') for tag in tags.values()), "strong"
    assert tags["gzip"] == f'{tags["identity"][:-1]}-gzip"'


@pytest.mark.parametrize("had", [*CODINGS, "identity"])
@pytest.mark.parametrize("accepted", ["gzip", "zstd", "identity"])
async def test_whoever_has_the_answer_gets_304_however_it_was_packed(
    shared_house: House, had: str, accepted: str
) -> None:
    officer = await shared_house.caller("officer01")
    tag = (await asked(officer, "/v1/catalog", had)).headers["etag"]
    for named in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await asked(officer, "/v1/catalog", accepted, if_none_match=named)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "content-encoding" not in again.headers
        assert "content-length" not in again.headers


async def test_another_answer_is_sent_whatever_ending_its_tag_has(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    answer = await asked(officer, "/v1/catalog", "gzip", if_none_match='"other-gzip"')
    assert answer.status_code == 200


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_write_may_name_the_tag_of_a_packed_answer(house: House, coding: str) -> None:
    ticket = await report(house)
    member = await house.caller(f"member-{ticket['unit']['code']}")
    path = f"/v1/tickets/{ticket['id']}"
    seen = await asked(member, path, coding)
    assert seen.headers["content-encoding"] == coding
    taken = [
        await member.post(
            f"{path}/steps", json={"action": "accept"}, headers={"If-Match": seen.headers["etag"]}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in taken] == [200, 409], "the second saw an older version"


async def test_long_problems_are_packed_too(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    wrong = {f"unknown_{number}": number for number in range(40)}
    answer = await officer.put(f"/v1/reports/{uuid4()}", json=wrong, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (422, "gzip")
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["errors"]) >= 40


async def test_signing_in_is_answered_as_it_is(shared_house: House) -> None:
    async with shared_house.client() as stranger:
        form = {"grant_type": "password", "username": "officer01", "password": "x" * 2_000}
        answer = await stranger.post("/v1/auth/token", data=form, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


async def test_pictures_are_sent_as_they_are(house: House) -> None:
    photo_id = await photo(house, FINDER, "before")
    for variant in ("thumb", "screen"):
        path = f"/v1/photos/{photo_id}?variant={variant}"
        picture = await asked(await house.caller(FINDER), path, "gzip, br, zstd")
        assert "content-encoding" not in picture.headers
        assert len(picture.content) == int(picture.headers["content-length"])
        tag = picture.headers["etag"]
        again = await asked(await house.caller(FINDER), path, "gzip, br, zstd", if_none_match=tag)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


async def test_answers_to_uploads_are_left_alone(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    answer = await officer.post("/v1/uploads", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code >= 400
    assert not {"content-encoding", "vary"} & answer.headers.keys()


async def test_a_part_of_a_file_is_a_part_of_it_as_it_is_stored(shared_house: House) -> None:
    async with shared_house.client() as stranger:
        path = "/docs/assets/swagger-ui.css"
        whole = await asked(stranger, path, "identity")
        packed = await asked(stranger, path, "gzip")
        part = await asked(stranger, path, "gzip", range="bytes=10-19")
        stale = await asked(stranger, path, "gzip", range="bytes=10-19", if_range=packed.headers["etag"])
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == whole.content
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert "content-encoding" not in part.headers
    assert (stale.status_code, stale.content) == (200, whole.content), "packed bytes can't be gone on with"


async def test_the_head_of_what_may_be_packed_leaves_its_length_open(shared_house: House) -> None:
    async with shared_house.client() as stranger:
        answer = await stranger.head("/docs/assets/swagger-ui.css", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert "content-length" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/problem+json",
        "application/geo+json",
        "text/csv; charset=utf-8",
        "text/html; charset=utf-8",
        "text/plain; charset=utf-8",
        "application/yaml",
    ],
)
async def test_texts_are_packed(media_type: str) -> None:
    start, pieces = await raw(Response(LONG, media_type=media_type), "/", accept_encoding="gzip")
    assert head(start)["content-encoding"] == "gzip"
    assert gzip.decompress(b"".join(pieces)) == LONG
    assert int(head(start)["content-length"]) == len(pieces[0])


@pytest.mark.parametrize(
    "media_type",
    [
        "image/jpeg",
        "image/png",
        "application/zip",
        "application/octet-stream",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/event-stream",
    ],
)
async def test_what_is_packed_already_or_told_as_it_happens_is_not(media_type: str) -> None:
    start, pieces = await raw(Response(LONG, media_type=media_type), "/", accept_encoding="gzip, br, zstd")
    assert "content-encoding" not in head(start)
    assert pieces == [LONG]


@pytest.mark.parametrize("length", [0, 1, SMALLEST_BYTES - 1, SMALLEST_BYTES, SMALLEST_BYTES + 1])
async def test_short_answers_are_not_worth_it(length: int) -> None:
    body = b"x" * length
    start, pieces = await raw(Response(body, media_type="application/json"), "/", accept_encoding="gzip")
    is_packed = "content-encoding" in head(start)
    assert is_packed == (length >= SMALLEST_BYTES)
    sent = b"".join(pieces)
    assert (gzip.decompress(sent) if is_packed else sent) == body


@pytest.mark.parametrize("coding", CODINGS)
async def test_long_texts_are_packed_piece_by_piece(coding: str) -> None:
    rows = [json.dumps({"row": number, "text": "井盖" * 50}).encode() for number in range(2_000)]

    async def export(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]}
        )
        for row in rows:
            await send({"type": "http.response.body", "body": row, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    start, pieces = await raw(export, "/", accept_encoding=coding)
    assert head(start)["content-encoding"] == coding
    assert UNPACK[coding](b"".join(pieces)) == b"".join(rows)


async def test_events_go_out_one_by_one() -> None:
    async def events(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    start, pieces = await raw(events, "/v1/events", accept_encoding="gzip, br, zstd")
    assert "content-encoding" not in head(start)
    assert pieces == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n", b""]
