"""Pictures are decoded in processes of their own (`image_worker`), which are kept: starting one takes half a second.

A process is bound by the kernel in memory and processor time. When a picture ends it all the same, the next picture
gets another one, and so does, once, the picture itself: perhaps the machine was short of memory, and nothing was
wrong with it.
"""

import asyncio
import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import tzinfo
from functools import partial
from threading import Timer
from typing import Any, Final

from api.adapters.image_facts import DEFAULT_LIMITS, ImageLimits, ProcessedImage
from api.adapters.image_messages import (
    REFUSALS,
    Ended,
    Message,
    image_from_message,
    print_from_message,
    receive,
    send,
    zone_as_json,
)
from api.adapters.image_refusals import ImageBomb, ImageDamaged
from api.adapters.processes import SYSTEM_PATH, tied_to_us
from api.domain.pictures import PicturePrint

PROCESSES: Final = max(2, min(4, os.cpu_count() or 1))
"""Pictures that one process of ours has decoded at the same time."""

MEMORY_BASE_BYTES: Final = 768 * 2**20
"""Address space of an idle process with its libraries, three quarters of which are never touched."""
MEMORY_PER_PIXEL: Final = 20
"""Bytes. The worst that was measured is 17, for a WebP with transparency."""
CPU_S: Final = 30
PATIENCE_S: Final = 60.0
"""Of the clock on the wall: a busy machine may take its time over the seconds of its processor. Who runs out of this
one before those was held up by the machine."""

PICTURES_MAX: Final = 1_000
"""After so many a process ends, and with it whatever leaked in a decoder."""

ANSWER_BYTES_MAX: Final = 64 * 2**20

_ENVIRONMENT: Final = {
    "PATH": SYSTEM_PATH,
    "OPENBLAS_NUM_THREADS": "1",  # numpy's library would reserve memory for each core
    "MALLOC_ARENA_MAX": "2",  # and the C library for each thread
}


class ImageProcessLost(Exception):  # noqa: N818  of the machine, not of the picture
    """Pictures can't be decoded right now."""


async def process_image_apart(
    data: bytes, *, declared_type: str | None, default_zone: tzinfo, limits: ImageLimits = DEFAULT_LIMITS
) -> ProcessedImage:
    """Do `images.process_image` in a process of its own.

    Raises ImageRefused, also (ImageBomb) when the picture takes more memory or time than it may, and
    ImageProcessLost when the machine, not the picture, seems to be the reason. A caller who goes away does not stop a
    decoding that has begun.
    """
    head = {
        "task": "process",
        "declared_type": declared_type,
        "zone": zone_as_json(default_zone),
        "max_bytes": limits.max_bytes,
        "max_pixels": limits.max_pixels,
    }
    answer = await _ask(head, data, limits.max_pixels)
    try:
        return image_from_message(answer)
    except Ended as error:
        raise ImageProcessLost("the process that decodes pictures answers nonsense") from error


async def stamp_apart(copy: bytes, lines: Sequence[str]) -> bytes:
    """Do `image_stamps.stamp` in a process of its own; raises ImageProcessLost."""
    _, (stamped,) = await _ask({"task": "stamp", "lines": list(lines)}, copy, DEFAULT_LIMITS.max_pixels)
    return stamped


async def read_print_apart(data: bytes) -> PicturePrint:
    """Do `images.read_print` in a process of its own; raises ImageRefused and ImageProcessLost."""
    answer = await _ask({"task": "print"}, data, DEFAULT_LIMITS.max_pixels)
    try:
        return print_from_message(answer)
    except Ended as error:
        raise ImageProcessLost("the process that decodes pictures answers nonsense") from error


async def _ask(head: dict[str, Any], data: bytes, max_pixels: int) -> Message:
    bounds = {"memory_bytes": MEMORY_BASE_BYTES + MEMORY_PER_PIXEL * max_pixels, "cpu_s": CPU_S}
    # Threads of this pool live as long as we do, which `tied_to_us` needs: the kernel ends a process with the
    # thread that started it.
    asked = _THREADS.submit(partial(_ask_own, {**head, **bounds}, data))
    answer, blobs = await asyncio.wrap_future(asked)
    if "refused" in answer:
        raise REFUSALS[answer["refused"]](answer["detail"])
    return answer, blobs


def _ask_own(head: dict[str, Any], data: bytes) -> Message:
    """Ask the process of this thread, and a new one if that ends."""
    for is_last in (False, True):
        process = _own_process()
        answer = process.ask(head, data)
        if answer is not None:
            return answer
        _processes.pop(threading.get_ident(), None)
        if process.ended_by is signal.SIGXCPU:
            raise ImageBomb("decoding it takes more time than a picture may take")
        if process.was_slow:
            break
        if is_last and process.ended_by in {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE}:
            raise ImageDamaged("the picture ends its decoder")
    raise ImageProcessLost("the process that decodes pictures ended")


class _Process:
    """A running worker, used by one thread."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-m", "api.adapters.image_worker"]
        self._running = subprocess.Popen(  # noqa: S603  ourselves
            tied_to_us(command, signal.SIGKILL),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
        )
        assert self._running.stdin is not None  # noqa: S101  asked for
        assert self._running.stdout is not None  # noqa: S101  asked for
        self._requests, self._answers = self._running.stdin, self._running.stdout
        self.was_slow = False
        self.pictures = 0

    @property
    def is_alive(self) -> bool:
        """Tell whether it can be asked."""
        return self._running.poll() is None

    @property
    def ended_by(self) -> signal.Signals | None:
        """The signal that ended it."""
        code = self._running.returncode
        return signal.Signals(-code) if code is not None and code < 0 else None

    def ask(self, head: dict[str, Any], data: bytes) -> Message | None:
        """Return the answer; None when the process ended meanwhile."""
        self.pictures += 1
        watch = Timer(PATIENCE_S, self._end_slow)
        watch.start()
        try:
            send(self._requests, head, [data])
            return receive(self._answers, ANSWER_BYTES_MAX)
        except (Ended, OSError):
            self.end()
            return None
        except BaseException:
            # Half an answer may stand in the pipe: nobody may take it for the next one.
            self.end()
            raise
        finally:
            watch.cancel()

    def _end_slow(self) -> None:
        self.was_slow = True
        self._running.kill()

    def end(self) -> None:
        """End it, and wait until it has."""
        with suppress(OSError):  # what it was not sent any more
            self._requests.close()
        self._answers.close()
        with suppress(subprocess.TimeoutExpired):
            self._running.wait(1)
        self._running.kill()
        self._running.wait()


_THREADS: Final = ThreadPoolExecutor(PROCESSES, thread_name_prefix="images")
_processes: dict[int, _Process] = {}
"""By the thread that started it, which alone uses it."""


def _own_process() -> _Process:
    thread = threading.get_ident()
    process = _processes.get(thread)
    if process is not None and (process.pictures >= PICTURES_MAX or not process.is_alive):
        process.end()
        process = None
    if process is None:
        process = _processes[thread] = _Process()
    return process


@atexit.register
def _end_all() -> None:
    # The threads have ended before us.
    for process in _processes.values():
        process.end()
