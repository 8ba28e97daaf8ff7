"""A server that speaks S3, on loopback: moto's, from the environment `.venv-s3` that `bin/setup test` makes."""

import socket
import subprocess
import time
from pathlib import Path
from uuid import uuid4

import httpx

PROGRAM = Path(__file__).resolve().parents[1] / ".venv-s3" / "bin" / "moto_server"
PATIENCE_S = 60


class BucketServer:
    """The server as a process; what it holds is gone when it ends."""

    def __init__(self) -> None:
        assert PROGRAM.is_file(), "run `make setup`, which installs the S3 server of the tests"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Return the usual variables by which a client finds it."""
        return {
            "AWS_ENDPOINT": self.address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
        }

    def start(self) -> None:
        """Start it; return when it answers."""
        command = [str(PROGRAM), "-H", "127.0.0.1", "-p", str(self._port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  our own choice
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                httpx.get(f"{self.address}/moto-api/data.json").raise_for_status()
            except httpx.TransportError:
                assert self._process.poll() is None, "the S3 server ended at its start"
                assert time.monotonic() < deadline, "the S3 server does not answer"
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def bucket(self, name: str | None = None) -> str:
        """Make a bucket; return the URL of a folder in it."""
        name = name or f"photos-{uuid4().hex}"
        httpx.put(f"{self.address}/{name}").raise_for_status()
        return f"s3://{name}/city"
