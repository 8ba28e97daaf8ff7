"""The API as it is served in earnest: `gridpatrol serve` in a process of its own, on a free port of this host."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.adapters.processes import Push, end, tied_to_us
from api.settings import PREFIX, Settings

_START_S = 30


@dataclass(frozen=True, slots=True)
class Served:
    """A running API."""

    port: int
    pid: int

    def busy_s(self) -> float | None:
        """Return the processor time that its process has used, None where the system does not tell."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.is_file():
            return None
        # Fields 14 and 15 of proc(5); the name before them may hold spaces.
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serve(settings: Settings) -> Generator[Served]:
    """Serve one API process on these settings until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)},
        f"{PREFIX}DEMO": "true",
        f"{PREFIX}DATABASE_URL": settings.required_database_url,
        f"{PREFIX}HOME": str(settings.home),
        f"{PREFIX}TOKEN_KEY": settings.token_key.get_secret_value(),
        f"{PREFIX}PORT": str(port),
        # A line for each request would be measured, too; it goes to a file or a collector in earnest.
        f"{PREFIX}LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "api.cli", "serve"]
    process = subprocess.Popen(tied_to_us(command, signal.SIGTERM), env=environment)
    try:
        _wait_until_ready(process, port)
        yield Served(port, process.pid)
    finally:
        end(process, Push(signal.SIGTERM, 10))


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError("the API did not get ready")
