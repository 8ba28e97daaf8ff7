"""Limits as the standards write them: a number and a unit (2紧急工作时, 4工作时, 1工作日)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from api.domain.calendar_errors import InvalidLimit

Language = Literal["zh", "en"]

LARGEST_LIMIT = 9_999
"""Longest limit in any unit: 27 years of calendar days, far past every rule book."""


class LimitUnit(StrEnum):
    """The unit of a limit, which also says when its time runs: around the clock, or in working hours only."""

    URGENT_HOUR = "urgent_hour"
    URGENT_DAY = "urgent_day"
    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    WORKING_MINUTE = "working_minute"
    """Not in the standards: the office's own stages (intake, dispatch, check) count in minutes."""

    @property
    def counts_working_time(self) -> bool:
        """Whether time passes only inside a calendar's open hours; otherwise it runs around the clock."""
        return self in _WORKING

    @property
    def name_zh(self) -> str:
        """The unit in Chinese, as rule books write it."""
        return _NAMES[self][0]

    @property
    def name_en(self) -> str:
        """The unit in English, in the singular."""
        return _NAMES[self][1]

    def amount(self, value: int, language: Language) -> str:
        """Write so many of this unit for people: 2工作日, 2 working days."""
        if language == "zh":
            return f"{value}{self.name_zh}"
        return f"{value} {self.name_en}{'' if value == 1 else 's'}"


_WORKING = frozenset({LimitUnit.WORKING_MINUTE, LimitUnit.WORKING_HOUR, LimitUnit.WORKING_DAY})

_NAMES = {
    LimitUnit.URGENT_HOUR: ("紧急工作时", "urgent hour"),
    LimitUnit.URGENT_DAY: ("紧急工作日", "urgent day"),
    LimitUnit.WORKING_HOUR: ("工作时", "working hour"),
    LimitUnit.WORKING_DAY: ("工作日", "working day"),
    LimitUnit.CALENDAR_DAY: ("自然日", "calendar day"),
    LimitUnit.WORKING_MINUTE: ("分钟", "minute"),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """How much time a task may take: `value` whole units, from 1 to `LARGEST_LIMIT`, else `InvalidLimit`."""

    value: int
    unit: LimitUnit

    def __post_init__(self) -> None:
        if not 1 <= self.value <= LARGEST_LIMIT:
            raise InvalidLimit(self.value, LARGEST_LIMIT)

    def text(self, language: Language) -> str:
        """Write the limit for people: 2工作日, 2 working days."""
        return self.unit.amount(self.value, language)
