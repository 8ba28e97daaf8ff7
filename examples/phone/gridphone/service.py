"""The calls to GridPatrol that a phone makes, one method for each."""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from gridphone.answers import Cut, Problem, SignInNeeded
from gridphone.backoff import pause_s
from gridphone.tokens import Tokens

VERSION = "1.0.0"
"""Of this client, told as `Client-Version`: the server may ask for a newer one (426)."""

ATTEMPTS_TO_REFRESH = 3
LONGEST_WAIT_S = 3600.0
SILENCE_S = 60
"""A stream of events says something every 20 s; when it does not, the connection is dead."""

_NOT_SIGNED_IN, _TOO_MANY, _FAULT = 401, 429, 500
_NOT_MODIFIED = 304
_TUS = {"Tus-Resumable": "1.0.0"}
_NOT_OURS = "Somebody else answered in the server's place."  # the sign-in page of a hotel's network


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()  # takes a while, so once


class Service:
    """The server as one phone sees it for one round: an `async with` block holds its connections.

    Every method raises Cut (nothing is known about what became of the request), Problem (the server said no) or
    SignInNeeded. All of them may be called again after a Cut.
    """

    def __init__(
        self,
        address: str,
        device_id: str,
        tokens: Tokens,
        timeout_s: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.device_id = device_id
        self._tokens = tokens
        # A server that sends a byte now and then would never be silent for long enough: hence also a limit for all.
        self._in_all_s = 4 * timeout_s
        self._http = httpx.AsyncClient(
            base_url=address,
            headers={"Client-Version": VERSION, "Accept-Language": "en"},
            timeout=timeout_s,
            transport=transport,
            verify=_certificates(),
        )

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    # Signing in

    async def sign_in(self, username: str, password: str) -> dict[str, Any]:
        """Exchange the password for tokens; 401 `sign_in_refused` when it is wrong."""
        return await self._token({"grant_type": "password", "username": username, "password": password})

    async def _token(self, form: Mapping[str, str]) -> dict[str, Any]:
        answer = await self._send("POST", "/v1/auth/token", data={**form, "device_id": self.device_id})
        return _content(answer)

    async def _refresh(self) -> str:
        """Exchange the refresh token for a new pair; return the access token.

        A refresh token is good once. When the answer is lost the server has used ours up, and we don't have the next
        one: all we can do is to send the same again, at once, because a server allows that for some seconds only (and
        only from the device that signed in). Hence these attempts here, and no waiting for the next round.
        """
        failures = 0
        while True:
            refresh_token = self._tokens.refresh_token  # read each time: perhaps it was exchanged beside us
            if refresh_token is None:
                raise SignInNeeded("Nobody is signed in.")
            try:
                answer = await self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})
            except Cut as cut:
                failures += 1
                if failures == ATTEMPTS_TO_REFRESH or cut.wait_s:
                    raise
                await asyncio.sleep(pause_s(failures))
            except Problem as problem:
                if problem.status != _NOT_SIGNED_IN:
                    raise
                self._tokens.forget()
                raise SignInNeeded(str(problem)) from problem
            else:
                self._tokens.keep(answer)
                return self._tokens.access_token or ""

    async def _access_token(self) -> str:
        token = self._tokens.access_token
        if token is None:
            raise SignInNeeded("Nobody is signed in.")
        if self._tokens.is_fresh:
            return token
        try:
            return await self._refresh()
        except Cut:
            return token  # it may be good for another minute; if not, a 401 says so

    # What the phone made

    async def sync(self, items: Sequence[Mapping[str, Any]], sent_at: datetime) -> dict[str, Any]:
        """Send items; each gets a result, in the same order. `sent_at` tells how wrong the phone's clock goes."""
        body = {"device_id": self.device_id, "sent_at": sent_at.isoformat(), "items": list(items)}
        answer = _content(await self._call("POST", "/v1/sync", json=body))
        if [result["id"] for result in answer["results"]] != [item["id"] for item in items]:
            raise Cut(_NOT_OURS)  # much hangs on this answer, and some proxies mix answers up
        return answer

    async def waiting(self) -> dict[str, dict[str, Any]]:
        """Return the steps of this person that wait on the server, or waited in vain, by their ids."""
        found: dict[str, dict[str, Any]] = {}
        query: dict[str, str | int] = {"limit": 200}
        while True:
            page = _content(await self._call("GET", "/v1/sync/waiting", params=query))
            found |= {item["id"]: item for item in page["items"]}
            if page["next"] is None:
                return found
            query["cursor"] = page["next"]

    async def store_track(self, batch_id: UUID, track: Mapping[str, Any], sent_at: datetime) -> None:
        """Send a batch of points by itself."""
        body = {**track, "device_id": self.device_id, "sent_at": sent_at.isoformat()}
        await self._call("PUT", f"/v1/tracks/{batch_id}", json=body)

    async def shift_state(self, shift_id: UUID) -> str:
        """Return how a shift of this person stands: `running`, `paused` or `ended`."""
        return _content(await self._call("GET", f"/v1/shifts/{shift_id}"))["state"]

    async def give_up_task(self, told: Mapping[str, str]) -> None:
        """Refuse a task, or hand it over."""
        words = {name: value for name, value in told.items() if name in {"reason", "officer"}}
        await self._call("POST", f"/v1/tasks/{told['task']}/{told['action']}", json=words)

    # Photos, by tus 1.0

    async def begin_upload(self, size_bytes: int, told: Mapping[str, str]) -> tuple[str, int]:
        """Begin an upload, or find the one that was begun; return its address and how many bytes have come."""
        words = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
        headers = {**_TUS, "Upload-Length": str(size_bytes), "Upload-Metadata": ",".join(words)}
        answer = await self._call("POST", "/v1/uploads", headers=headers)
        # Only the path: our token goes to our server, whatever host an answer names.
        return urlsplit(_header(answer, "Location")).path, int(_header(answer, "Upload-Offset"))

    async def upload_offset(self, upload: str) -> int:
        """Return how many bytes of an upload have come; all of them: the photo is stored."""
        return int(_header(await self._call("HEAD", upload, headers=_TUS), "Upload-Offset"))

    async def append(self, upload: str, offset: int, piece: bytes) -> int:
        """Send the bytes that follow on `offset`; return the offset behind them.

        The checksum makes the server refuse a piece that was cut or changed on its way (460) instead of keeping it.
        """
        headers = {
            **_TUS,
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {base64.b64encode(hashlib.sha256(piece).digest()).decode()}",
            "Content-Type": "application/offset+octet-stream",
        }
        answer = await self._call("PATCH", upload, headers=headers, content=piece)
        return int(_header(answer, "Upload-Offset"))

    # What others made

    async def changes(self, since: str | None, limit: int) -> dict[str, Any]:
        """Return the next page of what changed; 410 `resync_needed` when the feed has to begin anew."""
        query = {"limit": limit, **({"since": since} if since else {})}
        return _content(await self._call("GET", "/v1/changes", params=query))

    async def catalog(self, etag: str | None) -> tuple[str, str | None]:
        """Return the catalogue's mark and the catalogue as JSON, None where it is still the one of that mark."""
        headers = {"If-None-Match": etag} if etag else {}
        answer = await self._call("GET", "/v1/catalog", headers=headers)
        return _header(answer, "ETag"), None if answer.status_code == _NOT_MODIFIED else answer.text

    @asynccontextmanager
    async def events(self, since: str) -> AsyncGenerator[AsyncIterator[str]]:
        """Open the stream of events behind a cursor; yield its lines."""
        token = await self._access_token()
        headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": since}
        try:
            async with self._http.stream("GET", "/v1/events", headers=headers, timeout=SILENCE_S) as answer:
                if not answer.is_success:
                    await answer.aread()
                    _refuse(answer)
                yield answer.aiter_lines()
        except httpx.TransportError as error:
            raise Cut(_told(error)) from error

    async def _call(self, method: str, path: str, **what: Any) -> httpx.Response:  # noqa: ANN401  httpx's
        """Send a request as the signed-in person, with a new token where the server does not take the old one."""
        token = await self._access_token()
        try:
            return await self._send(method, path, token, **what)
        except Problem as problem:
            if problem.status != _NOT_SIGNED_IN:
                raise
        token = await self._refresh()
        try:
            return await self._send(method, path, token, **what)
        except Problem as problem:
            if problem.status != _NOT_SIGNED_IN:
                raise
            raise SignInNeeded(str(problem)) from problem

    async def _send(self, method: str, path: str, token: str | None = None, **what: Any) -> httpx.Response:  # noqa: ANN401  httpx's
        headers: dict[str, str] = what.pop("headers", {})
        if token is not None:
            headers = {**headers, "Authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(self._in_all_s):
                answer = await self._http.request(method, path, headers=headers, **what)
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            raise Cut(_told(error)) from error
        if answer.status_code == _NOT_MODIFIED:
            return answer
        if not answer.is_success:
            _refuse(answer)
        if answer.content and not _is(answer, "application/json"):
            raise Cut(_NOT_OURS)
        return answer


def _refuse(answer: httpx.Response) -> NoReturn:
    """Raise what an answer without success means."""
    is_busy = answer.status_code in {_TOO_MANY, 503}
    if is_busy or answer.status_code >= _FAULT:
        # The server could not say what became of it; the same again later finds out.
        raise Cut(f"The server answered {answer.status_code}.", _retry_after_s(answer) if is_busy else 0)
    if not _is(answer, "application/problem+json"):
        raise Cut(_NOT_OURS)
    raise Problem(answer.status_code, _content(answer))


def _content(answer: httpx.Response) -> dict[str, Any]:
    """Return what an answer says; the answer to HEAD says nothing."""
    try:
        return answer.json() if answer.content else {}
    except ValueError as error:
        raise Cut(_NOT_OURS) from error


def _header(answer: httpx.Response, name: str) -> str:
    """Return a header that our server always sends with this answer."""
    if name not in answer.headers:
        raise Cut(_NOT_OURS)
    return answer.headers[name]


def _retry_after_s(answer: httpx.Response) -> float:
    """Return what `Retry-After` asks for: seconds, or (proxies like that) a date."""
    told = answer.headers.get("Retry-After", "")
    if told.isdigit():
        return min(float(told), LONGEST_WAIT_S)
    try:
        wait_s = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0
    return max(0, min(wait_s, LONGEST_WAIT_S))


def _is(answer: httpx.Response, media_type: str) -> bool:
    return answer.headers.get("Content-Type", "").startswith(media_type)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
