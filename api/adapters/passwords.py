"""Passwords, kept as Argon2id hashes only.

Each hash takes memory and time on purpose. So it is done in a worker thread, few at once, and in a bounded
queue: a flood of sign-ins must not take the machine away from the people who are working.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from secrets import token_urlsafe
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from api.domain.errors import TooManyAttempts

Result = TypeVar("Result")

# OWASP's first choice for Argon2id: 46 MiB, one pass, one lane; about 50 ms of one core.
_MEMORY_KIB = 46 * 1024
_PASSES = 1
_LANES = 1
_argon2id = PasswordHash((Argon2Hasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES),))

HASHES_AT_ONCE = 2
LONGEST_QUEUE = 100
"""A longer queue would only hand out answers that nobody waits for any more."""

BUSY_RETRY_S = 5


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the password was right, and the hash to keep instead when the kept one is out of date."""

    is_right: bool
    new_hash: str | None


async def hash_password(password: str) -> str:
    """Return the hash to keep; raises TooManyAttempts when too many wait for theirs."""
    return await _in_turn(lambda: _argon2id.hash(password))


async def verify_password(password: str, kept_hash: str | None) -> Verification:
    """Compare a password with a kept hash; without one the answer is no, after just as much work.

    So nobody can tell by the time it takes whether an account exists. Raises TooManyAttempts when too many
    wait for theirs.
    """
    return await _in_turn(lambda: _verify(password, kept_hash))


def _verify(password: str, kept_hash: str | None) -> Verification:
    if kept_hash is None:
        _argon2id.verify(password, _nobodys_hash())
        return Verification(is_right=False, new_hash=None)
    return Verification(*_argon2id.verify_and_update(password, kept_hash))


@cache
def _nobodys_hash() -> str:
    return _argon2id.hash(token_urlsafe())


class _Queue:
    """Who is hashing and who waits for it; one per event loop, as what it waits with belongs to the loop."""

    def __init__(self) -> None:
        self.limiter = CapacityLimiter(HASHES_AT_ONCE)
        self.length = 0


_queue: RunVar[_Queue] = RunVar("argon2_queue")


async def _in_turn(work: Callable[[], Result]) -> Result:
    try:
        queue = _queue.get()
    except LookupError:
        queue = _Queue()
        _queue.set(queue)
    # Not the limiter's own statistics: those who came at this very moment are not in them yet.
    if queue.length >= HASHES_AT_ONCE + LONGEST_QUEUE:
        raise TooManyAttempts("Many people are signing in right now.", retry_after_s=BUSY_RETRY_S)
    queue.length += 1
    try:
        return await to_thread.run_sync(work, limiter=queue.limiter)
    finally:
        queue.length -= 1
