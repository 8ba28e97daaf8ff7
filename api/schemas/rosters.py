"""Rosters on the wire."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from api.domain.dispatch_hours import TIME_PATTERN, weekly_hours
from api.domain.errors import FieldWrong
from api.domain.policies import Policies
from api.domain.rosters import Arrivals, Presence, Shortage, Slot, standing
from api.queries.posts import SlotRow
from api.schemas.base import Code, Input, NearDay, Output, PrintableText
from api.services.rosters import RosterDraft

SLOTS_MAX = 500

TimeOfDay = Annotated[str, Field(pattern=TIME_PATTERN)]
Username = Annotated[str, Field(min_length=1, max_length=64), PrintableText]


class SlotInput(Input):
    """A stretch of time at a post."""

    post: Code
    starts: TimeOfDay = Field(alias="from", description="By the city's clock.")
    stops: TimeOfDay = Field(alias="to", description="What stops before it starts goes on into the next day.")
    people: Annotated[list[Username], Field(max_length=100)] = Field(description="User names.")
    staff_min: Annotated[int, Field(ge=0, le=1_000)] = Field(
        default=1, description="How many there should be; with fewer the day is short of staff."
    )


class RosterInput(Input):
    """The roster of a day, whole."""

    slots: Annotated[list[SlotInput], Field(max_length=SLOTS_MAX)]

    def draft(self, on: date, zone: ZoneInfo) -> RosterDraft:
        """Return what is meant; FieldWrong for hours or people that can't be meant."""
        return RosterDraft(
            on, [_slot(slot, f"/slots/{number}", on, zone) for number, slot in enumerate(self.slots)]
        )


def _slot(slot: SlotInput, pointer: str, on: date, zone: ZoneInfo) -> SlotRow:
    hours = weekly_hours([on.isoweekday()], slot.starts, slot.stops, pointer)
    if len(set(slot.people)) != len(slot.people):
        raise FieldWrong(f"{pointer}/people", "on_roster_twice", "Name everybody once.")
    midnight = datetime.combine(on, time(), zone)
    starts_at = midnight + timedelta(minutes=hours.starts)
    stops_at = midnight + timedelta(minutes=hours.stops, days=1 if hours.stops < hours.starts else 0)
    return SlotRow(slot.post, on, starts_at, stops_at, tuple(slot.people), slot.staff_min)


class StaffShown(Output):
    """Somebody on a roster, and how it stands with her."""

    person: str
    presence: Presence
    came_at: datetime | None


class SlotShown(Output):
    """A stretch of time at a post, and whether somebody is there, or was."""

    post: str
    starts_at: datetime
    stops_at: datetime
    staff_min: int
    is_short: bool = Field(description="Fewer are on the roster than wanted.")
    is_unmanned: bool = Field(description="It has begun, or is over, and nobody of it came.")
    people: list[StaffShown]


class ShortageShown(Output):
    """A post that is short of staff."""

    post: str
    lacks: int


class RosterShown(Output):
    """A day's roster as it stands now."""

    on: date
    slots: list[SlotShown]
    short: list[ShortageShown] = Field(description="Posts with too few on the roster, or without any slot.")
    unmanned: list[str] = Field(description="Posts where nobody is now who should be.")
    amended_at: datetime | None = Field(
        description="When it was changed last after a slot of it was over; null where it stands as planned."
    )


class RosterDay(Output):
    """A day and what it lacks."""

    on: date
    slots: int
    short: list[ShortageShown]
    unmanned_slots: int = Field(description="So far.")
    late: int
    absent: int


class RosterDays(Output):
    """Days, in order."""

    items: list[RosterDay]


class RosterDaysQuery(Input):
    """Which days: today and the week after without any."""

    from_on: NearDay | None = None
    to_on: NearDay | None = None


def slots_of(username: str, slots: Iterable[SlotShown]) -> list[SlotShown]:
    """Return the slots that somebody is on, without the others on them."""
    own = ((slot, [person for person in slot.people if person.person == username]) for slot in slots)
    return [slot.model_copy(update={"people": people}) for slot, people in own if people]


def slots_shown(
    rows: Iterable[SlotRow], arrivals: Arrivals, policies: Policies, now: datetime
) -> list[SlotShown]:
    """Show slots as they stand now."""
    early, grace = timedelta(seconds=policies.post_early_s), timedelta(seconds=policies.post_grace_s)
    found: list[SlotShown] = []
    for row in rows:
        came = arrivals.between(row.post, row.starts_at - early, row.stops_at)
        stands = standing(slot_of(row), came, now, early, grace)
        found.append(
            SlotShown(
                post=row.post,
                starts_at=row.starts_at,
                stops_at=row.stops_at,
                staff_min=row.staff_min,
                is_short=stands.is_short,
                is_unmanned=stands.is_unmanned,
                people=[
                    StaffShown(person=name, presence=presence, came_at=stands.came_at.get(name))
                    for name, presence in stands.presence.items()
                ],
            )
        )
    return found


def slot_of(row: SlotRow) -> Slot:
    """Return a stored slot as rules see it."""
    return Slot(row.starts_at, row.stops_at, row.people, row.staff_min)


def shortages_shown(found: Iterable[Shortage]) -> list[ShortageShown]:
    """Show which posts are short."""
    return [ShortageShown(post=one.post, lacks=one.lacks) for one in found]
