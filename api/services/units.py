"""Store units: make them, change them, close them down and hand their work over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.errors import FieldWrong, UnitInUse
from api.domain.kept_changes import KeptChange, Noun
from api.domain.reference import Reference, UnitFacts
from api.domain.units import UnitDraft, check_unit
from api.domain.versions import check_version
from api.models import Unit
from api.queries.units import find_work, load_units, lock_unit, lock_units, worked_on
from api.services.handing_over import NOTHING, HandedOver, hand_over
from api.services.kept_changes import keep_changes


@dataclass(frozen=True, slots=True)
class PutUnit:
    """What became of a unit that was sent."""

    unit: UnitDraft
    version: int
    is_new: bool
    handed_over: HandedOver


async def put_unit(
    session: WriteSession,
    viewer: Viewer,
    reference: Reference,
    draft: UnitDraft,
    seen_version: int | None,
    now: datetime,
    *,
    successor: str | None = None,
) -> PutUnit:
    """Store a unit; what is stored already is not stored again.

    `successor` is the code of the unit that takes over the work of one that is closed down; sent once more it
    takes over what reached the unit in the moment of its closing. Raises FieldWrong for what can't be meant,
    VersionNeeded, VersionConflict, NotFound for a version of a unit that does not exist, UnitInUse, and
    CalendarError when the successor's calendar can't tell when a ticket would be due.
    """
    if successor is not None and draft.is_active:
        raise FieldWrong(
            "/hand_over_to", "hand_over_unexpected", "Only a unit that is closed down hands its work over."
        )
    await lock_units(session)
    units = await load_units(session)
    by_code = {unit.code: unit for unit in units.values()}
    stored = by_code.get(draft.code)
    is_same = stored is not None and UnitDraft.of(stored, units) == draft
    if not is_same:
        check_version("unit", stored.version if stored else None, seen_version, unit=draft.code)
    parent_id = check_unit(draft, units, reference.calendars)
    handed_over = NOTHING
    if stored is not None and not draft.is_active and (stored.is_active or successor is not None):
        handed_over = await close_down(session, viewer, reference, stored, by_code, successor, now)
    version = stored.version if stored else 0
    if not is_same:
        version += 1
        await store_unit(session, draft, stored, parent_id)
        before = UnitDraft.of(stored, units) if stored else None
        await keep_changes(session, [kept_change(before, draft)], viewer.person_id, now)
    return PutUnit(draft, version, is_new=stored is None, handed_over=handed_over)


async def close_down(
    session: WriteSession,
    viewer: Viewer | None,
    reference: Reference,
    unit: UnitFacts,
    units: Mapping[str, UnitFacts],
    successor: str | None,
    now: datetime,
) -> HandedOver:
    """Hand over what the unit works on; UnitInUse while something depends on it that can't be handed over.

    `units` are those of the office by code; `viewer` None: the command line.
    """
    heir = _heir(unit, units, successor)
    await lock_unit(session, unit.id)
    work, tickets = await find_work(session, unit.id), await worked_on(session, unit.id)
    if work.rules or work.grids or work.checks or (tickets and heir is None):
        raise UnitInUse(
            "Give its rules and grids to others and let its repairs be checked; name who takes its open tickets.",
            rules=work.rules,
            grids=work.grids,
            checks=work.checks,
            tickets=len(tickets),
        )
    return await hand_over(session, reference, viewer, unit, heir, tickets, now) if heir else NOTHING


def _heir(unit: UnitFacts, units: Mapping[str, UnitFacts], successor: str | None) -> UnitFacts | None:
    if successor is None:
        return None
    heir = units.get(successor)
    if heir is None or not heir.is_active:
        raise FieldWrong("/hand_over_to", "unit_unknown", "There is no such unit.", unit=successor)
    if heir.id == unit.id:
        raise FieldWrong(
            "/hand_over_to", "unit_is_closing", "The unit that is closed down can't take its own work."
        )
    return heir


async def store_unit(
    session: WriteSession, draft: UnitDraft, stored: UnitFacts | None, parent_id: int | None
) -> None:
    """Write a unit, new or in its next version; that it may be so was checked before."""
    row = {
        "name_zh": draft.name_zh,
        "name_en": draft.name_en,
        "kind": draft.kind,
        "parent_id": parent_id,
        "phone": draft.phone,
        "calendar_code": draft.calendar,
        "is_fallback": draft.is_fallback,
        "is_active": draft.is_active,
        "version": stored.version + 1 if stored else 1,
    }
    if stored is None:
        await session.execute(insert(Unit).values(code=draft.code, **row))
    else:
        await session.execute(update(Unit).where(col(Unit.id) == stored.id).values(**row))


def kept_change(before: UnitDraft | None, after: UnitDraft) -> KeptChange:
    """Return what is kept of a unit's change; `before` None: it is new."""
    return KeptChange(Noun.UNIT, after.code, before.as_facts() if before else None, after.as_facts())
