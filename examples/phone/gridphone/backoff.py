"""How long to wait before trying again."""

import asyncio
import random
from collections.abc import Callable

FIRST_S = 0.5
LONGEST_S = 60.0

LOOK_S = 0.2
"""How often somebody who waits looks whether there is something else to do."""


def pause_s(failures: int, asked_s: float = 0) -> float:
    """Return how long to wait after this many failures in a row: ever longer, and never what others wait.

    A server that was away comes back to all its phones at once. Chance spreads them, or they would knock it over again
    together. What the server asked for (`Retry-After`) is the least.
    """
    longest = min(LONGEST_S, FIRST_S * 2**failures)
    return asked_s + random.uniform(longest / 2, longest)  # noqa: S311  chance, not a secret


async def pause(seconds: float, until: Callable[[], bool]) -> None:
    """Wait so long, or until there is something else to do."""
    end = asyncio.get_running_loop().time() + seconds
    while not until() and (left := end - asyncio.get_running_loop().time()) > 0:  # noqa: ASYNC110  nobody tells us
        await asyncio.sleep(min(left, LOOK_S))
