"""Requests that nobody thought of: whatever is sent, the answer is one that the description promises.

The requests go over the wire to a server of this module's own, with a database that fills with what they leave.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
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

EXAMPLES = 8
"""Invented requests per operation and caller, beside those that try the bounds of each field."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]

DESCRIPTION = create_app(Settings(demo=True, database_url="postgresql://nowhere")).openapi()
CONFIG = schemathesis.Config.from_dict(
    {
        "generation": {"deterministic": True, "max-examples": EXAMPLES, "database": "none"},
        "phases": {"coverage": {"enabled": True}},
    }
)
interface = schemathesis.openapi.from_dict(DESCRIPTION, config=CONFIG)


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


@pytest.fixture(scope="module")
def tokens(address: str) -> dict[str, str]:
    """Return an access token for each caller; officer01 has filed a report, so that lists are not empty."""
    with httpx.Client(base_url=address) as client:
        found: dict[str, str] = {}
        for username in ("officer01", "dispatcher", "lead-cityscape"):
            form = {"grant_type": "password", "username": username, "password": DEMO_PASSWORD}
            found[username] = client.post("/v1/auth/token", data=form).json()["access_token"]
        answer = client.put(
            f"/v1/reports/{uuid4()}",
            headers={"Authorization": f"Bearer {found['officer01']}"},
            json={
                "category": "E0406",
                "condition": 1,
                "observed_at": "2026-01-05T09:28:00+08:00",
                "place": {"longitude": 116.404, "latitude": 39.915, "crs": "wgs84"},
            },
        )
        assert answer.status_code == 201, answer.text
    return found


@pytest.mark.parametrize("username", ["officer01", "dispatcher", "lead-cityscape"])
@interface.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_the_answer_is_as_described(
    case: schemathesis.Case, address: str, tokens: dict[str, str], username: str
) -> None:
    case.call_and_validate(
        base_url=address, headers={"Authorization": f"Bearer {tokens[username]}"}, checks=CHECKS
    )
