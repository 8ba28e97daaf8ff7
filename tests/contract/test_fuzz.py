"""Requests that nobody thought of: whatever is sent, the answer is one that the description promises.

The requests go over the wire to a server of this module's own, with a database that fills with what they leave.
"""

# Half of schemathesis's types are open.
# pyright: reportUntypedFunctionDecorator=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.settings import DEMO_PASSWORD, Settings
from tests.conftest import Server

GOOD_REPORT: dict[str, Any] = {
    "category": "E0406",
    "condition": 1,
    "description": "水果摊占用人行道",
    "address": "",
    "observed_at": "2026-01-05T09:28:00+08:00",
    "place": {"longitude": 116.404, "latitude": 39.915, "crs": "wgs84", "accuracy_m": 8.5, "provider": "gps"},
    "photos": [],
    "self_fix": False,
}
SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
CALLERS = ("dispatcher", "officer01", "lead-cityscape")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]

REJECTIONS = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 426, 428, 429, 460, 503]
"""Answers to what the description forbids: those that are usual, and those of tus."""

LONGEST_QUOTED = 60_000

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

DESCRIPTION = create_app(Settings(demo=True, database_url="postgresql://nowhere")).openapi()


@schemathesis.serializer(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/geopackage+sqlite3",
    "application/zip",
)
def _as_bytes(_: object, value: object) -> bytes:  # pyright: ignore[reportUnusedFunction]  it registers itself
    """Send what was invented for a file as bytes, whatever it is."""
    return bytes(value) if isinstance(value, bytes | bytearray) else str(value).encode("utf-8", "replace")


def interface(examples: int, *, bounds: bool) -> schemathesis.BaseSchema:
    """Return the interface for so many invented requests per operation, and those at the bounds of each field."""
    config = schemathesis.Config.from_dict(
        {
            "generation": {"deterministic": True, "max-examples": examples, "database": "none"},
            "phases": {"coverage": {"enabled": bounds}},
            "checks": {"negative_data_rejection": {"expected-statuses": REJECTIONS}},
        }
    )
    # A stream of events does not end, and an invented request would wait for its end.
    return schemathesis.openapi.from_dict(DESCRIPTION, config=config).exclude(operation_id="event_stream")


thoroughly, briefly = interface(4, bounds=True), interface(8, bounds=False)


@pytest.fixture(scope="module")
def address(server: Server, demo_street: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a demo street of this module's own on loopback; return its address."""
    name = server.create(demo_street)
    home: Path = tmp_path_factory.mktemp("home")
    app = create_app(Settings(demo=True, database_url=server.url_of(name), home=home))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=asyncio.run, args=(serving.serve(sockets=[listening]),))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving.should_exit = True
    thread.join()
    listening.close()
    server.drop(name)


@dataclass(frozen=True)
class Callers:
    """Signed-in people, and a ticket that they all may see."""

    address: str
    tokens: dict[str, str]
    ticket_id: str

    def headers(self, username: str) -> dict[str, str]:
        """Return the headers of one of them."""
        return {"Authorization": f"Bearer {self.tokens[username]}"}

    def call(self, case: schemathesis.Case[Any], username: str) -> None:
        """Send a request; where it is about some ticket, half of the time about the one that is there."""
        if case.path_parameters.get("ticket_id", "").startswith(tuple("01234567")):
            case.path_parameters["ticket_id"] = self.ticket_id
        case.query = {name: _fit_to_ask(value) for name, value in case.query.items()}
        # Each item of a batch is refused by itself, in an answer of 200.
        is_batch = case.operation.path == "/v1/sync"
        checks = [check for check in CHECKS if not (is_batch and check is negative_data_rejection)]
        case.call_and_validate(base_url=self.address, headers=self.headers(username), checks=checks)


def _fit_to_ask(value: object) -> object:
    """Return a text of the same length where it would make an address that no server reads (64 KiB)."""
    is_long = isinstance(value, str) and len(quote(value, errors="replace")) > LONGEST_QUOTED
    return "x" * len(str(value)) if is_long else value


@pytest.fixture(scope="module")
def callers(address: str) -> Callers:
    """Sign the callers in, and file a report, so that lists are not empty."""
    tokens: dict[str, str] = {}
    with httpx.Client(base_url=address) as client:
        for username in CALLERS:
            form = {"grant_type": "password", "username": username, "password": DEMO_PASSWORD}
            tokens[username] = client.post("/v1/auth/token", data=form).json()["access_token"]
        filed = Callers(address, tokens, str(uuid4()))
        answer = client.put(
            f"/v1/reports/{filed.ticket_id}", headers=filed.headers("officer01"), json=GOOD_REPORT
        )
        assert answer.status_code == 201, answer.text
    return filed


@thoroughly.parametrize()
@settings(deadline=None, suppress_health_check=SLOW_IS_FINE)
def test_whatever_the_desk_sends_the_answer_is_as_described(
    case: schemathesis.Case[Any], callers: Callers
) -> None:
    callers.call(case, "dispatcher")


@pytest.mark.parametrize("username", ["officer01", "lead-cityscape"])
@briefly.parametrize()
@settings(deadline=None, suppress_health_check=SLOW_IS_FINE)
def test_whatever_others_send_the_answer_is_as_described(
    case: schemathesis.Case[Any], callers: Callers, username: str
) -> None:
    callers.call(case, username)


texts = st.text(st.characters(exclude_categories=()), max_size=20)  # NUL and lone surrogates among them
numbers = st.integers() | st.floats() | st.sampled_from([2**31, 2**63, -(2**63) - 1, 10**40, 1e308, -0.0])
scalars = st.none() | st.booleans() | numbers | texts | st.datetimes().map(str) | st.uuids().map(str)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)


def with_one_member_replaced(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies that are right but for one member, or that have one too many."""
    names = st.sampled_from(sorted(good)) | texts
    return st.tuples(names, anything).map(lambda one: {**good, one[0]: one[1]})


@given(
    body=with_one_member_replaced(GOOD_REPORT)
    | with_one_member_replaced(GOOD_REPORT["place"]).map(lambda place: {**GOOD_REPORT, "place": place})
)
@settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=SLOW_IS_FINE)
def test_a_report_with_anything_in_one_member_is_filed_or_refused_by_name(
    callers: Callers, body: dict[str, Any]
) -> None:
    answer = httpx.put(
        f"{callers.address}/v1/reports/{uuid4()}",
        headers={**callers.headers("officer01"), "Content-Type": "application/json"},
        content=json.dumps(body),
    )
    assert_filed_or_refused(answer, 201)


@given(body=with_one_member_replaced({"action": "accept", "version": 1, "note": "", "photos": []}))
@settings(deadline=None, derandomize=True, max_examples=100, suppress_health_check=SLOW_IS_FINE)
def test_a_step_with_anything_in_one_member_is_taken_or_refused_by_name(
    callers: Callers, body: dict[str, Any]
) -> None:
    answer = httpx.post(
        f"{callers.address}/v1/tickets/{callers.ticket_id}/steps",
        headers={**callers.headers("lead-cityscape"), "Content-Type": "application/json"},
        content=json.dumps(body),
    )
    assert_filed_or_refused(answer, 200)


def assert_filed_or_refused(answer: httpx.Response, well: int) -> None:
    """Hold that the answer is a success or a problem with a code."""
    if answer.status_code != well:
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]
