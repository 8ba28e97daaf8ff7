"""Store areas with the people on them; what changed is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2.shape import from_shape
from sqlalchemy import delete, insert
from sqlalchemy.dialects import postgresql
from sqlmodel import col

from api.db import WriteSession
from api.domain.area_drafts import AreaDraft, check_area
from api.domain.kept_changes import KeptChange, Noun
from api.domain.reference import Reference, UnitFacts
from api.domain.versions import check_version
from api.models import Area, AreaPerson
from api.queries.areas import StoredArea, find_areas, find_people_ids, lock_areas
from api.queries.geometry import EPSG_WGS84
from api.services.kept_changes import keep_changes

_BATCH = 1_000
"""Rows in one statement: PostgreSQL takes 65 535 parameters."""


@dataclass(frozen=True, slots=True)
class PutArea:
    """What became of an area that was sent."""

    stored: StoredArea
    is_new: bool


@dataclass(frozen=True, slots=True)
class AreaChange:
    """An area as it is stored (None: not yet) and as it should be."""

    stored: StoredArea | None
    draft: AreaDraft

    @property
    def version(self) -> int:
        """The version that the change makes."""
        return self.stored.version + 1 if self.stored else 1


async def put_area(
    session: WriteSession,
    by_id: UUID | None,
    reference: Reference,
    draft: AreaDraft,
    seen_version: int | None,
    now: datetime,
) -> PutArea:
    """Store an area, whole; what is stored already is not stored again.

    Raises FieldWrong for what can't be meant, VersionNeeded, VersionConflict, and NotFound for a version of an area
    that does not exist.
    """
    await lock_areas(session)
    stored = (await find_areas(session, [draft.code])).get(draft.code)
    wanted = draft.in_order()
    if stored is not None and stored.draft == wanted:
        return PutArea(stored, is_new=False)
    check_version("area", stored.version if stored else None, seen_version, area=draft.code)
    people = await find_people_ids(session, {duty.person for duty in draft.duties})
    check_area(draft, reference.units_by_code, people.keys())
    change = AreaChange(stored, wanted)
    await store_areas(session, [change], reference.units_by_code, people, by_id, now)
    return PutArea(StoredArea(wanted, change.version), is_new=stored is None)


async def store_areas(
    session: WriteSession,
    changes: Sequence[AreaChange],
    units: Mapping[str, UnitFacts],
    people: Mapping[str, UUID],
    by_id: UUID | None,
    now: datetime,
) -> None:
    """Store areas that were checked and locked, and keep what changed. `people` has the ids by user name."""
    for start in range(0, len(changes), _BATCH):
        batch = changes[start : start + _BATCH]
        statement = postgresql.insert(Area).values([_row(change, units) for change in batch])
        new = {column.name: column for column in statement.excluded if column.name != "code"}
        await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=new))
    staffed = [one for one in changes if one.draft.duties != (one.stored.draft.duties if one.stored else ())]
    for change in staffed:
        await session.execute(delete(AreaPerson).where(col(AreaPerson.area_code) == change.draft.code))
    rows = [
        {
            "area_code": change.draft.code,
            "person_id": people[duty.person],
            "from_on": duty.from_on,
            "to_on": duty.to_on,
        }
        for change in staffed
        for duty in change.draft.duties
    ]
    for start in range(0, len(rows), _BATCH):
        await session.execute(insert(AreaPerson).values(rows[start : start + _BATCH]))
    kept = [
        KeptChange(
            Noun.AREA,
            change.draft.code,
            change.stored.draft.told() if change.stored else None,
            change.draft.told(),
        )
        for change in changes
    ]
    await keep_changes(session, kept, by_id, now)


def _row(change: AreaChange, units: Mapping[str, UnitFacts]) -> dict[str, Any]:
    draft = change.draft
    return {
        "code": draft.code,
        "kind": draft.kind,
        "name_zh": draft.name_zh,
        "name_en": draft.name_en,
        "geometry": from_shape(draft.shape, srid=EPSG_WGS84),
        "unit_id": units[draft.unit].id if draft.unit is not None else None,
        "leader": draft.leader,
        "task": draft.task,
        "valid_from": draft.valid_from,
        "valid_to": draft.valid_to,
        "minimum_staff": draft.minimum_staff,
        "is_active": draft.is_active,
        "version": change.version,
    }
