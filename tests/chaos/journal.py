"""What the crew did, written down apart from the phones: by this, and not by their own word, they are judged."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from gridphone import OutboxItem
from tests.chaos.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Made:
    """A report or a step as somebody made it; `mark` are words that nothing else has, `sha256s` its pictures'.

    A report, whose ticket has its own id, has a `category`; a step an `action`.
    """

    id: UUID
    username: str
    ticket_id: UUID
    mark: str
    sha256s: frozenset[str]
    category: str | None = None
    action: str | None = None


@dataclass
class Journal:
    """Everything that was made, and what the phones were told to be stored, by the ids of the items."""

    made: dict[UUID, Made] = field(default_factory=dict[UUID, Made])
    told: set[UUID] = field(default_factory=set[UUID])
    ledger: Ledger = field(default_factory=Ledger)
    """What officers did on patrol and with their tasks."""

    operations: Counter[str] = field(default_factory=Counter[str])

    def write(self, made: Made) -> None:
        """Write down that something was made."""
        self.made[made.id] = made
        self.operations[made.action or "report"] += 1
        self.operations["photo"] += len(made.sha256s)

    def hear(self, items: Iterable[OutboxItem]) -> None:
        """Write down what a phone was told: that can't be taken back."""
        self.told |= {item.id for item in items if item.state == "stored"}

    def reports(self) -> list[Made]:
        """Return the reports."""
        return [made for made in self.made.values() if made.action is None]

    def steps(self) -> list[Made]:
        """Return the steps."""
        return [made for made in self.made.values() if made.action is not None]

    def told_steps(self) -> int:
        """Count the steps that phones were told to be taken."""
        return sum(self.made[item_id].action is not None for item_id in self.told & self.made.keys())
