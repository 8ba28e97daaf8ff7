"""A thin client of GridPatrol for Python: typed, repeats what a bad network loses, changes nothing twice.

Needs httpx and nothing of GridPatrol itself, so it can be copied into another project as it is.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypedDict
from uuid import UUID, uuid4

import httpx

ATTEMPTS = 5
FIRST_WAIT_S = 0.5
NOT_SIGNED_IN = 401
BUSY = frozenset({429, 503})
"""Answers that ask to come again, with `Retry-After`."""


class Unit(TypedDict):
    """A responsible unit."""

    code: str
    name: str


class Ticket(TypedDict):
    """What this client reads of a ticket; `/docs` lists all members."""

    id: str
    number: str
    state: str
    state_name: str
    version: int
    unit: Unit | None
    due_at: str | None
    light: str | None
    actions: list[str]
    deadline: dict[str, Any]
    dispatch: dict[str, Any]


class OverdueTicket(Ticket):
    """An open ticket past due; in a list, so without `deadline` and `dispatch`."""

    overdue_s: int


class Filed(TypedDict):
    """What a report led to."""

    report: dict[str, Any]
    ticket: Ticket
    duplicates: list[dict[str, Any]]
    signals: list[dict[str, Any]]


class OverdueCount(TypedDict):
    """Overdue tickets under one mark; without a key: those that bear no such mark."""

    key: str | None
    name: str | None
    count: int
    oldest_due_at: str
    median_overdue_s: float


class Problem(Exception):  # noqa: N818  RFC 9457's word
    """The service refused; `code` is for programs, `facts` hold what helps to go on."""

    def __init__(self, response: httpx.Response) -> None:
        """Read the problem from an answer."""
        is_problem = response.headers.get("content-type", "").startswith("application/problem+json")
        self.facts: dict[str, Any] = response.json() if is_problem else {}
        self.status = response.status_code
        self.code: str = self.facts.get("code", f"http_{self.status}")
        super().__init__(self.facts.get("detail") or self.facts.get("title") or response.reason_phrase)


class Client:
    """One signed-in person. Use it in a `with` block."""

    def __init__(
        self, url: str, username: str, password: str, *, language: str = "en", device_id: str | None = None
    ) -> None:
        """Sign in. An app passes the random `device_id` that it made when it was installed."""
        self._http = httpx.Client(base_url=url, headers={"Accept-Language": language}, timeout=30)
        self._device = {"device_id": device_id} if device_id else {}
        self._password = {"grant_type": "password", "username": username, "password": password}
        self._refresh_token = ""
        self._sign_in(self._password)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Sign out, unless an error ends the block (then the network may be what is missing), and close."""
        try:
            if error is None:
                self._send("POST", "/v1/auth/revoke", data={"token": self._refresh_token})
        finally:
            self._http.close()

    def me(self) -> dict[str, Any]:
        """Return the person, the unit, the grids on duty and the work in figures."""
        return self.get("/v1/me")

    def photo(self, picture: bytes, purpose: str, *, photo_id: UUID | None = None) -> str:
        """Store a picture (`before`, `after`, `check` or `evidence`); return its id."""
        photo_id = photo_id or uuid4()
        self._call(
            "PUT",
            f"/v1/photos/{photo_id}",
            data={"purpose": purpose},
            files={"file": ("photo.jpg", picture, "image/jpeg")},
        )
        return str(photo_id)

    def report(self, body: Mapping[str, Any], *, report_id: UUID | None = None) -> Filed:
        """File a report; an app that may be killed keeps `report_id` and sends the same again."""
        return self._call("PUT", f"/v1/reports/{report_id or uuid4()}", json=dict(body)).json()

    def ticket(self, ticket_id: str) -> Ticket:
        """Return a ticket as it is now."""
        return self.get(f"/v1/tickets/{ticket_id}")

    def step(
        self,
        ticket: Ticket,
        action: str,
        *,
        photos: Sequence[str] = (),
        **what: Any,  # noqa: ANN401  what the action needs
    ) -> Ticket:
        """Take a step on the ticket as it was seen; return it as it is afterwards.

        Raises Problem with the code `version_conflict` when somebody else was faster; `facts` tell the present
        `state`, `version` and `actions`.
        """
        body = {
            "action": action,
            "version": ticket["version"],
            "photos": list(photos),
            "at": datetime.now(UTC).isoformat(),
            **what,
        }
        # Made once: however often the request is sent, the step is taken once.
        key = {"Idempotency-Key": uuid4().hex}
        return self._call("POST", f"/v1/tickets/{ticket['id']}/steps", json=body, headers=key).json()

    def history(self, ticket_id: str) -> dict[str, Any]:
        """Return all steps of a ticket; `verified` tells whether their hash chain is whole."""
        return self.get(f"/v1/tickets/{ticket_id}/history", verify=True)

    def queue(self) -> Iterator[Ticket]:
        """Yield the caller's work, most urgent first."""
        return self.pages("/v1/queue")

    def overdue(self, **filters: str | int) -> Iterator[OverdueTicket]:
        """Yield open tickets past due, most overdue first: `overdue(unit="cityscape")`."""
        return self.pages("/v1/overdue", **filters)

    def overdue_summary(self, by: str, **filters: str | int) -> list[OverdueCount]:
        """Sum up what is overdue by unit, grid, category, state or level."""
        return self.get("/v1/overdue/summary", by=by, **filters)["items"]

    def get(self, path: str, **query: str | int | bool) -> Any:  # noqa: ANN401  the answer's own shape
        """Read anything."""
        return self._call("GET", path, params=query).json()

    def pages(self, path: str, **query: str | int) -> Iterator[Any]:
        """Yield the items of a list, page after page."""
        page = self.get(path, **query)
        yield from page["items"]
        while page["next"]:
            page = self.get(path, **query, cursor=page["next"])
            yield from page["items"]

    def _call(self, method: str, path: str, **what: Any) -> httpx.Response:  # noqa: ANN401  httpx's arguments
        """Send a request as the signed-in person, who is signed in anew where the token has ended."""
        try:
            return self._send(method, path, **what)
        except Problem as problem:
            if problem.status != NOT_SIGNED_IN:
                raise
        self._stay_signed_in()
        return self._send(method, path, **what)

    def _stay_signed_in(self) -> None:
        try:
            self._sign_in({"grant_type": "refresh_token", "refresh_token": self._refresh_token})
        except Problem as problem:
            if problem.status != NOT_SIGNED_IN:
                raise
            self._sign_in(self._password)  # an app would ask the person

    def _sign_in(self, form: Mapping[str, str]) -> None:
        self._http.headers.pop("Authorization", None)
        answer = self._send("POST", "/v1/auth/token", data={**form, **self._device}).json()
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        self._refresh_token = answer["refresh_token"]

    def _send(self, method: str, path: str, **what: Any) -> httpx.Response:  # noqa: ANN401  httpx's arguments
        """Send a request until it is answered: every request of this client may be sent twice."""
        for attempt in range(ATTEMPTS):
            wait_s = FIRST_WAIT_S * 2**attempt
            is_last = attempt == ATTEMPTS - 1
            try:
                response = self._http.request(method, path, **what)
            except httpx.TransportError:
                if is_last:
                    raise
            else:
                if response.is_success:
                    return response
                if is_last or response.status_code not in BUSY:
                    raise Problem(response)
                wait_s = float(response.headers.get("Retry-After", wait_s))
            time.sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")
