"""Pictures are decoded in processes of their own: the same result, within bounds, and nobody else is harmed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, timedelta, timezone
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import ExifTags, Image

from api.adapters import image_messages, image_processes
from api.adapters.image_processes import (
    ImageProcessLost,
    process_image_apart,
    read_print_apart,
    stamp_apart,
)
from api.adapters.images import (
    ImageAnimated,
    ImageBomb,
    ImageDamaged,
    ImageLimits,
    ImageTypeUnsupported,
    NotAnImage,
    process_image,
    read_print,
)
from api.domain.pictures import SKETCH_BYTES
from tests.adapters.picture_files import MEDIA_TYPES, encoded, exif_block, noise, quarters, shown

SHANGHAI = ZoneInfo("Asia/Shanghai")
PICTURE = encoded(
    noise(640, 480), "JPEG", exif=exif_block(details={ExifTags.Base.DateTimeOriginal: "2026:11:22 09:31:05"})
)

THREAD = encoded(Image.new("L", (1, 40_000_000)), "PNG")
"""Forty million rows of one pixel: a small file of an allowed size that takes seconds."""


def children() -> list[int]:
    """Return the processes that decode pictures for this one."""
    ours = str(os.getpid())
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if stat[1] == ours and b"api.adapters.image_worker" in command:
                found.append(int(entry.name))
    return found


def environment(process: int) -> bytes:
    """Return what a process was given."""
    return Path(f"/proc/{process}/environ").read_bytes()


@pytest.mark.parametrize("kind", sorted(MEDIA_TYPES))
@pytest.mark.parametrize("zone", [SHANGHAI, UTC, timezone(timedelta(hours=-3))])
async def test_apart_the_result_is_the_same(kind: str, zone: timezone | ZoneInfo) -> None:
    block = exif_block(
        details={ExifTags.Base.DateTimeOriginal: "2026:11:22 09:31:05"},
        gps={1: "N", 2: (39.0, 54.0, 54.0), 3: "E", 4: (116.0, 24.0, 14.4)},
    )
    data = encoded(noise(500, 300), kind, exif=block)
    apart = await process_image_apart(data, declared_type=None, default_zone=zone)
    assert apart == process_image(data, declared_type=None, default_zone=zone)
    assert await read_print_apart(apart.thumb) == read_print(apart.thumb)


async def test_many_at_once_are_kept_apart() -> None:
    pictures = [encoded(noise(200 + number, 100), "PNG") for number in range(12)]
    done = await asyncio.gather(
        *(process_image_apart(data, declared_type=None, default_zone=UTC) for data in pictures)
    )
    assert [image.facts.width for image in done] == [200 + number for number in range(12)]
    assert 1 <= len(children()) <= image_processes.PROCESSES


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", NotAnImage),
        ("一张照片".encode(), NotAnImage),
        (encoded(quarters(), "GIF"), ImageTypeUnsupported),
        (encoded(quarters(), "WEBP", save_all=True, append_images=[noise(400, 240)]), ImageAnimated),
    ],
)
async def test_refusals_come_back_by_name_and_with_their_sentence(data: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind) as apart:
        await process_image_apart(data, declared_type=None, default_zone=UTC)
    with pytest.raises(kind) as here:
        process_image(data, declared_type=None, default_zone=UTC)
    assert str(apart.value) == str(here.value)


async def test_a_picture_that_needs_more_memory_than_it_may_is_refused_and_the_next_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_processes, "MEMORY_BASE_BYTES", 300 * 2**20)
    monkeypatch.setattr(image_processes, "MEMORY_PER_PIXEL", 0)
    large = encoded(Image.new("RGBA", (7000, 7000), (1, 2, 3, 128)), "PNG")
    with pytest.raises(ImageBomb, match="memory"):
        await process_image_apart(large, declared_type=None, default_zone=UTC)
    monkeypatch.undo()
    done = await process_image_apart(large, declared_type=None, default_zone=UTC)
    assert done.facts.width == 7000


async def test_a_picture_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_processes, "CPU_S", 0)
    with pytest.raises(ImageBomb, match="time"):
        await process_image_apart(THREAD, declared_type=None, default_zone=UTC)
    monkeypatch.undo()
    assert (await process_image_apart(PICTURE, declared_type=None, default_zone=UTC)).facts.width == 640


async def test_a_machine_that_is_too_busy_for_a_picture_is_not_the_pictures_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_processes, "PATIENCE_S", 0.01)
    started = time.monotonic()
    with pytest.raises(ImageProcessLost):
        await process_image_apart(THREAD, declared_type=None, default_zone=UTC)
    assert time.monotonic() - started < 20
    monkeypatch.undo()
    assert (await process_image_apart(PICTURE, declared_type=None, default_zone=UTC)).facts.width == 640


async def test_processes_that_were_killed_while_idle_are_replaced_unnoticed() -> None:
    await process_image_apart(PICTURE, declared_type=None, default_zone=UTC)
    for process in children():
        os.kill(process, signal.SIGKILL)
    assert (await process_image_apart(PICTURE, declared_type=None, default_zone=UTC)).facts.width == 640


async def _picture_that_ends_its_decoder(by: signal.Signals) -> None:
    """Process a picture while somebody ends every process that decodes."""
    asked = asyncio.create_task(process_image_apart(PICTURE, declared_type=None, default_zone=UTC))
    while not asked.done():
        for process in children():
            os.kill(process, by)
        await asyncio.sleep(0.02)
    await asked


async def test_a_picture_that_ends_its_decoder_twice_is_refused_as_damaged() -> None:
    with pytest.raises(ImageDamaged, match="decoder"):
        await _picture_that_ends_its_decoder(signal.SIGSEGV)


async def test_where_the_machine_ends_decoders_nobody_is_told_that_the_picture_is_wrong() -> None:
    with pytest.raises(ImageProcessLost):
        await _picture_that_ends_its_decoder(signal.SIGKILL)


async def test_the_process_has_nothing_of_ours_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDPATROL_TOKEN_KEY", "a secret")
    await process_image_apart(PICTURE, declared_type=None, default_zone=UTC)
    for process in children():
        assert b"GRIDPATROL" not in environment(process)


async def test_limits_go_along() -> None:
    with pytest.raises(Exception, match="at most 100 are taken"):
        await process_image_apart(
            PICTURE, declared_type=None, default_zone=UTC, limits=ImageLimits(max_pixels=100)
        )


async def test_a_watermark_is_drawn_apart() -> None:
    stamped = await stamp_apart(PICTURE, ["案卷号 E0406-20261122-000123", "网格员 A0032"])
    assert shown(stamped).size == (640, 480)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff{}",
        b"\0\0\0\x02{}",
        b"\0\0\0\x03abc",
        b'\0\0\0\x0f{"lengths": -1}',
        b'\0\0\0\x13{"lengths": [true]}',
        b'\0\0\0\x11{"lengths": [-1]}',
        b'\0\0\0\x11{"lengths": [99]}',
        b'\0\0\0\x10{"lengths": [5]}abc',
    ],
)
def test_what_is_no_message_of_ours_ends_the_conversation(said: bytes) -> None:
    with pytest.raises(image_messages.Ended):
        image_messages.receive(BytesIO(said), 10)


@pytest.mark.parametrize(
    ("phash", "sketch"),
    [
        (None, bytes(SKETCH_BYTES)),
        (5, b""),
        (5, bytes(SKETCH_BYTES - 1)),
        (1 << 63, bytes(SKETCH_BYTES)),
        ("5", bytes(SKETCH_BYTES)),
        (True, bytes(SKETCH_BYTES)),
    ],
)
def test_what_is_no_print_of_a_picture_is_not_taken_for_one(phash: object, sketch: bytes) -> None:
    head, blobs = image_messages.image_as_message(
        process_image(PICTURE, declared_type=None, default_zone=UTC)
    )
    for facts in ({**head, "phash": phash}, {**head, "phash": phash, "place": [1]}):
        with pytest.raises(image_messages.Ended):
            image_messages.image_from_message((facts, [*blobs[:2], sketch]))
    with pytest.raises(image_messages.Ended):
        image_messages.print_from_message(({"phash": phash}, [sketch]))


async def test_what_a_library_prints_is_not_read_as_an_answer(tmp_path: Path) -> None:
    printing = (
        "import os\n"
        "from api.adapters import image_worker\n"
        "kept = image_worker.process_image\n"
        "def process_image(*given, **named):\n"
        "    os.write(1, b'libsomething: warning')\n"
        "    return kept(*given, **named)\n"
        "image_worker.process_image = process_image\n"
        "image_worker.main()\n"
    )
    head = {"task": "process", "declared_type": None, "zone": 0, "max_bytes": 10**7, "max_pixels": 10**6}
    asked = BytesIO()
    image_messages.send(asked, {**head, "memory_bytes": 2**32, "cpu_s": 30}, [PICTURE])
    program = tmp_path / "printing.py"
    program.write_text(printing)
    ran = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(Path(image_messages.__file__).parents[2])},
    )
    answered, complained = await ran.communicate(asked.getvalue())
    image = image_messages.image_from_message(image_messages.receive(BytesIO(answered), 10**7))
    assert image.facts.width == 640
    assert b"libsomething" in complained


def test_the_house_loads_no_decoder() -> None:
    decoders = {"imagehash", "scipy", "pillow_heif", "PIL.JpegImagePlugin", "PIL.WebPImagePlugin"}
    program = f"import sys, api.app, api.worker; print(*sorted({decoders} & sys.modules.keys()))"
    ran = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []
