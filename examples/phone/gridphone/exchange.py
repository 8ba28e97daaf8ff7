"""What one round of exchange brought."""

from dataclasses import dataclass
from typing import Any

from gridphone.answers import Problem


@dataclass(slots=True)
class Exchange:
    """What a round brought, counted as it goes. All of it can be shown; none of it is an error of the phone's."""

    stored: int = 0
    """Items that the server confirmed."""

    refused: int = 0
    changes: int = 0
    """Changes of tickets that the feed told."""

    is_complete: bool = False
    """Whether the mirror shows what the server had at the end of the round."""

    cut: str | None = None
    """The network or the server failed here; the next round goes on."""

    is_sign_in_needed: bool = False
    minimum_version: str | None = None
    """The server serves this version of the app or newer ones: ask the person to update. Nothing is lost until then."""

    problem: dict[str, Any] | None = None
    """The server said no to the whole: a phone that is signed in as another device, for example."""

    skew_s: float | None = None
    """How far the server's clock is ahead of the phone's. The server corrects for it; a person may want to know."""

    def note(self, problem: Problem) -> None:
        """Note that the server said no to the whole."""
        self.problem = problem.facts
        if problem.code == "client_too_old":
            self.minimum_version = problem.facts.get("minimum")
