"""The decision of who gets a case, from one snapshot of the office's rules, owners and policies.

Dispatching and explaining both ask here, so that what is explained is what would happen.
"""

from datetime import datetime

from api.domain.areas import AreaKind
from api.domain.dispatch import Decision, Fallback, Matter, Reason, choose
from api.domain.dispatch_conflicts import Known
from api.domain.geo import Place
from api.domain.reference import Reference, UnitFacts
from api.domain.reports import Source


def matter_of(
    reference: Reference,
    *,
    category: str,
    condition: int | None,
    source: str,
    at: datetime,
    grid_code: str | None,
    place_code: str | None = None,
    point: Place | None = None,
) -> Matter:
    """Return what rules ask about a case: with the type of its place, and the areas around its point on that day.

    Without a point no area is around it: a grid alone may lie in several.
    """
    place = reference.places.by_code.get(place_code) if place_code is not None else None
    on = at.astimezone(reference.zone).date()
    areas = reference.areas.covering(point, on) if point is not None else ()
    return Matter(
        category=category,
        condition=condition,
        grid_code=grid_code,
        source=source,
        at=at,
        place=place_code,
        place_type=place.type if place else None,
        areas=tuple(area.code for area in areas),
    )


def decide(reference: Reference, matter: Matter) -> Decision:
    """Choose by agreement or rule, else by who is responsible for the place, as far as the city falls back on them.

    Who signed for a frontage goes before all rules but those for this very place (policy `signers_first`). What no
    rule covers is for the place's own unit (点位责任单位), then the owner of the smallest area that belongs to
    somebody (权属单位), then the grid's owning street (属地兜底), each switched on and off by a policy of its own.
    """
    fallback = (
        _place_unit(reference, matter) or _area_owner(reference, matter) or _grid_owner(reference, matter)
    )
    return choose(reference.rules, matter, fallback, _signer(reference, matter))


def _signer(reference: Reference, matter: Matter) -> Fallback | None:
    place = reference.places.by_code.get(matter.place) if matter.place is not None else None
    if place is None or not place.is_active or not reference.policies.signers_first:
        return None
    on = matter.at.astimezone(reference.zone).date()
    for agreement in reference.agreements.get(place.code, ()):
        unit = reference.units_by_code.get(agreement.signer_unit or "")
        if (
            unit is not None
            and unit.is_active
            and agreement.is_in_force(on)
            and agreement.covers(matter.category)
        ):
            return Fallback(unit.code, Reason.SIGNER, place.name_zh, place.name_en)
    return None


def _place_unit(reference: Reference, matter: Matter) -> Fallback | None:
    place = reference.places.by_code.get(matter.place) if matter.place is not None else None
    if place is None or not place.is_active or not reference.policies.fallback_to_place_unit:
        return None
    unit = _active(reference, place.unit_id)
    return Fallback(unit.code, Reason.PLACE_UNIT, place.name_zh, place.name_en) if unit else None


def _area_owner(reference: Reference, matter: Matter) -> Fallback | None:
    if not reference.policies.fallback_to_area_owner:
        return None
    for code in matter.areas:
        area = reference.areas.by_code[code]
        unit = _active(reference, area.unit_id) if area.kind is AreaKind.OWNERSHIP else None
        if unit is not None:
            return Fallback(unit.code, Reason.AREA_OWNER, area.name_zh, area.name_en)
    return None


def _grid_owner(reference: Reference, matter: Matter) -> Fallback | None:
    falls_back = reference.policies.fallback_to_grid_owner
    unit = reference.fallback_unit(matter.grid_code) if falls_back else None
    return Fallback(unit.code) if unit else None


def _active(reference: Reference, unit_id: int | None) -> UnitFacts | None:
    unit = reference.units.get(unit_id) if unit_id is not None else None
    return unit if unit is not None and unit.is_active else None


def known_codes(reference: Reference) -> Known:
    """Return the codes that a rule in force may name: what is retired, given up or closed down is not among them."""
    return Known(
        categories=reference.catalogue.categories.keys(),
        conditions=reference.catalogue.conditions.keys(),
        grids=reference.grids.keys(),
        places=frozenset(place.code for place in reference.places.by_code.values() if place.is_active),
        areas=frozenset(area.code for area in reference.areas.by_code.values() if area.is_active),
        place_types=frozenset(kind.code for kind in reference.place_types.values() if kind.is_active),
        sources=frozenset(source.value for source in Source),
        units=frozenset(unit.code for unit in reference.units.values() if unit.is_active),
    )
