"""All tables, so that one import completes the metadata."""

from api.models.base import metadata
from api.models.catalogue import (
    Calendar,
    CalendarDay,
    Category,
    Condition,
    DispatchRule,
    Policy,
    ReferenceVersion,
)
from api.models.grids import Grid, GridPerson
from api.models.people import FailedSignIn, IdempotencyKey, Person, RefreshToken, SignIn
from api.models.photos import OriginalReading, Photo
from api.models.reports import Report
from api.models.tickets import Ticket, TicketClock, TicketEvent
from api.models.units import Unit

__all__ = [
    "Calendar",
    "CalendarDay",
    "Category",
    "Condition",
    "DispatchRule",
    "FailedSignIn",
    "Grid",
    "GridPerson",
    "IdempotencyKey",
    "OriginalReading",
    "Person",
    "Photo",
    "Policy",
    "ReferenceVersion",
    "RefreshToken",
    "Report",
    "SignIn",
    "Ticket",
    "TicketClock",
    "TicketEvent",
    "Unit",
    "metadata",
]
