"""`gridpatrol demo` as a newcomer meets it: starts, says what is wrong, ends whole, survives being killed."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.adapters.embedded import cluster_user
from api.adapters.processes import Push, end


@dataclass(frozen=True, slots=True)
class Demo:
    """A running `gridpatrol demo`, what it has printed so far, and how long it took to be ready."""

    process: subprocess.Popen[bytes]
    port: int
    words: str
    ready_after_s: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command_in(home: Path, port: int) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRIDPATROL_")}
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", "demo"],
        env=kept | {"GRIDPATROL_HOME": str(home), "GRIDPATROL_PORT": str(port), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@contextmanager
def demo_in(home: Path) -> Generator[Demo]:
    started, port = time.monotonic(), free_port()
    process = command_in(home, port)
    assert process.stdout
    try:
        with process.stdout as output:
            words = ""
            while "Ctrl-C" not in words:
                line = output.readline().decode()
                assert line, f"the demo ended before it was ready:\n{words}"
                words += line
            yield Demo(process, port, words, time.monotonic() - started)
    finally:
        end(process, Push(signal.SIGTERM, 60))


def output_of_refused(home: Path, port: int) -> str:
    process = command_in(home, port)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Traceback" not in output
    return output.decode()


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def processes_of(home: Path) -> list[int]:
    """Return every process that was given this home, and those of the database server over it."""
    given = f"GRIDPATROL_HOME={home}".encode()
    sockets = home / "postgres" / "sockets"
    cluster = sockets.readlink().name.encode() if sockets.is_symlink() else None
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended since the listing
            is_server = cluster is not None and cluster in (process / "cmdline").read_bytes()
            if is_server or given in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def child_of(demo: Demo, program: bytes) -> int:
    """Return the part of a demo that runs a program; one that is just becoming it has no command for a moment."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = Path(f"/proc/{demo.process.pid}/task/{demo.process.pid}/children").read_text().split()
        for pid in children:
            if program in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        time.sleep(0.05)
    raise AssertionError(f"the demo runs no {program.decode()}")


def commands_of(home: Path) -> list[list[bytes]]:
    commands: list[list[bytes]] = []
    for pid in processes_of(home):
        with suppress(OSError):
            commands.append(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
    return commands


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a home in which the demo was started once, and was ended by SIGTERM."""
    home = tmp_path_factory.mktemp("demo") / "var"
    with demo_in(home) as demo:
        assert is_ready(demo.port)
        demo.process.terminate()
        assert demo.process.wait(60) == 0
    assert processes_of(home) == []
    yield home
    assert processes_of(home) == []


def test_a_second_start_is_ready_within_seconds_and_says_where_and_who(home: Path) -> None:
    with demo_in(home) as demo:
        assert is_ready(demo.port)
        assert demo.ready_after_s < 30, "10 s on an idle machine"
        for word in (f"http://127.0.0.1:{demo.port}/docs", "officer01", "supervisor", "gridpatrol-demo"):
            assert word in demo.words


def test_ctrl_c_ends_everything_without_a_traceback(home: Path) -> None:
    with demo_in(home) as demo:
        assert demo.process.stdout
        demo.process.send_signal(signal.SIGINT)
        words = demo.process.stdout.read().decode()
        assert demo.process.wait(60) == 0
    assert "Traceback" not in words
    assert "Stopped." in words
    assert processes_of(home) == []


def test_a_home_in_use_is_refused_with_its_address(home: Path) -> None:
    with demo_in(home) as demo:
        same_port, other_port = output_of_refused(home, demo.port), output_of_refused(home, free_port())
        for words in (same_port, other_port):
            assert f"is already in use by GridPatrol at http://127.0.0.1:{demo.port}" in words


def test_a_taken_port_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = output_of_refused(tmp_path / "var", int(taken.getsockname()[1]))
    assert "set GRIDPATROL_PORT to another port" in words
    assert not (tmp_path / "var" / "postgres").exists()


@pytest.mark.parametrize(("program", "name"), [("worker", "worker"), ("postgres", "database")])
def test_everything_ends_with_the_first_part_that_dies(home: Path, program: str, name: str) -> None:
    with demo_in(home) as demo:
        os.kill(child_of(demo, program.encode()), signal.SIGKILL)
        assert demo.process.stdout
        words = demo.process.stdout.read().decode()
        assert demo.process.wait(60) == 128 + signal.SIGKILL
    assert re.search(rf"The {name} ended by itself \(signal SIGKILL\)", words)
    assert processes_of(home) == []


def test_after_a_kill_nothing_stays_and_the_next_start_recovers(home: Path) -> None:
    with demo_in(home) as demo:
        demo.process.kill()
        deadline = time.monotonic() + 30
        while processes_of(home):
            assert time.monotonic() < deadline, f"these outlive the killed demo: {commands_of(home)}"
            time.sleep(0.05)
    with demo_in(home) as demo:
        assert is_ready(demo.port)


def test_after_everything_was_killed_the_next_start_recovers(home: Path) -> None:
    with demo_in(home) as demo:
        for pid in processes_of(home):
            with suppress(ProcessLookupError):  # it ended with the one before
                os.kill(pid, signal.SIGKILL)
        demo.process.wait()
    assert cluster_user(home) is None
    with demo_in(home) as demo:
        assert is_ready(demo.port)
