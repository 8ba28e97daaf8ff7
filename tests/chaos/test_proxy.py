"""The proxy of the chaos test does to whole requests what it says, and counts it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.chaos.http_messages import Message, read_request
from tests.chaos.proxy import CALM, STORM, Proxy, Weather, proxied
from tests.faults.serving import free_port

BODY = b"a report" * 5_000


class Recorder:
    """A server that writes down which requests it got whole, and answers with how many these are."""

    def __init__(self) -> None:
        self.whole: list[Message] = []
        self.cut = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request."""
        try:
            self.whole.append(await read_request(reader))
            answer = f"{len(self.whole):05}".encode() * 1_000
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
            await writer.drain()
        except asyncio.IncompleteReadError:
            self.cut += 1
        finally:
            writer.close()


@asynccontextmanager
async def recorded(weather: Weather) -> AsyncGenerator[tuple[Recorder, Proxy, httpx.AsyncClient]]:
    recorder = Recorder()
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0)
    target: tuple[str, int] = server.sockets[0].getsockname()[:2]
    async with (
        server,
        proxied([target], weather, seed=1) as (proxy, address),
        httpx.AsyncClient(base_url=address) as phone,
    ):
        yield recorder, proxy, phone


async def test_in_calm_weather_everything_passes_unchanged() -> None:
    async with recorded(CALM) as (recorder, proxy, phone):
        answer = await phone.put("/v1/reports/1", content=BODY)
        chunked = await phone.put("/v1/reports/2", content=in_pieces())
    assert answer.content == b"00001" * 1_000
    assert chunked.content == b"00002" * 1_000
    assert [(seen.method, seen.path) for seen in recorder.whole] == [
        ("PUT", "/v1/reports/1"),
        ("PUT", "/v1/reports/2"),
    ]
    assert recorder.whole[0].body == BODY
    assert proxy.counts.total() == proxy.counts["requests"] == 2


async def in_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(BODY), 1_000):
        yield BODY[start : start + 1_000]


@pytest.mark.parametrize(
    ("fault", "arrived", "is_answered"),
    [
        ("dropped_requests", 0, False),
        ("truncated_requests", 0, False),
        ("lost_answers", 1, False),
        ("truncated_answers", 1, False),
        ("delays", 1, True),
        ("held_back", 1, True),
        ("doubled_at_once", 2, True),
        ("doubled_late", 2, True),
    ],
)
async def test_each_fault_does_what_its_name_says(
    fault: str, arrived: int, *, is_answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.chaos.proxy.LATE_S", (0.0, 0.0))
    monkeypatch.setattr("tests.chaos.proxy.HELD_S", 0.1)
    async with recorded(Weather(**{fault: 1.0})) as (recorder, proxy, phone):
        if is_answered:
            assert (await phone.put("/", content=BODY)).is_success
        else:
            with pytest.raises(httpx.TransportError):
                await phone.put("/", content=BODY)
        await asyncio.sleep(0.2)
    assert proxy.counts[fault] == 1
    assert len(recorder.whole) == arrived


async def test_a_held_request_is_overtaken_by_others() -> None:
    async with recorded(Weather(held_back=1.0)) as (recorder, proxy, phone):
        first = asyncio.create_task(phone.put("/first", content=BODY))
        await asyncio.sleep(0.05)
        proxy.weather = CALM
        for number in range(6):
            await phone.put(f"/{number}", content=BODY)
        await first
    assert [seen.path for seen in recorder.whole].index("/first") > 0


async def test_a_server_that_is_away_is_counted_and_comes_back() -> None:
    async with recorded(CALM) as (_, proxy, phone):
        async with proxied([("127.0.0.1", free_port())], CALM, seed=1) as (lonely, address):
            with pytest.raises(httpx.TransportError):
                await phone.get(address)
        assert lonely.counts["nobody_there"] == 1
        assert (await phone.get("/")).is_success
        assert proxy.counts["nobody_there"] == 0


async def test_in_a_storm_every_fault_happens() -> None:
    async with recorded(STORM) as (_, proxy, phone):
        tries = [phone.put("/", content=BODY, timeout=10) for _ in range(150)]
        answered = [
            one
            for one in await asyncio.gather(*tries, return_exceptions=True)
            if isinstance(one, httpx.Response)
        ]
    assert all(proxy.counts.values())
    assert 0 < len(answered) < 150
