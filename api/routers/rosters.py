"""Rosters (排班): who is at which post on a day, who came, where nobody is, and which days are short of staff."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.deps import Caller, Now, Reading, SignedIn, Wired, Writing
from api.domain.access import Role
from api.domain.errors import FieldWrong
from api.domain.rosters import Arrivals, Presence, shortages
from api.etags import UNCHANGED, Fresh
from api.queries.posts import find_amendment, find_arrivals, find_posts, find_slots
from api.schemas.base import NearDay
from api.schemas.rosters import (
    RosterDay,
    RosterDays,
    RosterDaysQuery,
    RosterInput,
    RosterShown,
    shortages_shown,
    slot_of,
    slots_of,
    slots_shown,
)
from api.services.rosters import put_roster

router = APIRouter(prefix="/v1/rosters", tags=["patrol"])

DAYS_MAX = 62
_AHEAD = timedelta(days=6)

Which = Annotated[NearDay, Path(description="A day in the city's zone.")]


@router.get("", operation_id="roster_list", summary="Days, and what they lack")
async def list_rosters(
    query: Annotated[RosterDaysQuery, Query()], caller: Caller, session: Reading, wired: Wired, now: Now
) -> RosterDays:
    """List days with the posts that are short of staff, and those that stood unmanned: this week without `from_on`."""
    first = query.from_on or wired.settings.today(now)
    last = query.to_on or first + _AHEAD
    if not 0 <= (last - first).days < DAYS_MAX:
        raise FieldWrong("/query/to_on", "period_wrong", f"1 to {DAYS_MAX} days, in their order.")
    slots = await find_slots(session, first, last)
    early = timedelta(seconds=caller.reference.policies.post_early_s)
    arrivals = Arrivals(await find_arrivals(session, first, last, early))
    posts = [(stored.draft.code, stored.draft.staff_min) for stored in await find_posts(session)]
    days: list[RosterDay] = []
    for number in range((last - first).days + 1):
        on = first + timedelta(days=number)
        own = [slot for slot in slots if slot.on_date == on]
        shown = slots_shown(own, arrivals, caller.reference.policies, now)
        presences = [person.presence for slot in shown for person in slot.people]
        days.append(
            RosterDay(
                on=on,
                slots=len(own),
                short=shortages_shown(shortages(posts, [(slot.post, slot_of(slot)) for slot in own])),
                unmanned_slots=sum(slot.is_unmanned for slot in shown),
                late=presences.count(Presence.LATE),
                absent=presences.count(Presence.ABSENT),
            )
        )
    return RosterDays(items=days)


@router.get(
    "/{on}",
    operation_id="roster_get",
    response_model=RosterShown,
    responses=UNCHANGED,
    summary="A day's roster as it stands",
)
async def get_roster(on: Which, caller: Caller, session: Reading, now: Now, fresh: Fresh) -> Response:
    """Get a day's roster with who came, who was late or absent, and the posts where nobody is, now and afterwards.

    Officers get their own hours alone.
    """
    return fresh.answer(await _shown(session, caller, on, now))


@router.put("/{on}", operation_id="roster_put", responses={415: {}}, summary="Store a day's roster")
async def store_roster(
    on: Which, body: RosterInput, caller: Caller, session: Writing, wired: Wired, now: Now
) -> RosterShown:
    """Store the roster of a day, whole: what it leaves out is gone. `short` warns of posts with too few people."""
    await put_roster(session, caller.viewer.person_id, body.draft(on, wired.settings.zone), now)
    return await _shown(session, caller, on, now)


async def _shown(session: Reading, caller: SignedIn, on: date, now: datetime) -> RosterShown:
    slots = await find_slots(session, on, on)
    early = timedelta(seconds=caller.reference.policies.post_early_s)
    arrivals = Arrivals(await find_arrivals(session, on, on, early))
    shown = slots_shown(slots, arrivals, caller.reference.policies, now)
    if caller.viewer.role is Role.OFFICER:
        own = slots_of(caller.viewer.username, shown)
        return RosterShown(on=on, slots=own, short=[], unmanned=[], amended_at=None)
    posts = [(stored.draft.code, stored.draft.staff_min) for stored in await find_posts(session)]
    return RosterShown(
        on=on,
        slots=shown,
        short=shortages_shown(shortages(posts, [(slot.post, slot_of(slot)) for slot in slots])),
        unmanned=sorted({slot.post for slot in shown if slot.is_unmanned and now < slot.stops_at}),
        amended_at=await find_amendment(session, on),
    )
