"""Calendars on the wire: hours as `08:00-12:00`, days in a list; as they are, as they were, as they should be."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.domain.access import Viewer
from api.domain.calendar_drafts import HOURS_PATTERN, CalendarDraft, DraftDay, write_hours
from api.domain.calendar_warnings import Outlook, outlook
from api.domain.calendars import MINUTES_A_DAY, DayKind, WorkCalendar
from api.domain.limits import Language
from api.domain.policies import Policies
from api.language import name_in
from api.queries.calendars import Affected, StoredCalendar, VersionFacts
from api.schemas.base import Day, Input, Note, OneLine, Output, PrintableText
from api.schemas.tickets import PersonShown, person_shown

Hours = Annotated[str, Field(pattern=HOURS_PATTERN, examples=["08:00-12:00"])]
"""Half-open; the end of the day is 24:00."""
HoursOfDay = Annotated[list[Hours], Field(max_length=48)]
Name = Annotated[str, Field(min_length=1, max_length=100), OneLine]
DayName = Annotated[str, Field(max_length=100), PrintableText]
CalendarCode = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
"""As policies and units name a calendar."""


class DayInput(Input):
    """A day that differs from the week."""

    on: Day
    kind: DayKind
    ranges: Annotated[HoursOfDay, Field(description="The open hours of this day; none: closed.")]
    name_zh: DayName = ""
    name_en: DayName = ""


class CalendarInput(Input):
    """A whole calendar; what is left out of `days` is an ordinary day of the week again."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new calendar has none, or 0."
    )
    name_zh: Name
    name_en: Name
    time_zone: Annotated[str, Field(max_length=64, description="IANA name, such as Asia/Shanghai.")]
    working_day_minutes: Annotated[
        int, Field(ge=1, le=MINUTES_A_DAY, description="Working time that one working day of a limit means.")
    ]
    weekly: Annotated[
        list[HoursOfDay], Field(min_length=7, max_length=7, description="Monday to Sunday; none: closed.")
    ]
    first_on: Day
    last_on: Day = Field(description="Due times past this day are refused, so holidays are known up to it.")
    days: Annotated[list[DayInput], Field(max_length=5_000)]
    note: Note = Field(default="", description="Why; it stays with the version.")

    def draft(self, code: str) -> CalendarDraft:
        """Return what is meant, not checked yet."""
        return CalendarDraft(
            code=code,
            name_zh=self.name_zh,
            name_en=self.name_en,
            time_zone=self.time_zone,
            working_day_minutes=self.working_day_minutes,
            weekly=self.weekly,
            first_on=self.first_on,
            last_on=self.last_on,
            days=[DraftDay(one.on, one.kind, one.ranges, one.name_zh, one.name_en) for one in self.days],
        )


class DayShown(Output):
    """A day that differs from the week."""

    on: date
    kind: DayKind
    ranges: list[str]
    name_zh: str
    name_en: str


class CalendarBrief(Output):
    """A calendar as the list shows it."""

    code: str
    name: str
    version: int
    time_zone: str
    first_on: date
    last_on: date
    holidays_loaded_until: date = Field(description="The last day for which holidays are known.")
    days_left: int = Field(description="From today to that day; negative when it is over.")
    warning: str | None = Field(description="What an administrator has to do soon.")


class CalendarList(Output):
    """All calendars by code."""

    items: list[CalendarBrief]


class CalendarShown(CalendarBrief):
    """A whole calendar. To change it, send all but its code and what is computed back, with `version`."""

    name_zh: str
    name_en: str
    working_day_minutes: int
    weekly: list[list[str]] = Field(description="Open hours of Monday to Sunday.")
    days: list[DayShown]


class ChangedDueShown(Output):
    """A ticket that would be due at another time."""

    ticket: UUID
    number: str
    due_at: datetime | None
    new_due_at: datetime | None = Field(description="Null: the calendar is not loaded that far.")


class AffectedShown(Output):
    """What computing due times anew would change; `gridpatrol recompute` does it. Until then nothing changes."""

    examined: int = Field(description="Open tickets whose running clock counts in this calendar.")
    changed: int = Field(
        description="Of these, those that would be due at another time, or nobody knows when."
    )
    later: int
    earlier: int
    unknown: int = Field(description="The calendar would not be loaded far enough.")
    examples: list[ChangedDueShown]
    is_complete: bool = Field(description="False: there are more tickets than were examined.")


class CalendarPut(CalendarShown):
    """A calendar that was sent, and the open tickets that it meets.

    In a preview `version` is the one that is stored now; 0: there is none.
    """

    is_preview: bool
    affected: AffectedShown


class CalendarVersionShown(Output):
    """A calendar as it was stored once."""

    version: int
    changed_at: datetime
    changed_by: PersonShown | None = Field(description="Null: it came from a file.")
    note: str
    name_zh: str
    name_en: str
    time_zone: str
    working_day_minutes: int
    weekly: list[list[str]]
    first_on: date
    last_on: date
    days: list[DayShown]


class CalendarVersionPage(Output):
    """A page of a calendar's versions, newest first."""

    items: list[CalendarVersionShown]
    next: str | None


def calendar_brief(
    stored: StoredCalendar, policies: Policies, now: datetime, language: Language
) -> CalendarBrief:
    """Show a calendar as the list has it."""
    calendar, seen = stored.calendar, outlook(stored.calendar, now)
    return CalendarBrief(
        code=calendar.code,
        name=name_in(language, calendar.name_zh, calendar.name_en),
        version=stored.version,
        time_zone=calendar.time_zone,
        first_on=calendar.first_on,
        last_on=calendar.last_on,
        holidays_loaded_until=seen.loaded_until,
        days_left=seen.days_left,
        warning=_warning(seen, policies, language),
    )


def calendar_shown(
    stored: StoredCalendar, policies: Policies, now: datetime, language: Language
) -> CalendarShown:
    """Show a whole calendar."""
    calendar = stored.calendar
    return CalendarShown(
        **calendar_brief(stored, policies, now, language).model_dump(),
        name_zh=calendar.name_zh,
        name_en=calendar.name_en,
        working_day_minutes=calendar.working_day_minutes,
        weekly=_weekly(calendar),
        days=_days(calendar),
    )


def calendar_put(shown: CalendarShown, affected: Affected, *, is_preview: bool) -> CalendarPut:
    """Show what became of a calendar that was sent, or would."""
    return CalendarPut(
        **shown.model_dump(),
        is_preview=is_preview,
        affected=AffectedShown(
            examined=affected.examined,
            changed=affected.changed,
            later=affected.later,
            earlier=affected.earlier,
            unknown=affected.unknown,
            examples=[
                ChangedDueShown(
                    ticket=one.ticket_id, number=one.number, due_at=one.due_at, new_due_at=one.new_due_at
                )
                for one in affected.examples
            ],
            is_complete=affected.is_complete,
        ),
    )


def version_shown(facts: VersionFacts, viewer: Viewer) -> CalendarVersionShown:
    """Show a calendar as it was stored once, with who did it."""
    calendar, by = facts.stored.calendar, facts.changed_by_id
    return CalendarVersionShown(
        version=facts.stored.version,
        changed_at=facts.changed_at,
        changed_by=person_shown(viewer, by, facts.changed_by, facts.changed_by_role) if by else None,
        note=facts.note,
        name_zh=calendar.name_zh,
        name_en=calendar.name_en,
        time_zone=calendar.time_zone,
        working_day_minutes=calendar.working_day_minutes,
        weekly=_weekly(calendar),
        first_on=calendar.first_on,
        last_on=calendar.last_on,
        days=_days(calendar),
    )


def _warning(seen: Outlook, policies: Policies, language: Language) -> str | None:
    return seen.words(language) if seen.days_left < policies.calendar_warning_days else None


def _weekly(calendar: WorkCalendar) -> list[list[str]]:
    return [write_hours(ranges) for ranges in calendar.weekly]


def _days(calendar: WorkCalendar) -> list[DayShown]:
    return [
        DayShown(
            on=on, kind=day.kind, ranges=write_hours(day.ranges), name_zh=day.name_zh, name_en=day.name_en
        )
        for on, day in sorted(calendar.exceptions.items())
    ]
