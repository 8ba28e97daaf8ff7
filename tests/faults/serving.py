"""`gridpatrol serve` as a process of its own, on loopback, ready when it is handed over."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from api.adapters.processes import Push, end
from api.settings import Settings

PATIENCE_S = 60


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(settings: Settings) -> Generator[str]:
    """Serve the API on this database; yield its address, and end it afterwards."""
    port = free_port()
    environment = {
        **os.environ,
        "GRIDPATROL_DEMO": "true",
        "GRIDPATROL_DATABASE_URL": settings.required_database_url,
        "GRIDPATROL_HOME": str(settings.home),
        "GRIDPATROL_PORT": str(port),
        "GRIDPATROL_TOKEN_KEY": settings.token_key.get_secret_value(),
        "GRIDPATROL_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen([sys.executable, "-m", "api.cli", "serve"], env=environment)
    try:
        patience = time.monotonic() + PATIENCE_S
        while not _is_ready(port):
            assert process.poll() is None, "the server ended before it was ready"
            assert time.monotonic() < patience, "the server did not get ready"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process, Push(signal.SIGTERM, 30))


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()
