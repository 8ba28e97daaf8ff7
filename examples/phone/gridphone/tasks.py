"""What the person is asked to go and look at: read from the mirror, answered by steps, refused or handed over.

The feed tells of a task with its ticket (`task`), so the list is there without a network. A step on the ticket answers
it: what the person may do is in the ticket's `actions`. To refuse a task, or to hand it over, is no step and goes by a
request of its own; sent again it changes nothing.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from gridphone.mirror import Mirror, MirrorTicket
from gridphone.outbox import Outbox


class Tasks:
    """The tasks of the phone's person."""

    def __init__(self, mirror: Mirror, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self._mirror = mirror
        self._outbox = outbox
        self._clock = clock

    def open(self) -> list[MirrorTicket]:
        """Return the tickets that the person is asked to look at, most urgent first.

        Not those on which she did something that the mirror does not show yet.
        """
        given_up = self._outbox.tasks_given_up()
        return [
            ticket
            for ticket in self._mirror.tickets()
            if (task := ticket.body["task"]) is not None
            and task["yours"]
            and task["id"] not in given_up
            and self._outbox.made_on_top_of(ticket.id, ticket.version) is None
        ]

    def refuse(self, task_id: UUID, reason: str) -> UUID:
        """Refuse a task: the next officer gets it. Return the refusal's id."""
        return self._give_up({"task": str(task_id), "action": "refuse", "reason": reason})

    def hand_over(self, task_id: UUID, officer: str, reason: str) -> UUID:
        """Hand a task over to another officer, by her user name; return the id."""
        return self._give_up(
            {"task": str(task_id), "action": "hand-over", "officer": officer, "reason": reason}
        )

    def _give_up(self, body: dict[str, str]) -> UUID:
        item_id = uuid4()
        self._outbox.add(item_id, "task", body, self._clock())
        return item_id
