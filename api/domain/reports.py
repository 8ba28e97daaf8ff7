"""Reports (上报): where they come from, and how urgent they are."""

from enum import StrEnum


class Source(StrEnum):
    """Where a report came from."""

    OFFICER = "officer"
    SUPERVISION = "supervision"
    HOTLINE = "hotline"
    CITIZEN = "citizen"
    SUPERIOR = "superior"
    MEDIA = "media"


class Priority(StrEnum):
    """How urgent the reporter or the rule thinks it is; the deadline comes from the condition alone."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
