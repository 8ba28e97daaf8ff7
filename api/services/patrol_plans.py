"""Make and change plans of patrol; what they ask for is held against the tracks of the last days as well."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.db import WriteSession
from api.domain.errors import FieldWrong
from api.domain.kept_changes import KeptChange, Noun
from api.domain.patrol_plans import PlanDraft
from api.domain.reference import Reference
from api.domain.versions import check_version
from api.models import PatrolPlan, Shift
from api.queries.patrol_plans import StoredPlan, find_plan
from api.services.kept_changes import keep_changes

_LOOKS_BACK = timedelta(days=8)
"""A week and a day: what a plan asks for counts in the week in which it is made."""


async def put_plan(
    session: WriteSession,
    by_id: UUID,
    reference: Reference,
    draft: PlanDraft,
    seen_version: int | None,
    now: datetime,
) -> tuple[StoredPlan, bool]:
    """Store a plan, whole; return it and whether it is new. Shifts of the last days are measured anew.

    Raises FieldWrong for what does not exist or can't be meant, VersionNeeded, VersionConflict, and NotFound for a
    version of one that does not exist.
    """
    _check(draft, reference)
    stored = await find_plan(session, draft.code, for_update=True)
    if stored is not None and stored.draft == draft:
        return stored, False
    check_version("plan", stored.version if stored else None, seen_version, plan=draft.code)
    version = stored.version + 1 if stored else 1
    row = {**draft.told(), "from_on": draft.from_on, "to_on": draft.to_on, "version": version}
    statement = insert(PatrolPlan).values(row)
    await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=row))
    before = stored.draft.told() if stored else None
    await keep_changes(session, [KeptChange(Noun.PATROL_PLAN, draft.code, before, draft.told())], by_id, now)
    await session.execute(
        update(Shift)
        .where(col(Shift.started_at) >= now - _LOOKS_BACK, col(Shift.points) > 0)
        .values(measured_at=None)
        .execution_options(synchronize_session=False)
    )
    return StoredPlan(draft, version), stored is None


def _check(draft: PlanDraft, reference: Reference) -> None:
    if not (draft.grids or draft.places or draft.place_type):
        raise FieldWrong("/grids", "missing", "A plan names grids, places or a type of places.")
    for number, prefix in enumerate(draft.grids):
        if not any(code.startswith(prefix) for code in reference.grids):
            raise FieldWrong(f"/grids/{number}", "grid_unknown", "No grid's code begins like this.")
    for number, place in enumerate(draft.places):
        if place not in reference.places.by_code:
            raise FieldWrong(f"/places/{number}", "place_unknown", "There is no such place.")
    if draft.place_type is not None and draft.place_type not in reference.place_types:
        raise FieldWrong("/place_type", "place_type_unknown", "There is no such type of place.")
    if draft.to_on is not None and draft.to_on < draft.from_on:
        raise FieldWrong("/to_on", "period_wrong", "A plan ends after it begins.")
