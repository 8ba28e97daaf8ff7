"""The sign-in as the phone keeps it: who, and the two tokens."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from gridphone.store import Store

EARLY = timedelta(seconds=60)
"""So long before its end an access token is exchanged, while it still could carry a request or two."""


class Tokens:
    """The tokens of whoever is signed in, in the phone's file. The password is not kept."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    @property
    def username(self) -> str | None:
        """Whose phone this is, also after the sign-in has ended."""
        return self._store.fact("username")

    @property
    def refresh_token(self) -> str | None:
        """What the next pair of tokens is got for; None: sign in."""
        return self._store.fact("refresh_token")

    @property
    def access_token(self) -> str | None:
        """What requests are sent with."""
        return self._store.fact("access_token")

    @property
    def is_fresh(self) -> bool:
        """Whether the access token is good for a while, by the phone's clock; a 401 knows better."""
        good_until = self._store.fact("good_until")
        return good_until is not None and datetime.fromisoformat(good_until) - EARLY > self._clock()

    def keep(self, answer: dict[str, Any], username: str | None = None) -> None:
        """Keep the tokens of an answer before anything is done with them: the ones before are used up."""
        good_until = self._clock() + timedelta(seconds=answer["expires_in"])
        self._store.note(
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
            good_until=good_until.isoformat(),
            username=username or self.username,
        )

    def forget(self) -> None:
        """Forget tokens that the server does not take any more."""
        self._store.note(access_token=None, refresh_token=None, good_until=None)
