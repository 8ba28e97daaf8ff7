"""What stories on the demo street are made of: plots, people, places, deeds."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.domain.calendars import WorkCalendar
from api.domain.catalogue import Condition
from api.domain.geo import Place
from api.domain.lifecycle import State
from api.domain.report_requests import ReportRequest
from api.domain.reports import Source
from api.services.demo_photos import Picture
from api.services.taking import StepRequest


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that one person does at one instant. The request gets the ids of the pictures when done."""

    at: datetime
    username: str
    request: ReportRequest | StepRequest
    pictures: tuple[Picture, ...] = ()
    awaits_photo: bool = False
    """Another photo is announced that never arrives."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the ticket stands after a deed."""

    state: State
    triage: str | None
    unit: str | None
    due_at: datetime | None
    helpers: tuple[str, ...]
    """Units that were called for help and have not answered yet."""


Story = Generator[Deed, Standing, None]
Scene = Generator[Deed, Standing, Standing]
"""A part of a story, which ends with how the ticket stands then."""


class Turn(StrEnum):
    """What comes between in the lives of some tickets. Where several ends are told, `Plot.answer` chooses."""

    VERIFICATION = "verification"
    """核实: OPEN, the officer is on the way; YES, the tip is true; NO, nothing is there."""
    RETURN = "return"
    """回退: OPEN, it waits for the desk; NO, a second unit returned it, too; YES, a ruling ended that."""
    HELP = "help"
    """协办: OPEN, the helper owes its part; YES, it answers; NO, it is excused."""
    EXTENSION = "extension"
    SUSPENSION = "suspension"
    PAUSE = "pause"
    """挂账 that the unit itself ends before the agreed day."""
    VOID = "void"
    MERGER = "merger"
    APPEAL = "appeal"
    RELAPSE = "relapse"
    """反弹: OPEN, the unit is at it again; YES, it is closed again."""
    PRESSURE = "pressure"
    """催办、督办、上报 of what is overdue."""


class Answer(StrEnum):
    """What is said to a request: nothing yet, yes or no."""

    OPEN = "open"
    YES = "yes"
    NO = "no"


class Fraud(StrEnum):
    """How somebody pretends. Nobody on the street says so: signals do."""

    EDITED = "edited"
    """The photo of the repair is that of the problem, painted over."""
    BORROWED = "borrowed"
    """It is the photo of another repair: of the plot before this one."""
    ELSEWHERE = "elsewhere"
    """It was taken half a kilometre away."""
    MOCKED = "mocked"
    """The report's location is a mock location."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the street and the grid that it lies in, None outside the street."""

    place: Place
    grid_code: str | None
    grid_name: str
    community: str


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works at a unit, by user name, and when."""

    lead: str
    member: str
    calendar: WorkCalendar


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who takes part: officers by community, crews by unit, the desk."""

    officers: Mapping[str, Sequence[str]]
    crews: Mapping[str, Crew]
    patrol: WorkCalendar
    fallback_unit: str
    dispatcher: str = "dispatcher"
    supervisor: str = "supervisor"


@dataclass(frozen=True, slots=True)
class Plot:
    """What a story is about. Where it says None, nobody ever does that: the ticket stays where it is.

    Minutes are office hours of whoever acts, or around the clock where the limit runs so. `fix_share` is the
    share of the limit that the unit takes; more than 1 is late.
    """

    number: int
    report_id: UUID
    at: datetime
    source: Source
    condition: Condition
    spot: Spot
    names_condition: bool = True
    has_photo: bool = True
    awaits_photo: bool = False
    is_self_fix: bool = False
    intake_minutes: int | None = 6
    is_rejected: bool = False
    names_grid: bool = True
    dispatch_minutes: int | None = 8
    accept_minutes: int | None = 20
    is_handed_over: bool = False
    fix_share: float | None = 0.5
    failed_checks: int = 0
    check_minutes: int | None = 40
    turn: Turn | None = None
    answer: Answer = Answer.OPEN
    until: datetime | None = None
    """How long a suspension is asked for."""
    master_id: UUID | None = None
    """The ticket that this one is merged into."""
    fraud: Fraud | None = None
