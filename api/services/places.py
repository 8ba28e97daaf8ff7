"""Store places with who is paired with them and who signed for them; what changed is kept."""

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
from api.domain.kept_changes import KeptChange, Noun
from api.domain.place_drafts import PlaceDraft, check_place
from api.domain.places import PlaceType
from api.domain.reference import Reference, UnitFacts
from api.domain.versions import check_version
from api.models import FrontageAgreement, Place, PlacePairing
from api.models import PlaceType as PlaceTypeRow
from api.queries.geometry import EPSG_WGS84
from api.queries.places import StoredPlace, find_places, load_place_types, lock_places
from api.services.kept_changes import keep_changes

_BATCH = 1_000
"""Rows in one statement: PostgreSQL takes 65 535 parameters."""


@dataclass(frozen=True, slots=True)
class PutPlace:
    """What became of a place that was sent."""

    stored: StoredPlace
    is_new: bool


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """A place as it is stored (None: not yet) and as it should be."""

    stored: StoredPlace | None
    draft: PlaceDraft

    @property
    def version(self) -> int:
        """The version that the change makes."""
        return self.stored.version + 1 if self.stored else 1


async def put_place(
    session: WriteSession,
    by_id: UUID | None,
    reference: Reference,
    draft: PlaceDraft,
    seen_version: int | None,
    now: datetime,
) -> PutPlace:
    """Store a place, whole; what is stored already is not stored again.

    Raises FieldWrong for what can't be meant, VersionNeeded, VersionConflict, and NotFound for a version of a place
    that does not exist.
    """
    await lock_places(session)
    stored = (await find_places(session, [draft.code])).get(draft.code)
    wanted = draft.in_order(stored.draft if stored else None)
    if stored is not None and stored.draft == wanted:
        return PutPlace(stored, is_new=False)
    check_version("place", stored.version if stored else None, seen_version, place=draft.code)
    check_place(draft, reference.place_types, reference.units_by_code, reference.categories_by_code.keys())
    change = PlaceChange(stored, wanted)
    await store_places(session, [change], reference.units_by_code, by_id, now)
    return PutPlace(StoredPlace(wanted, change.version), is_new=stored is None)


async def store_places(
    session: WriteSession,
    changes: Sequence[PlaceChange],
    units: Mapping[str, UnitFacts],
    by_id: UUID | None,
    now: datetime,
) -> None:
    """Store places that were checked and locked, and keep what changed."""
    for start in range(0, len(changes), _BATCH):
        batch = changes[start : start + _BATCH]
        statement = postgresql.insert(Place).values([_row(change, units) for change in batch])
        new = {column.name: column for column in statement.excluded if column.name != "code"}
        await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=new))
    await _store_lists(session, changes, units)
    kept = [
        KeptChange(
            Noun.PLACE,
            change.draft.code,
            change.stored.draft.told() if change.stored else None,
            change.draft.told(),
        )
        for change in changes
    ]
    await keep_changes(session, kept, by_id, now)


async def store_place_types(
    session: WriteSession, types: Sequence[PlaceType], by_id: UUID | None, now: datetime
) -> list[str]:
    """Store types of places, each whole; return the codes of those that are new or different."""
    stored = await load_place_types(session)
    changed = [kind for kind in types if stored.get(kind.code) != kind]
    if not changed:
        return []
    rows = [_type_told(kind) | {"code": kind.code} for kind in changed]
    statement = postgresql.insert(PlaceTypeRow).values(rows)
    new = {column.name: column for column in statement.excluded if column.name != "code"}
    await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=new))
    kept = [
        KeptChange(
            Noun.PLACE_TYPE,
            kind.code,
            _type_told(stored[kind.code]) if kind.code in stored else None,
            _type_told(kind),
        )
        for kind in changed
    ]
    await keep_changes(session, kept, by_id, now)
    return [kind.code for kind in changed]


def _type_told(kind: PlaceType) -> dict[str, Any]:
    return {"name_zh": kind.name_zh, "name_en": kind.name_en, "is_active": kind.is_active}


def _row(change: PlaceChange, units: Mapping[str, UnitFacts]) -> dict[str, Any]:
    draft = change.draft
    return {
        "code": draft.code,
        "type": draft.type,
        "name_zh": draft.name_zh,
        "name_en": draft.name_en,
        "address": draft.address,
        "geometry": from_shape(draft.shape, srid=EPSG_WGS84),
        "reach_m": draft.reach_m,
        "unit_id": units[draft.unit].id if draft.unit is not None else None,
        "attributes": dict(draft.attributes),
        "is_active": draft.is_active,
        "version": change.version,
    }


async def _store_lists(
    session: WriteSession, changes: Sequence[PlaceChange], units: Mapping[str, UnitFacts]
) -> None:
    """Replace pairings and agreements where they differ; nothing refers to a single one."""
    repaired = [
        one for one in changes if one.draft.pairings != (one.stored.draft.pairings if one.stored else ())
    ]
    signed = [
        one for one in changes if one.draft.agreements != (one.stored.draft.agreements if one.stored else ())
    ]
    for table, changed in ((PlacePairing, repaired), (FrontageAgreement, signed)):
        codes = [change.draft.code for change in changed if change.stored is not None]
        for start in range(0, len(codes), _BATCH):
            await session.execute(
                delete(table).where(col(table.place_code).in_(codes[start : start + _BATCH]))
            )
    pairings = [
        {
            "place_code": change.draft.code,
            "unit_id": units[pairing.unit].id if pairing.unit is not None else None,
            "leader": pairing.leader,
            "contact": pairing.contact,
            "from_on": pairing.from_on,
            "to_on": pairing.to_on,
        }
        for change in repaired
        for pairing in change.draft.pairings
    ]
    agreements = [
        {
            "place_code": change.draft.code,
            "kind": agreement.kind,
            "signer_name": agreement.signer_name,
            "signer_phone": agreement.signer_phone,
            "signer_unit_id": units[agreement.signer_unit].id if agreement.signer_unit is not None else None,
            "categories": list(agreement.categories),
            "duties": list(agreement.duties),
            "signed_on": agreement.signed_on,
            "until_on": agreement.until_on,
        }
        for change in signed
        for agreement in change.draft.agreements
    ]
    for table, rows in ((PlacePairing, pairings), (FrontageAgreement, agreements)):
        for start in range(0, len(rows), _BATCH):
            await session.execute(insert(table).values(rows[start : start + _BATCH]))
