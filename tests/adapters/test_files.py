"""The file store: what was put is there, whole and unchanged, whatever happens meanwhile."""

import os
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from api.adapters.bucket_store import BucketStore
from api.adapters.file_store import MAX_KEY, check_key
from api.adapters.files import FileMissing, FileStore, KeyMalformed, KeyTaken, StoreUnavailable, open_store
from api.adapters.folder_store import FolderStore
from tests.bucket_server import BucketServer

KEY = "photos/ab/cd/0198f0c2-0000-7000-8000-000000000001/original"
MALFORMED = [
    "",
    "/etc/passwd",
    "../secret",
    "photos/../../secret",
    "photos/./a",
    "photos//a",
    "photos/",
    ".partial/a",
    "photos/.hidden",
    "photos\\a",
    "photos/a b",
    "photos/a\n",
    "photos/a\0",
    "照片/a",
    "a" * (MAX_KEY + 1),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture(params=["folder", "objects", "s3"])
def store(request: pytest.FixtureRequest, folder: Path) -> FileStore:
    if request.param == "s3":
        return open_store(request.getfixturevalue("bucket"))
    return FolderStore(folder) if request.param == "folder" else BucketStore(MemoryStore())


async def keys(store: FileStore, folder: str | None = None) -> list[str]:
    return sorted([found.key async for found in store.files(folder)])


async def read_in_pieces(store: FileStore, key: str) -> tuple[int, bytes]:
    opened = await store.open(key)
    return opened.size_bytes, b"".join([chunk async for chunk in opened.chunks])


async def test_what_was_put_can_be_read_whole_and_in_pieces(store: FileStore) -> None:
    data = os.urandom(1_000_003)
    await store.put(KEY, data)
    assert await store.get(KEY) == data
    assert await read_in_pieces(store, KEY) == (len(data), data)


async def test_an_empty_file_is_a_file(store: FileStore) -> None:
    await store.put(KEY, b"")
    assert await store.get(KEY) == b""
    assert await read_in_pieces(store, KEY) == (0, b"")


async def test_the_same_content_may_be_put_again(store: FileStore) -> None:
    await store.put(KEY, b"proof")
    await store.put(KEY, b"proof")
    assert await keys(store) == [KEY]


async def test_another_content_never_replaces_the_first(store: FileStore) -> None:
    await store.put(KEY, b"proof")
    with pytest.raises(KeyTaken):
        await store.put(KEY, b"forgery")
    assert await store.get(KEY) == b"proof"


async def test_what_was_never_put_is_missing(store: FileStore) -> None:
    await store.put("photos/a/original", b"x")
    for absent in (KEY, "photos/a", "photos/a/original/x"):
        with pytest.raises(FileMissing):
            await store.get(absent)
        with pytest.raises(FileMissing):
            await store.open(absent)


async def test_removing_is_repeatable_and_frees_the_key(store: FileStore) -> None:
    await store.put(KEY, b"one")
    await store.delete(KEY)
    await store.delete(KEY)
    await store.delete("never/was")
    with pytest.raises(FileMissing):
        await store.get(KEY)
    await store.put(KEY, b"two")
    assert await store.get(KEY) == b"two"


async def test_a_listing_names_every_file_with_size_and_age(store: FileStore) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    wanted = {f"photos/{number % 7}/{number}/thumb": number for number in range(1, 1300)}
    for key, size in wanted.items():
        await store.put(key, b"x" * size)
    found = [one async for one in store.files()]
    assert {one.key: one.size_bytes for one in found} == wanted
    assert len(found) == len(wanted)
    assert all(before <= one.modified_at <= datetime.now(UTC) + timedelta(seconds=5) for one in found)


async def test_a_listing_can_be_limited_to_a_folder(store: FileStore) -> None:
    for key in ("photos/a/1", "photos/ab/2", "exports/3"):
        await store.put(key, b"x")
    assert await keys(store, "photos") == ["photos/a/1", "photos/ab/2"]
    assert await keys(store, "photos/a") == ["photos/a/1"]
    assert await keys(store, "none") == []


async def test_a_listing_may_be_left_early(store: FileStore) -> None:
    for number in range(20):
        await store.put(f"photos/{number}/a", b"x")
    async with aclosing(store.files()) as listing:
        assert (await anext(listing)).key.startswith("photos/")


async def test_a_file_may_be_opened_and_not_read(store: FileStore) -> None:
    await store.put(KEY, b"x")
    opened = await store.open(KEY)
    await opened.chunks.aclose()


@pytest.mark.parametrize("key", MALFORMED)
async def test_what_is_no_key_is_refused_everywhere(store: FileStore, key: str) -> None:
    with pytest.raises(KeyMalformed):
        await store.put(key, b"x")
    with pytest.raises(KeyMalformed):
        await store.get(key)
    with pytest.raises(KeyMalformed):
        await store.open(key)
    with pytest.raises(KeyMalformed):
        await store.delete(key)
    if key:
        with pytest.raises(KeyMalformed):
            await keys(store, key)


@given(st.text(st.sampled_from("a./\\-_\0~é "), max_size=30))
def test_no_key_leads_out_of_the_folder(key: str) -> None:
    root = Path("/srv/files")
    try:
        check_key(key)
    except KeyMalformed:
        return
    path = Path(os.path.normpath(root / key))
    assert path.is_relative_to(root)
    assert path != root
    assert not path.relative_to(root).parts[0].startswith(".")


async def test_of_many_different_contents_at_once_exactly_one_stays(store: FileStore) -> None:
    contents = [bytes([number]) * 70_000 for number in range(20)]
    stored: list[bytes] = []

    async def put(data: bytes) -> None:
        try:
            await store.put(KEY, data)
        except KeyTaken:
            return
        stored.append(data)

    async with anyio.create_task_group() as group:
        for data in contents:
            group.start_soon(put, data)
    assert len(stored) == 1
    assert await store.get(KEY) == stored[0]


async def test_the_same_content_many_times_at_once_succeeds_each_time(store: FileStore) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(store.put, KEY, b"proof" * 10_000)
    assert await store.get(KEY) == b"proof" * 10_000


async def test_neighbours_may_be_removed_while_files_are_put(store: FileStore) -> None:
    async def put_and_remove(number: int) -> None:
        for turn in range(15):
            key = f"photos/ab/{turn % 2}/{number}"
            await store.put(key, b"x")
            await store.delete(key)

    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(put_and_remove, number)
    assert await keys(store) == []


# Which store a setting names.


async def test_a_store_opens_by_url_and_by_path(tmp_path: Path) -> None:
    await open_store(str(tmp_path / "plain")).put("a", b"x")
    await open_store((tmp_path / "with space").as_uri()).put("a", b"x")
    assert (tmp_path / "plain/a").read_bytes() == b"x"
    assert (tmp_path / "with space/a").read_bytes() == b"x"


async def test_a_bucket_that_is_not_there_is_told_when_it_is_needed(bucket: str) -> None:
    store = open_store(bucket.replace("photos-", "none-"))
    with pytest.raises(StoreUnavailable):
        await store.put(KEY, b"x")


async def test_a_server_that_does_not_answer_is_told_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    server = BucketServer()
    for name, value in server.environment.items():  # it is not started
        monkeypatch.setenv(name, value)
    store = open_store("s3://photos")
    with anyio.fail_after(60):
        with pytest.raises(StoreUnavailable):
            await store.put(KEY, b"x")
        with pytest.raises(StoreUnavailable):
            await store.get(KEY)


def test_a_bucket_opens_without_asking_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    assert isinstance(open_store("s3://photos/prefix"), BucketStore)


@pytest.mark.parametrize("url", ["", "ftp://host/a", "file://elsewhere/srv", "https://host/bucket"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        open_store(url)


def test_a_folder_that_can_not_be_made_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        open_store(str(tmp_path / "file" / "files"))
