"""Escalation (上报): an overdue ticket climbs a ladder, and on each rung somebody higher has to answer for it."""

from dataclasses import dataclass
from enum import StrEnum

from api.domain.limits import Limit, LimitUnit


class Answerer(StrEnum):
    """Who has to answer for an overdue ticket."""

    UNIT_LEAD = "unit_lead"
    PARENT_UNIT = "parent_unit"
    SUPERVISOR = "supervisor"
    LISTED_ORDER = "listed_order"


ANSWERER_NAMES: dict[Answerer, tuple[str, str]] = {
    Answerer.UNIT_LEAD: ("责任单位负责人", "the unit's lead"),
    Answerer.PARENT_UNIT: ("上级主管单位", "the unit above"),
    Answerer.SUPERVISOR: ("督查部门", "the supervisor"),
    Answerer.LISTED_ORDER: ("挂牌督办", "a listed order of supervision"),
}
"""Names for people: (zh, en)."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One level: who answers, and how long after the due time, by the clock of the ticket's own calendar."""

    answers: Answerer
    after: Limit


LADDER_LENGTH_MAX = 8

DEFAULT_LADDER = (
    Rung(Answerer.UNIT_LEAD, Limit(2, LimitUnit.WORKING_HOUR)),
    Rung(Answerer.PARENT_UNIT, Limit(1, LimitUnit.WORKING_DAY)),
    Rung(Answerer.SUPERVISOR, Limit(3, LimitUnit.WORKING_DAY)),
    Rung(Answerer.LISTED_ORDER, Limit(5, LimitUnit.WORKING_DAY)),
)
"""Level 1 is the first rung; a ticket at level 0 has not been escalated."""
