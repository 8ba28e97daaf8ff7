"""Take over areas from files: everything is checked before anything is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from api.db import ReadSession, WriteSession
from api.domain.area_drafts import check_area
from api.domain.area_files import area_draft
from api.domain.errors import FieldWrong
from api.domain.feature_files import Entry
from api.domain.imports import Finding, ImportChange, Imported, require_no_fault
from api.domain.reference import Reference
from api.queries.areas import StoredArea, find_areas, find_people_ids, lock_areas
from api.services.areas import AreaChange, store_areas


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """What a file of areas would change, and what was found in it; `people` has the ids by user name."""

    changes: Sequence[AreaChange]
    people: Mapping[str, UUID]
    told: ImportChange
    findings: Sequence[Finding]

    def imported(self, *, is_preview: bool) -> Imported:
        """Return it as every import tells it."""
        return Imported(self.told, self.findings, is_preview)


async def plan_areas(
    session: ReadSession,
    reference: Reference,
    entries: Sequence[Entry],
    findings: Sequence[Finding],
    *,
    is_complete: bool,
) -> AreaPlan:
    """Compare a file with what is stored; with `is_complete` areas that it lacks are switched off."""
    stored = await find_areas(session, None)
    meant = [(entry, stored.get(entry.code)) for entry in entries]
    drafts = [(entry, before, area_draft(entry, before.draft if before else None)) for entry, before in meant]
    named = {duty.person for _, _, draft in drafts if draft is not None for duty in draft.duties}
    people = await find_people_ids(session, named)
    changes: list[AreaChange] = []
    unchanged = 0
    for entry, before, draft in drafts:
        if draft is None:
            continue
        if before is not None and before.draft == draft:
            unchanged += 1
            continue
        try:
            check_area(draft, reference.units_by_code, people.keys())
        except FieldWrong as wrong:
            entry.wrong(wrong.field_code, wrong.detail, wrong.pointer.lstrip("/").partition("/")[0])
        else:
            changes.append(AreaChange(before, draft))
    switched_off = _lacking(stored, entries) if is_complete else []
    told = ImportChange(
        added=[one.draft.code for one in changes if one.stored is None],
        changed=[one.draft.code for one in changes if one.stored is not None],
        removed=[one.draft.code for one in switched_off],
        unchanged=unchanged,
    )
    found = [*findings, *(finding for entry in entries for finding in entry.findings)]
    return AreaPlan([*changes, *switched_off], people, told, found)


async def import_areas(
    session: WriteSession,
    reference: Reference,
    entries: Sequence[Entry],
    findings: Sequence[Finding],
    *,
    is_complete: bool,
    by_id: UUID | None,
    now: datetime,
) -> AreaPlan:
    """Store the areas of a file; raises ImportRefused, and stores nothing, when something in it is wrong."""
    await lock_areas(session)
    plan = await plan_areas(session, reference, entries, findings, is_complete=is_complete)
    require_no_fault(plan.findings)
    await store_areas(session, plan.changes, reference.units_by_code, plan.people, by_id, now)
    return plan


def _lacking(stored: Mapping[str, StoredArea], entries: Sequence[Entry]) -> list[AreaChange]:
    named = {entry.code for entry in entries}
    return [
        AreaChange(area, replace(area.draft, is_active=False))
        for code, area in stored.items()
        if code not in named and area.draft.is_active
    ]
