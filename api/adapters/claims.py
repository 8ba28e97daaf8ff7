"""One process at a time: a claim on a file that ends with the process, however it ends."""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path


class AlreadyClaimed(Exception):  # noqa: N818  a fact about another process, not an error of ours
    """Another living process holds the claim; `holder` is how it describes itself."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


@contextlib.contextmanager
def claim(path: Path, ourselves: str) -> Generator[None]:
    """Hold the claim on `path`, saying in the file who we are; raise `AlreadyClaimed` when it is held.

    The kernel drops the claim (`flock`) with our last descriptor, so a killed holder leaves nothing to clean
    up and a recycled process id can't be mistaken for it. Programs we start do not inherit the descriptor.
    The file itself stays: removing it would let two processes hold claims on two files of one name.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyClaimed(_text(descriptor)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{ourselves}, process {os.getpid()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def claim_holder(path: Path) -> str | None:
    """Return how the living holder of the claim on `path` describes itself, or None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _text(descriptor)
    finally:
        os.close(descriptor)
    return None


def _text(descriptor: int) -> str:
    return os.pread(descriptor, 4096, 0).decode(errors="replace") or "a process that is just starting"
