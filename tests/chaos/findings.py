"""What was found to be wrong, sorted by how bad it is."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

SHOWN = 20


class Fault(StrEnum):
    """What can be wrong after the storm."""

    LOSS = "losses"
    """Something that a phone was told is stored is not there, or not as it was; or the phone itself lost it."""
    DOUBLE = "doubles"
    """Something is there more than once, or nobody made it."""
    STUCK = "stuck"
    """Something neither got through nor was refused with a reason."""
    ASTRAY = "astray"
    """A phone shows another truth than the server."""
    LEFT_OVER = "left_over"
    """Files without a row, rows without a file, parts without an upload."""
    BROKEN = "broken"
    """A history, a ledger or a program does not hold."""


@dataclass
class Findings:
    """Counts of all faults, and sentences for the first of each."""

    counts: Counter[str] = field(default_factory=lambda: Counter({fault.value: 0 for fault in Fault}))
    sentences: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, fault: Fault, sentence: str) -> None:
        """Note a fault."""
        self.counts[fault] += 1
        told = self.sentences.setdefault(fault.value, [])
        if len(told) < SHOWN:
            told.append(sentence)

    def expect(self, holds: bool, fault: Fault, sentence: str) -> None:  # noqa: FBT001  the condition comes first
        """Note a fault unless the condition holds."""
        if not holds:
            self.add(fault, sentence)

    def are_none(self) -> bool:
        """Tell that nothing is wrong."""
        return self.counts.total() == 0
