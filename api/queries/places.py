"""Questions about places: all of them for the snapshot, and some of them whole."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import shapely
from sqlalchemy import func, select, text
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.agreements import Agreement
from api.domain.place_drafts import Pairing, PlaceDraft
from api.domain.places import PlaceFacts, PlaceIndex
from api.domain.places import PlaceType as PlaceTypeFacts
from api.models import FrontageAgreement, Place, PlacePairing, PlaceType, Unit
from api.queries.geometry import as_geojson

_FACTS: tuple[Any, ...] = tuple(getattr(Place, name) for name in PlaceFacts.__slots__)


async def load_place_types(session: ReadSession) -> dict[str, PlaceTypeFacts]:
    """Return all types of places in the order of their codes."""
    columns: tuple[Any, ...] = tuple(getattr(PlaceType, name) for name in PlaceTypeFacts.__slots__)
    rows = await session.execute(select(*columns).order_by(col(PlaceType.code)))
    return {row.code: PlaceTypeFacts(*row) for row in rows}


async def load_places(session: ReadSession) -> PlaceIndex:
    """Return all places with their shapes."""
    rows = (await session.execute(select(*_FACTS, func.ST_AsBinary(col(Place.geometry))))).all()
    shapes: list[Any] = shapely.from_wkb([row[-1] for row in rows]).tolist()
    return PlaceIndex((PlaceFacts(*row[:-1]), shape) for row, shape in zip(rows, shapes, strict=True))


async def lock_places(session: WriteSession) -> None:
    """Let nobody else store a place until the transaction ends; reading them goes on, and so does reporting.

    The whole table: a place about to be made has no row.
    """
    await session.execute(text("LOCK TABLE places IN SHARE ROW EXCLUSIVE MODE"))


@dataclass(frozen=True, slots=True)
class StoredPlace:
    """A place as it is stored, written down like a draft."""

    draft: PlaceDraft
    version: int


async def find_places(session: ReadSession, codes: Collection[str] | None) -> dict[str, StoredPlace]:
    """Return these places whole, with pairings and agreements, by code and in the order of codes; None: all."""
    statement: Any = (
        select(Place, col(Unit.code), func.ST_AsBinary(col(Place.geometry)))
        .outerjoin(Unit, col(Unit.id) == col(Place.unit_id))
        .order_by(col(Place.code))
    )
    if codes is not None:
        statement = statement.where(col(Place.code).in_(codes))
    rows: list[Any] = list(await session.execute(statement))
    shapes: list[Any] = shapely.from_wkb([wkb for *_, wkb in rows]).tolist()
    pairings = await _pairings(session, codes)
    agreements = await _agreements(session, codes)
    found: dict[str, StoredPlace] = {}
    for (row, unit, _), shape in zip(rows, shapes, strict=True):
        draft = PlaceDraft(
            code=row.code,
            type=row.type,
            name_zh=row.name_zh,
            name_en=row.name_en,
            shape=shape,
            address=row.address,
            reach_m=row.reach_m,
            unit=unit,
            attributes=row.attributes,
            is_active=row.is_active,
            pairings=tuple(pairings.get(row.code, ())),
            agreements=tuple(agreements.get(row.code, ())),
        )
        found[row.code] = StoredPlace(draft.in_order(), row.version)
    return found


async def _pairings(session: ReadSession, codes: Collection[str] | None) -> dict[str, list[Pairing]]:
    statement: Any = select(PlacePairing, col(Unit.code)).outerjoin(
        Unit, col(Unit.id) == col(PlacePairing.unit_id)
    )
    if codes is not None:
        statement = statement.where(col(PlacePairing.place_code).in_(codes))
    found: dict[str, list[Pairing]] = {}
    rows: list[Any] = list(await session.execute(statement))
    for row, unit in rows:
        pairing = Pairing(unit, row.leader, row.contact, row.from_on, row.to_on)
        found.setdefault(row.place_code, []).append(pairing)
    return found


async def load_signed_by_units(session: ReadSession) -> dict[str, tuple[Agreement, ...]]:
    """Return the agreements that a unit signed, by place, the latest first; phones are left out."""
    found = await _agreements(session, None)
    return {
        code: tuple(
            replace(one, signer_phone=None)
            for one in sorted(signed, key=lambda one: one.signed_on, reverse=True)
        )
        for code, agreements in found.items()
        if (signed := [one for one in agreements if one.signer_unit is not None])
    }


async def _agreements(session: ReadSession, codes: Collection[str] | None) -> dict[str, list[Agreement]]:
    statement: Any = select(FrontageAgreement, col(Unit.code)).outerjoin(
        Unit, col(Unit.id) == col(FrontageAgreement.signer_unit_id)
    )
    if codes is not None:
        statement = statement.where(col(FrontageAgreement.place_code).in_(codes))
    found: dict[str, list[Agreement]] = {}
    rows: list[Any] = list(await session.execute(statement))
    for row, unit in rows:
        agreement = Agreement(
            kind=row.kind,
            signer_name=row.signer_name,
            signer_phone=row.signer_phone,
            signer_unit=unit,
            categories=tuple(row.categories),
            duties=tuple(row.duties),
            signed_on=row.signed_on,
            until_on=row.until_on,
        )
        found.setdefault(row.place_code, []).append(agreement)
    return found


async def find_place_shapes(session: ReadSession, codes: Collection[str]) -> Mapping[str, str]:
    """Return the shapes of these places as GeoJSON text (longitude first, WGS-84), by code."""
    statement = select(col(Place.code), as_geojson(Place.geometry)).where(col(Place.code).in_(codes))
    return dict((await session.execute(statement)).all())
