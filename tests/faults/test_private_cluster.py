"""The private cluster on real servers: made, found again, fought over, killed."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from api.adapters.embedded import ClusterBusy, PostgresUnusable, cluster_user, private_cluster
from api.adapters.postgres_programs import find_programs, server_account
from api.adapters.processes import Push, end

hasty_cluster = partial(private_cluster, durable=False)
"""Killed processes lose nothing with fsync off, only power cuts do; the disk is slow."""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")

HOLDER = """
import sys, time
from pathlib import Path
from api.adapters.embedded import private_cluster
with private_cluster(Path(sys.argv[1]), "a test", durable=False) as cluster:
    print(cluster.create_database("patrol"), flush=True)
    time.sleep(600)
"""
"""Another process that runs the cluster of a home, to be killed."""


@pytest.fixture
def home() -> Generator[Path]:
    """Return a home whose parents everybody may pass, unlike pytest's own folders."""
    with tempfile.TemporaryDirectory(prefix="gridpatrol-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "var"


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True, connect_timeout=10)


def ask(url: str, question: str) -> object:
    with connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def write_down(url: str, word: str) -> None:
    with connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (word text)")
        connection.execute("INSERT INTO note VALUES (%s)", (word,))


@contextmanager
def holder_of(home: Path) -> Generator[tuple[subprocess.Popen[bytes], str]]:
    command = [sys.executable, "-c", HOLDER, str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603  our own program
    assert process.stdout
    with process.stdout as output:
        try:
            yield process, output.readline().decode().strip()
        finally:
            end(process, Push(signal.SIGINT, 20))


def postmaster_of(home: Path) -> int:
    return int((home / "postgres/data/postmaster.pid").read_text().split()[0])


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_ended(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.02)


def test_a_first_start_gives_a_database_with_postgis_that_the_application_owns(home: Path) -> None:
    with private_cluster(home) as cluster:
        url = cluster.create_database("patrol")
        assert ask(url, "SELECT ST_AsText(ST_Point(116.4, 39.9))") == "POINT(116.4 39.9)"
        assert ask(url, "SELECT current_user") == "gridpatrol"
        assert ask(url, "SELECT usesuper FROM pg_user WHERE usename = current_user") is False
        assert ask(cluster.url, "SELECT usesuper FROM pg_user WHERE usename = current_user") is True
        assert ask(cluster.url, "SHOW data_checksums") == "on"
        assert ask(cluster.url, "SHOW fsync") == "on"
        assert ask(cluster.url, "SHOW listen_addresses") == ""
        assert ask(cluster.url, "SHOW server_encoding") == "UTF8"


def test_a_second_start_is_fast_and_finds_what_was_written(home: Path) -> None:
    with private_cluster(home) as cluster:
        write_down(cluster.create_database("patrol"), "kept")
    started = time.monotonic()
    with private_cluster(home) as cluster:
        assert ask(cluster.create_database("patrol"), "SELECT word FROM note") == "kept"
    assert time.monotonic() - started < 5


def test_nothing_is_left_when_the_block_ends(home: Path) -> None:
    with hasty_cluster(home):
        postmaster, sockets = postmaster_of(home), (home / "postgres/sockets").readlink()
        assert sockets.is_dir()
        assert cluster_user(home)
    assert not is_running(postmaster)
    assert not sockets.exists()
    assert cluster_user(home) is None


def test_passwords_and_data_are_private(home: Path) -> None:
    with hasty_cluster(home):
        for secret in (home / "postgres/secrets").iterdir():
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert stat.S_IMODE((home / "postgres/secrets").stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "postgres/data").stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "postgres/sockets").stat().st_mode) == 0o700


def test_a_wrong_password_is_refused(home: Path) -> None:
    with hasty_cluster(home) as cluster:
        guess = cluster.url.replace(cluster.superuser_password, "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(guess)


def test_two_homes_run_side_by_side(home: Path) -> None:
    with hasty_cluster(home / "one") as one, hasty_cluster(home / "two") as two:
        write_down(one.create_database("patrol"), "first")
        write_down(two.create_database("patrol"), "second")
        assert ask(one.create_database("patrol"), "SELECT string_agg(word, ' ') FROM note") == "first"
        assert ask(two.create_database("patrol"), "SELECT string_agg(word, ' ') FROM note") == "second"


def test_a_home_in_use_is_refused_with_the_name_of_its_user(home: Path) -> None:
    with holder_of(home) as (process, url):
        with pytest.raises(ClusterBusy, match=f"already in use by a test, process {process.pid}"):
            hasty_cluster(home).__enter__()
        assert ask(url, "SELECT 1") == 1


def test_variables_of_the_callers_own_postgresql_are_ignored(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "PGDATA",
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGSERVICE",
        "PGOPTIONS",
        "PGDATABASE",
    ):
        monkeypatch.setenv(name, "nonsense")
    with hasty_cluster(home) as cluster:
        cluster.create_database("patrol")


def test_a_very_deep_home_works(home: Path) -> None:
    deep = home.joinpath(*["a-folder-with-a-rather-long-name"] * 40)
    assert len(str(deep)) > 1100
    with hasty_cluster(deep) as cluster:
        write_down(cluster.create_database("patrol"), "deep")
    with hasty_cluster(deep) as cluster:
        assert ask(cluster.create_database("patrol"), "SELECT word FROM note") == "deep"


@needs_root
def test_a_home_that_the_servers_user_cannot_enter_works(home: Path) -> None:
    home.parent.chmod(0o700)
    for _ in range(2):
        with hasty_cluster(home) as cluster:
            write_down(cluster.create_database("patrol"), "hidden")
            assert Path(f"/proc/{postmaster_of(home)}").stat().st_uid != 0
    with hasty_cluster(home) as cluster:
        assert ask(cluster.create_database("patrol"), "SELECT count(*) FROM note") == 2


@needs_root
def test_data_of_somebody_else_are_refused_in_a_sentence(home: Path) -> None:
    with hasty_cluster(home):
        pass
    os.seteuid(65534)
    try:
        with pytest.raises(PostgresUnusable, match="belongs to user"):
            server_account(home / "postgres" / "data")
    finally:
        os.seteuid(0)


def test_data_of_a_release_that_is_gone_are_refused_in_a_sentence() -> None:
    with pytest.raises(PostgresUnusable, match="made by PostgreSQL 9, which is not installed"):
        find_programs(9)


def test_an_interrupted_initdb_is_begun_anew(home: Path) -> None:
    draft = home / "postgres" / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("15\n")
    with hasty_cluster(home) as cluster:
        assert ask(cluster.url, "SELECT 1") == 1
    assert not draft.exists()


def test_killing_only_the_process_that_started_it_ends_the_server_too(home: Path) -> None:
    with holder_of(home) as (process, url):
        write_down(url, "kept")
        postmaster, sockets = postmaster_of(home), (home / "postgres/sockets").readlink()
        process.kill()
        wait_until_ended(postmaster)
    with hasty_cluster(home) as cluster:
        assert ask(cluster.create_database("patrol"), "SELECT word FROM note") == "kept"
    assert not sockets.exists()


def test_killing_everything_is_recovered_from(home: Path) -> None:
    with holder_of(home) as (process, url):
        write_down(url, "committed")
        os.kill(postmaster_of(home), signal.SIGKILL)
        process.kill()
    with hasty_cluster(home) as cluster:
        assert ask(cluster.create_database("patrol"), "SELECT word FROM note") == "committed"


def test_a_busy_session_that_outlives_the_killed_server_is_ended_first(home: Path) -> None:
    with holder_of(home) as (process, url), connect(url) as busy:
        write_down(url, "committed")

        def keep_busy() -> None:
            with pytest.raises(psycopg.OperationalError):
                busy.execute("SELECT count(*) FROM generate_series(1, 100000000000)")

        session = threading.Thread(target=keep_busy)
        session.start()
        time.sleep(0.5)
        os.kill(postmaster_of(home), signal.SIGKILL)
        process.kill()
        process.wait()
        assert is_running(busy.info.backend_pid), "the session should have outlived the server"
        with hasty_cluster(home) as cluster:
            assert not is_running(busy.info.backend_pid)
            assert ask(cluster.create_database("patrol"), "SELECT word FROM note") == "committed"
        session.join()


def test_a_server_that_is_still_stopping_is_waited_for(home: Path) -> None:
    with holder_of(home) as (process, url):
        write_down(url, "kept")
        postmaster = postmaster_of(home)
        os.kill(postmaster, signal.SIGSTOP)
        process.kill()
        process.wait()
        waking = threading.Timer(1, os.kill, (postmaster, signal.SIGCONT))
        waking.start()
        with hasty_cluster(home) as cluster:
            assert ask(cluster.create_database("patrol"), "SELECT word FROM note") == "kept"
        waking.join()


def test_a_process_id_that_was_recycled_is_left_alone(home: Path) -> None:
    with holder_of(home) as (process, _):
        os.kill(postmaster_of(home), signal.SIGKILL)
        process.kill()
    note = home / "postgres/data/postmaster.pid"
    account = server_account(home / "postgres/data")
    innocent = subprocess.Popen(["/bin/sleep", "600"], user=account.uid if account else None)
    try:
        note.write_text("\n".join([str(innocent.pid), *note.read_text().split("\n")[1:]]))
        with hasty_cluster(home) as cluster:
            assert ask(cluster.url, "SELECT 1") == 1
        assert innocent.poll() is None
    finally:
        end(innocent)
