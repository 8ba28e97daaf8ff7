"""Take over places from files: everything is checked before anything is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from api.db import ReadSession, WriteSession
from api.domain.errors import FieldWrong
from api.domain.feature_files import Entry
from api.domain.imports import Finding, ImportChange, Imported, require_no_fault
from api.domain.place_drafts import check_place
from api.domain.place_files import place_draft
from api.domain.reference import Reference
from api.queries.places import StoredPlace, find_places, lock_places
from api.services.places import PlaceChange, store_places


@dataclass(frozen=True, slots=True)
class PlacePlan:
    """What a file of places would change, and what was found in it."""

    changes: Sequence[PlaceChange]
    told: ImportChange
    findings: Sequence[Finding]

    def imported(self, *, is_preview: bool) -> Imported:
        """Return it as every import tells it."""
        return Imported(self.told, self.findings, is_preview)


async def plan_places(
    session: ReadSession,
    reference: Reference,
    entries: Sequence[Entry],
    findings: Sequence[Finding],
    *,
    is_complete: bool,
) -> PlacePlan:
    """Compare a file with what is stored; with `is_complete` places that it lacks are given up."""
    stored = await find_places(session, None)
    units, categories = reference.units_by_code, reference.categories_by_code.keys()
    changes: list[PlaceChange] = []
    unchanged = 0
    for entry in entries:
        before = stored.get(entry.code)
        draft = place_draft(entry, before.draft if before else None)
        if draft is None:
            continue
        if before is not None and before.draft == draft:
            unchanged += 1
            continue
        try:
            check_place(draft, reference.place_types, units, categories)
        except FieldWrong as wrong:
            entry.wrong(wrong.field_code, wrong.detail, wrong.pointer.lstrip("/").partition("/")[0])
        else:
            changes.append(PlaceChange(before, draft))
    given_up = _lacking(stored, entries) if is_complete else []
    told = ImportChange(
        added=[one.draft.code for one in changes if one.stored is None],
        changed=[one.draft.code for one in changes if one.stored is not None],
        removed=[one.draft.code for one in given_up],
        unchanged=unchanged,
    )
    found = [*findings, *(finding for entry in entries for finding in entry.findings)]
    return PlacePlan([*changes, *given_up], told, found)


async def import_places(
    session: WriteSession,
    reference: Reference,
    entries: Sequence[Entry],
    findings: Sequence[Finding],
    *,
    is_complete: bool,
    by_id: UUID | None,
    now: datetime,
) -> PlacePlan:
    """Store the places of a file; raises ImportRefused, and stores nothing, when something in it is wrong."""
    await lock_places(session)
    plan = await plan_places(session, reference, entries, findings, is_complete=is_complete)
    require_no_fault(plan.findings)
    await store_places(session, plan.changes, reference.units_by_code, by_id, now)
    return plan


def _lacking(stored: dict[str, StoredPlace], entries: Sequence[Entry]) -> list[PlaceChange]:
    named = {entry.code for entry in entries}
    return [
        PlaceChange(place, replace(place.draft, is_active=False))
        for code, place in stored.items()
        if code not in named and place.draft.is_active
    ]
