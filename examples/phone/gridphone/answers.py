"""What can come back instead of what was asked for."""

from typing import Any


class Cut(Exception):  # noqa: N818  nobody's error
    """The network failed or the server was away: whether it did what it was asked is not known.

    That is no reason to tell anybody, only to send the same again later. `wait_s` is how long the server asked to be
    left alone.
    """

    def __init__(self, why: str, wait_s: float = 0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Problem(Exception):  # noqa: N818  RFC 9457's word
    """The server understood and said no; `code` is for programs, `facts` hold what helps to go on."""

    def __init__(self, status: int, facts: dict[str, Any]) -> None:
        super().__init__(facts.get("detail") or facts.get("title") or f"The server answered {status}.")
        self.status = status
        self.facts = facts
        self.code: str = facts.get("code", f"http_{status}")


class SignInNeeded(Exception):  # noqa: N818  an ordinary thing
    """The person has to type the password again. What the phone holds stays and is sent after that."""
