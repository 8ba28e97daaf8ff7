"""One PostgreSQL server over one data folder: made, started, recovered, stopped."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import IO

from api.adapters.kept_secrets import sync_folder
from api.adapters.postgres_programs import Account, PostgresUnusable, find_programs, server_account
from api.adapters.processes import SYSTEM_PATH, Push, end, tied_to_us

SUPERUSER = "postgres"
PORT = 5432
"""Part of the socket's file name only; nothing listens on it."""

SOCKETS_PARENT = Path("/tmp")  # noqa: S108  made by mkdtemp with mode 0700; TMPDIR may be too long for a socket
SOCKETS_PREFIX = "gridpatrol-"

LONGEST_DATA_PATH = 900
"""Bytes. PostgreSQL cuts paths at 1024 and needs room for the names inside its data folder."""

START_PATIENCE_S = 300.0
"""Recovery after a crash replays the log; a slow disk takes minutes, and giving up would only repeat it."""

FAST_STOP = (Push(signal.SIGINT, 30), Push(signal.SIGQUIT, 10))
"""PostgreSQL's words: SIGINT ends sessions and writes a checkpoint, SIGQUIT leaves the rest to recovery."""

UNSAFE_SETTINGS = ("fsync", "full_page_writes")
"""What a database that is thrown away may switch off: they guard against power cuts, not killed processes."""

LOG_BYTES = 10_000_000

ENVIRONMENT: Mapping[str, str] = {"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""All that PostgreSQL's programs see of the environment: no PGDATA, PGHOST, PGSERVICE or PGOPTIONS."""


class ClusterFailed(Exception):  # noqa: N818  a sentence for the person who starts the program
    """The cluster did not start or stop as it should; the text has the server's last words."""


class Server:
    """The server program over one data folder, `place/data`."""

    def __init__(self, place: Path, *, durable: bool) -> None:
        self.place = place
        self.data = place / "data"
        self._sockets = place / "sockets"
        self.durable = durable
        self.account: Account | None = server_account(self.data)
        self.programs = find_programs(_major_of(self.data))

    def make_data(self, superuser_password: str) -> None:
        """Make the data folder unless it exists: complete or not at all."""
        if self.data.exists():
            return
        draft = self.place / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        with self._opened(draft) as folder, tempfile.NamedTemporaryFile("w", dir=SOCKETS_PARENT) as password:
            password.write(superuser_password)
            password.flush()
            if self.account:
                os.fchown(password.fileno(), self.account.uid, self.account.gid)
            command = [self.programs.path("initdb"), f"--pgdata={self._path_for_server(draft, folder)}"]
            command += [f"--username={SUPERUSER}", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
            command += [
                "--auth=scram-sha-256",
                f"--pwfile={password.name}",
                *([] if self.durable else ["--no-sync"]),
            ]
            done = self._start(tied_to_us(command, signal.SIGTERM), folder, subprocess.PIPE)
            words, _ = done.communicate()
        if done.returncode != 0:
            raise ClusterFailed(
                f"initdb could not make {self.data}:\n{words.decode(errors='replace').strip()}"
            )
        draft.rename(self.data)
        sync_folder(self.place)

    @contextlib.contextmanager
    def running(self) -> Generator[tuple[Path, subprocess.Popen[bytes]]]:
        """Run the server until the block ends; yield, once it accepts connections, its socket's folder and it."""
        with self._opened(self.data) as folder:
            self._end_leftovers(folder)
            with self._socket_folder() as sockets:
                command = [self.programs.path("postgres"), "-D", self._path_for_server(self.data, folder)]
                command += [f"--{name}={value}" for name, value in self._settings(sockets).items()]
                with self._log() as log:
                    process = self._start(tied_to_us(command, signal.SIGINT), folder, log)
                try:
                    self._wait_until_ready(process)
                    yield sockets, process
                finally:
                    end(process, *FAST_STOP)

    def _settings(self, sockets: Path) -> dict[str, str]:
        settings = {
            "cluster_name": sockets.name,  # stands in the command line of every process: see _end_leftovers
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "log_destination": "stderr",
            "logging_collector": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_wal_size": "512MB",  # a demo should not fill a small disk
            "random_page_cost": "1.1",  # disks without a moving arm
            "jit": "off",  # compiling takes longer than any of our statements
        }
        return settings if self.durable else settings | dict.fromkeys(UNSAFE_SETTINGS, "off")

    @contextlib.contextmanager
    def _socket_folder(self) -> Generator[Path]:
        """Make a short private folder for the socket (its path may have 107 bytes, a home is often deeper).

        `place/sockets` points to it: for `psql -h`, and so that a successor finds it should we be killed.
        """
        if former := self._former_sockets():
            shutil.rmtree(former, ignore_errors=True)
        self._sockets.unlink(missing_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir=SOCKETS_PARENT))
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)
        self._sockets.symlink_to(folder)
        try:
            yield folder
        finally:
            self._sockets.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    def _former_sockets(self) -> Path | None:
        """Return the socket folder that a killed predecessor left, with the name of its cluster."""
        if not self._sockets.is_symlink():
            return None
        former = self._sockets.readlink()
        ours = former.parent == SOCKETS_PARENT and former.name.startswith(SOCKETS_PREFIX)
        return former if ours else None

    @contextlib.contextmanager
    def _opened(self, data: Path) -> Generator[int]:
        """Open a data folder for the server: its user owns it, all its processes inherit it."""
        if self.account:
            os.chown(data, self.account.uid, self.account.gid)
        folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield folder
        finally:
            os.close(folder)

    def _path_for_server(self, data: Path, folder: int) -> str:
        """Return the name by which the server's user reaches `data`.

        Usually its path. Where the user may not pass a parent folder (root's home), or the path is too long,
        the inherited descriptor is the way: opening `/proc/self/fd/N` passes no parent.
        """
        if len(os.fsencode(data)) <= LONGEST_DATA_PATH and self._can_enter(str(data), folder):
            return str(data)
        by_descriptor = f"/proc/self/fd/{folder}"
        if self._can_enter(by_descriptor, folder):
            return by_descriptor
        user = self.account.name if self.account else "this user"
        raise PostgresUnusable(
            f"user {user} can't enter {self.place}: mount /proc, or set GRIDPATROL_HOME to a folder within reach."
        )

    def _can_enter(self, path: str, folder: int) -> bool:
        command = ["/bin/sh", "-c", 'cd "$1" && ls . >/dev/null', "sh", path]
        return self._start(command, folder, subprocess.DEVNULL).wait() == 0

    def _start(self, command: list[str], folder: int, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program as the server's user, out of Ctrl-C's reach: stopping in order is our task."""
        try:
            return subprocess.Popen(  # noqa: S603  programs that find_programs found, arguments of ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",  # PostgreSQL before 16 fails in a working directory that it can't come back to
                env=ENVIRONMENT,
                pass_fds=[folder],
                start_new_session=True,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
            )
        except PermissionError as error:
            raise PostgresUnusable(f"programs can't be started as another user here ({error}).") from error

    def _end_leftovers(self, folder: int) -> None:
        """End what a killed predecessor left running, then claim the data.

        The claim is on the data folder's descriptor, which every process of the server inherits: it is free
        exactly when the last of them has ended, the busy ones that outlive a killed postmaster included.
        Once it is ours, a `postmaster.pid` is stale whatever it names; PostgreSQL would refuse to start if
        that id belonged to another process by now.
        """
        for push in (*FAST_STOP, Push(signal.SIGKILL, 10)):
            if _lock_within(folder, 0):
                break
            for pid in self._leftovers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, push.signal)
            if _lock_within(folder, push.patience_s):
                break
        else:
            raise ClusterFailed(f"an earlier server still works in {self.data} and does not end.")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _leftovers(self) -> list[int]:
        """Return the running processes of the predecessor.

        They carry its cluster's name, a random one, in their command lines, so a recycled id is not mistaken
        for one of them. Finds nothing without `/proc`; then patience has to do.
        """
        former = self._former_sockets()
        if former is None:
            return []
        owner, name = self.data.stat().st_uid, former.name.encode()
        found: list[int] = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended since the listing
                is_postgres = (process / "comm").read_text().strip() == "postgres"
                if (
                    is_postgres
                    and process.stat().st_uid == owner
                    and name in (process / "cmdline").read_bytes()
                ):
                    found.append(int(process.name))
        return found

    def _log(self) -> IO[bytes]:
        log = self.place / "log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.rename(self.place / "log.1")
        return open(log, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the eighth line of postmaster.pid, where the server notes its state (as pg_ctl does)."""
        deadline = time.monotonic() + START_PATIENCE_S
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                lines = (self.data / "postmaster.pid").read_text().splitlines()
                if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":  # noqa: PLR2004
                    return
            time.sleep(0.02)
        words = (self.place / "log").read_text(errors="replace").splitlines()[-15:]
        raise ClusterFailed("the private PostgreSQL did not start; its last words:\n" + "\n".join(words))


def _major_of(data: Path) -> int | None:
    """Return the release that made `data`, or None when there are no data yet."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _lock_within(descriptor: int, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True
