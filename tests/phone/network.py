"""Phones at a house in the same process, and the network between them, which fails as a test says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from pathlib import Path
from uuid import UUID

import httpx

from api.settings import DEMO_PASSWORD
from gridphone import Exchange, Phone
from tests.conftest import House
from tests.described import describe
from tests.example_photos import LATITUDE, LONGITUDE, street_picture
from tests.following import settled


def stall(
    phone: Phone, *, description: str = "水果摊", photos: Sequence[bytes] = (), category: str = "E0406"
) -> UUID:
    """Report a fruit stall on the pavement."""
    return phone.report(
        category=category,
        condition=1,
        longitude=LONGITUDE,
        latitude=LATITUDE,
        description=description,
        photos=photos,
    )


class Fault(Enum):
    """What becomes of a request."""

    NEVER_ARRIVES = auto()
    ANSWER_LOST = auto()


@dataclass
class Network(httpx.AsyncBaseTransport):
    """Passes requests on to the house, except those that a fault is planned for."""

    house: House
    is_off: bool = False
    plans: list[tuple[str, str, Fault | None]] = field(default_factory=list[tuple[str, str, Fault | None]])
    """Method, beginning of the path, and what becomes of the next such request; None: nothing."""

    answers: list[tuple[str, str, httpx.Response]] = field(
        default_factory=list[tuple[str, str, httpx.Response]]
    )
    """Method, beginning of the path, and what the next such request gets instead of arriving."""

    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])
    seen: list[str] = field(default_factory=list[str])
    """Requests that arrived, and in short: "POST /v1/sync"."""

    def plan(self, method: str, path: str, fault: Fault, times: int = 1) -> None:
        """Let the next requests of a kind fail."""
        self.plans += [(method, path, fault)] * times

    def spare(self, method: str, path: str, spared: int, fault: Fault) -> None:
        """Let this many requests of a kind pass, and the next one fail."""
        self.plans += [(method, path, None)] * spared
        self.plan(method, path, fault)

    def answer(self, method: str, path: str, answer: httpx.Response) -> None:
        """Let something on the way answer the next request of a kind."""
        self.answers.append((method, path, answer))

    def count(self, method: str, path: str) -> int:
        """Return how many requests of a kind arrived."""
        return sum(one.startswith(f"{method} {path}") for one in self.seen)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do what a network does."""
        for planned in self.answers:
            if _is(request, *planned[:2]):
                self.answers.remove(planned)
                return planned[2]
        fault = self._fault(request)
        if self.is_off or fault is Fault.NEVER_ARRIVES:
            raise httpx.ConnectError("no network", request=request)
        await request.aread()
        self.requests.append(request)
        self.seen.append(f"{request.method} {request.url.path}")
        response = await httpx.ASGITransport(self.house.app).handle_async_request(request)
        await response.aread()
        response.request = request
        await describe().check(response)
        if fault is Fault.ANSWER_LOST:
            raise httpx.ReadError("cut", request=request)
        return response

    def _fault(self, request: httpx.Request) -> Fault | None:
        for plan in self.plans:
            if _is(request, *plan[:2]):
                self.plans.remove(plan)
                return plan[2]
        return None


def _is(request: httpx.Request, method: str, path: str) -> bool:
    return request.method == method and request.url.path.startswith(path)


@dataclass
class Street:
    """The house, a network, and the phones that tests open on it."""

    house: House
    folder: Path
    network: Network
    phones: list[Phone] = field(default_factory=list[Phone])

    def open_phone(self, name: str, *, clock_ahead: timedelta = timedelta()) -> Phone:
        """Open a phone, anew or again; it is not signed in by that."""
        phone = Phone(
            self.folder / name,
            "http://gridpatrol.test",
            f"device-{name}",
            timeout_s=60,
            transport=self.network,
            clock=lambda: self.house.clock.now + clock_ahead,
        )
        self.phones.append(phone)
        return phone

    async def phone_of(self, username: str, name: str | None = None) -> Phone:
        """Return a phone on which somebody signed in just now, with a mirror of the present."""
        phone = self.open_phone(name or username)
        await phone.sign_in(username, DEMO_PASSWORD)
        await self.exchanged(phone)
        return phone

    async def exchanged(self, *phones: Phone) -> Exchange:
        """Let phones do rounds that must come to their end; return what the last phone's brought.

        What a phone has just sent is told to it once nothing older is under way on the server, where other tests
        write as well: so whoever sent something asks once more.
        """
        done = Exchange()
        for phone in phones:
            await settled(self.house.database)
            done = await phone.exchange()
            assert (done.cut, done.problem, done.is_sign_in_needed) == (None, None, False)
            assert done.is_complete
            if done.stored:
                await settled(self.house.database)
                assert (await phone.exchange()).is_complete
        return done

    def picture(self, seed: int = 1, *, tidy: bool = False) -> bytes:
        """Return a photo taken now."""
        return street_picture(seed, taken_at=self.house.clock.now, tidy=tidy)


def states(phone: Phone, kind: str | None = None) -> Sequence[str]:
    """Return the states of what a phone made, in order."""
    return [item.state for item in phone.items() if kind in (None, item.kind)]


def seen_by(phone: Phone) -> dict[str, int]:
    """Return the versions of the tickets that a phone shows."""
    return {str(ticket.id): ticket.version for ticket in phone.tickets()}
