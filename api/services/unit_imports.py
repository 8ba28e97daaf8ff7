"""Store the units of a table: all of them or none, in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.calendars import CalendarError
from api.domain.errors import FieldWrong, Refusal
from api.domain.imports import Finding, ImportChange, Imported, require_no_fault
from api.domain.reference import Reference
from api.domain.unit_files import PlannedUnit, UnitEntry, plan_units
from api.domain.units import UnitDraft
from api.queries.units import load_units, lock_units
from api.services.kept_changes import keep_changes
from api.services.units import close_down, kept_change, store_unit

_TOLD_MAX = 10
"""Rules and grids that a finding names."""


async def import_units(
    session: WriteSession,
    viewer: Viewer | None,
    reference: Reference,
    entries: Sequence[UnitEntry],
    findings: Sequence[Finding],
    now: datetime,
    *,
    is_preview: bool,
) -> Imported:
    """Store what the rows of a table say; units that it lacks stay as they are.

    `findings` are those of reading the table, `viewer` None is the command line. A unit that the table closes down
    goes the way of `put_unit`: refused while rules, grids, checks or open tickets hang on it, and handed over where the
    table names who takes its work. Raises ImportRefused when anything is wrong; a preview tells it instead, and its
    session must not be committed, because closing units down can only be tried.
    """
    await lock_units(session)
    units = await load_units(session)
    stored = {unit.code: UnitDraft.of(unit, units) for unit in units.values()}
    planned, wrong = plan_units(entries, stored, reference.calendars)
    found = [*findings, *wrong]
    changed = [one for one in planned if stored.get(one.draft.code) != one.draft]
    if not any(not finding.is_warning for finding in found):
        await _store(session, changed, stored)
        found += await _close(session, viewer, reference, planned, stored, now)
        changes = [kept_change(stored.get(one.draft.code), one.draft) for one in changed]
        await keep_changes(session, changes, viewer.person_id if viewer else None, now)
    if not is_preview:
        require_no_fault(found)
    change = ImportChange(
        added=[one.draft.code for one in changed if one.draft.code not in stored],
        changed=[one.draft.code for one in changed if one.draft.code in stored],
        unchanged=len(planned) - len(changed),
    )
    return Imported(change, found, is_preview)


async def _store(session: WriteSession, changed: Sequence[PlannedUnit], stored: dict[str, UnitDraft]) -> None:
    # Those above may come behind those below: all get their rows before any is put below another.
    for one in changed:
        if one.draft.code not in stored:
            await store_unit(session, replace(one.draft, parent=None), None, None)
    units = {unit.code: unit for unit in (await load_units(session)).values()}
    for one in changed:
        is_new = one.draft.code not in stored
        if not is_new or one.draft.parent is not None:
            parent_id = units[one.draft.parent].id if one.draft.parent is not None else None
            now_stored = units[one.draft.code]
            before = replace(now_stored, version=0) if is_new else now_stored
            await store_unit(session, one.draft, before, parent_id)


async def _close(
    session: WriteSession,
    viewer: Viewer | None,
    reference: Reference,
    planned: Sequence[PlannedUnit],
    stored: dict[str, UnitDraft],
    now: datetime,
) -> list[Finding]:
    """Close down what the table closes, now that all units are as it says; return what stands against it."""
    closing = [
        one
        for one in planned
        if not one.draft.is_active
        and (before := stored.get(one.draft.code)) is not None
        and (before.is_active or one.successor is not None)
    ]
    if not closing:
        return []
    units = await load_units(session)
    by_code = {unit.code: unit for unit in units.values()}
    as_stored = replace(reference, units=units)
    findings: list[Finding] = []
    for one in closing:
        unit = by_code[one.draft.code]
        try:
            await close_down(session, viewer, as_stored, unit, by_code, one.successor, now)
        except Refusal as refused:
            findings.append(_finding(one, refused))
        except CalendarError as error:
            findings.append(one.entry.finding("no_deadline", str(error), "hand_over_to"))
    return findings


def _finding(one: PlannedUnit, refused: Refusal) -> Finding:
    if isinstance(refused, FieldWrong):
        return one.entry.finding(refused.field_code, refused.detail, "hand_over_to")
    hangs = {name: value for name, value in refused.facts.items() if value}
    told = "; ".join(f"{name}: {_few(value)}" for name, value in hangs.items())
    return one.entry.finding(
        refused.code, f"{refused.detail} ({told})" if told else refused.detail, "is_active"
    )


def _few(value: object) -> str:
    if not isinstance(value, list):
        return str(value)
    named: list[str] = [str(one) for one in value[:_TOLD_MAX]]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  codes
    return ", ".join(named) + (f" and {len(value) - _TOLD_MAX} more" if len(value) > _TOLD_MAX else "")  # pyright: ignore[reportUnknownArgumentType]  the same
