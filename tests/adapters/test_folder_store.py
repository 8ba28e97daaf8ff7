"""What only a folder has to prove: privacy, killed writers, leftovers."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from api.adapters.file_store import KeyTaken
from api.adapters.folder_store import FolderStore

KEY = "photos/ab/cd/0198f0c2-0000-7000-8000-000000000001/original"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


async def keys(store: FolderStore) -> list[str]:
    return sorted([found.key async for found in store.files()])


def everything_in(folder: Path) -> list[Path]:
    return [folder, *sorted(folder.rglob("*"))]


async def test_nobody_else_can_read_the_folder(folder: Path) -> None:
    previous = os.umask(0)
    try:
        await FolderStore(folder).put(KEY, b"x")
    finally:
        os.umask(previous)
    for path in everything_in(folder):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


async def test_a_removed_file_leaves_no_empty_folders(folder: Path) -> None:
    store = FolderStore(folder)
    await store.put(KEY, b"x")
    await store.put("photos/ab/other", b"x")
    await store.delete(KEY)
    assert everything_in(folder / "photos") == [
        folder / name for name in ("photos", "photos/ab", "photos/ab/other")
    ]
    await store.delete("photos/ab/other")
    assert everything_in(folder) == [folder, folder / ".partial"]


async def test_a_name_is_either_a_file_or_a_folder(folder: Path) -> None:
    store = FolderStore(folder)
    await store.put("photos/a", b"x")
    with pytest.raises(KeyTaken):
        await store.put("photos/a/b", b"x")
    with pytest.raises(KeyTaken):
        await store.put("photos", b"x")


async def test_links_planted_in_the_folder_are_not_listed(folder: Path, tmp_path: Path) -> None:
    store = FolderStore(folder)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/secret").write_text("x")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    assert await keys(store) == []


async def test_a_disk_that_refuses_is_an_error_and_keeps_nothing_partial(folder: Path) -> None:
    store = FolderStore(folder)
    await store.put("photos/a", b"x")
    (folder / "photos" / "b").symlink_to("b")  # a loop: the last step of storing fails, as root too
    with pytest.raises(OSError, match="symbolic links"):
        await store.put("photos/b/c", b"x")
    assert list((folder / ".partial").iterdir()) == []


async def test_only_old_leftovers_are_swept(folder: Path) -> None:
    store = FolderStore(folder)
    now = datetime.now(UTC)
    for name, age in (("dead", timedelta(hours=3)), ("living", timedelta(minutes=1))):
        leftover = folder / ".partial" / name
        leftover.write_bytes(b"half")
        then = (now - age).timestamp()
        os.utime(leftover, (then, then))
    assert await store.sweep_partial(now - timedelta(hours=1)) == 1
    assert [path.name for path in (folder / ".partial").iterdir()] == ["living"]
    assert await keys(store) == []


WRITER = textwrap.dedent("""
    import hashlib, os, sys
    from pathlib import Path
    import anyio
    from api.adapters.folder_store import FolderStore

    async def main() -> None:
        store = FolderStore(Path(sys.argv[1]))
        size = int(sys.argv[2])
        while True:
            data = os.urandom(64) * (size // 64)
            await store.put("photos/" + hashlib.sha256(data).hexdigest(), data)
            print("stored", flush=True)

    anyio.run(main)
""")


def start_writer(folder: Path, size: int) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", WRITER, str(folder), str(size)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the writer did not start"
        time.sleep(0.0005)


async def test_a_writer_killed_in_the_middle_leaves_no_file_and_its_leftover_is_swept(folder: Path) -> None:
    partial = folder / ".partial"
    for _ in range(10):  # on a busy machine the writer may be through before the signal
        with start_writer(folder, 64 * 1024 * 1024) as writer:
            wait_for(lambda: partial.is_dir() and any(path.stat().st_size for path in partial.iterdir()))
            writer.send_signal(signal.SIGKILL)
            announced = writer.communicate()[0].count("stored\n")
        stored = len(await keys(FolderStore(folder)))
        assert stored in {announced, announced + 1}
        if stored == 0:
            break
        shutil.rmtree(folder)
    store = FolderStore(folder)
    assert len(everything_in(partial)) == 2
    assert await store.sweep_partial(datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert everything_in(partial) == [partial]


async def test_whenever_a_writer_is_killed_every_file_is_whole(folder: Path) -> None:
    announced = 0
    for turn in range(6):
        with start_writer(folder, 1024 * 1024) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "stored\n"
            await anyio.sleep(turn * 0.003)
            writer.send_signal(signal.SIGKILL)
            announced += 1 + writer.stdout.read().count("stored\n")
    store = FolderStore(folder)
    stored = [one async for one in store.files("photos")]
    assert len(stored) >= announced
    for one in stored:
        assert one.key == "photos/" + hashlib.sha256(await store.get(one.key)).hexdigest()
