"""All tables, so that one import completes the metadata."""

from api.models.areas import Area, AreaPerson
from api.models.base import metadata
from api.models.calendars import Calendar, CalendarDay, CalendarVersion
from api.models.catalogue import CatalogueVersion, Category, Condition, DispatchRule, Policy, ReferenceVersion
from api.models.feed import FeedMark, Installation
from api.models.grids import Grid, GridPerson
from api.models.kept_changes import KeptChange
from api.models.notices import Message, Notice
from api.models.openrosa import DeviceToken, Submission
from api.models.patrols import (
    PatrolVisit,
    PlacePass,
    RoadWalk,
    Shift,
    ShiftEvent,
    TrackBatch,
    TrackPoint,
    TrackReading,
)
from api.models.people import FailedSignIn, IdempotencyKey, Person, PersonEvent, RefreshToken, SignIn
from api.models.photos import OriginalReading, Photo, PhotoPrint
from api.models.places import FrontageAgreement, Place, PlacePairing, PlaceType, SignerReading
from api.models.posts import CheckIn, Checkpoint, PatrolPlan, RosterSlot
from api.models.reports import Report
from api.models.requests import TicketRequest
from api.models.signals import SignalExamination, SignalReview, SignalRow
from api.models.sync import DeclaredPhoto, WaitingItem
from api.models.tasks import Task
from api.models.tickets import Ticket, TicketClock, TicketEvent
from api.models.units import Unit
from api.models.uploads import Upload, UploadPart

__all__ = [
    "Area",
    "AreaPerson",
    "Calendar",
    "CalendarDay",
    "CalendarVersion",
    "CatalogueVersion",
    "Category",
    "CheckIn",
    "Checkpoint",
    "Condition",
    "DeclaredPhoto",
    "DeviceToken",
    "DispatchRule",
    "FailedSignIn",
    "FeedMark",
    "FrontageAgreement",
    "Grid",
    "GridPerson",
    "IdempotencyKey",
    "Installation",
    "KeptChange",
    "Message",
    "Notice",
    "OriginalReading",
    "PatrolPlan",
    "PatrolVisit",
    "Person",
    "PersonEvent",
    "Photo",
    "PhotoPrint",
    "Place",
    "PlacePairing",
    "PlacePass",
    "PlaceType",
    "Policy",
    "ReferenceVersion",
    "RefreshToken",
    "Report",
    "RoadWalk",
    "RosterSlot",
    "Shift",
    "ShiftEvent",
    "SignIn",
    "SignalExamination",
    "SignalReview",
    "SignalRow",
    "SignerReading",
    "Submission",
    "Task",
    "Ticket",
    "TicketClock",
    "TicketEvent",
    "TicketRequest",
    "TrackBatch",
    "TrackPoint",
    "TrackReading",
    "Unit",
    "Upload",
    "UploadPart",
    "WaitingItem",
    "metadata",
]
