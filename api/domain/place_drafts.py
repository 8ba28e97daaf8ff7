"""Places as an administrator writes them down, and what is wrong with such an entry."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.agreements import PHONE_AS_STORED, Agreement
from api.domain.category_codes import is_category_prefix
from api.domain.errors import FieldWrong
from api.domain.map_shapes import area_m2
from api.domain.phones import masked_phone
from api.domain.places import REACH_MAX_M, PlaceType
from api.domain.reference import UnitFacts
from api.domain.shapes import shape_sha256

ATTRIBUTES_MAX: Final = 50
ATTRIBUTE_NAME_MAX: Final = 60
ATTRIBUTE_VALUE_MAX: Final = 500

_POINT_REACH_M: Final = 30.0
_LINE_REACH_M: Final = 20.0

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who is paired (包联) with a place: a unit, a leader, or both, and whom to ask in the community.

    `unit` is a code. Both days are included; without a last one it goes on.
    """

    unit: str | None
    leader: str
    contact: str
    from_on: date
    to_on: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Tell whether they are paired on this day."""
        return self.from_on <= on and (self.to_on is None or on <= self.to_on)


@dataclass(frozen=True, slots=True)
class PlaceDraft:
    """A whole place as it should be; `type` and `unit` are codes. Pairings and agreements come with their history."""

    code: str
    type: str
    name_zh: str
    name_en: str
    shape: BaseGeometry = field(compare=False)
    shape_sha256: str = field(init=False)
    address: str = ""
    reach_m: float = 0.0
    unit: str | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    is_active: bool = True
    pairings: tuple[Pairing, ...] = ()
    agreements: tuple[Agreement, ...] = ()

    def __post_init__(self) -> None:
        """Compare shapes by their vertices, as they are stored."""
        object.__setattr__(self, "shape_sha256", shape_sha256(self.shape))

    def in_order(self, stored: "PlaceDraft | None" = None) -> "PlaceDraft":
        """Return it as it is stored: what has days in the order of days, phones that were not sent as they were."""
        known = {_signing(one): one.signer_phone for one in stored.agreements} if stored else {}
        agreements = (
            replace(one, signer_phone=known.get(_signing(one)))
            if one.signer_phone == PHONE_AS_STORED
            else one
            for one in self.agreements
        )
        return replace(
            self,
            pairings=tuple(sorted(self.pairings, key=_pairing)),
            agreements=tuple(sorted(agreements, key=_signing)),
        )

    def told(self) -> dict[str, Any]:
        """Return what is kept of it when it changes: plain JSON values, phones masked."""
        east, north = self.shape.representative_point().coords[0]
        return {
            "type": self.type,
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "address": self.address,
            "shape": self.shape.geom_type,
            "area_m2": round(area_m2(self.shape), 1),
            "point": [round(east, 7), round(north, 7)],
            "shape_sha256": self.shape_sha256,
            "reach_m": self.reach_m,
            "unit": self.unit,
            "attributes": dict(self.attributes),
            "is_active": self.is_active,
            "pairings": [
                {
                    "unit": one.unit,
                    "leader": one.leader,
                    "contact": one.contact,
                    "from_on": one.from_on.isoformat(),
                    "to_on": one.to_on.isoformat() if one.to_on else None,
                }
                for one in self.pairings
            ],
            "agreements": [
                {
                    "kind": one.kind,
                    "signer_name": one.signer_name,
                    "signer_phone": masked_phone(one.signer_phone),
                    "signer_unit": one.signer_unit,
                    "categories": list(one.categories),
                    "duties": list(one.duties),
                    "signed_on": one.signed_on.isoformat(),
                    "until_on": one.until_on.isoformat() if one.until_on else None,
                }
                for one in self.agreements
            ],
        }


def default_reach_m(shape: BaseGeometry) -> float:
    """Return how far a place reaches beyond its shape unless somebody says otherwise: an area not at all."""
    if isinstance(shape, shapely.Point | shapely.MultiPoint):
        return _POINT_REACH_M
    return _LINE_REACH_M if isinstance(shape, shapely.LineString | shapely.MultiLineString) else 0.0


def check_place(
    draft: PlaceDraft,
    types: Mapping[str, PlaceType],
    units: Mapping[str, UnitFacts],
    categories: Collection[str],
) -> None:
    """Raise FieldWrong for what can't be meant.

    That is a type or unit that does not exist or is no longer used, classes that no code begins with, spans that
    end before they begin, and attributes beyond their bounds. `categories` are all codes that there ever were.
    """
    kind = types.get(draft.type)
    if kind is None or (draft.is_active and not kind.is_active):
        raise FieldWrong("/type", "place_type_unknown", "There is no such type of place.", type=draft.type)
    if not 0 <= draft.reach_m <= REACH_MAX_M:
        raise FieldWrong("/reach_m", "reach_wrong", f"A place reaches 0 to {REACH_MAX_M:.0f} m.")
    _check_unit(draft.unit, units, "/unit", is_needed=draft.is_active)
    _check_attributes(draft.attributes)
    for index, pairing in enumerate(draft.pairings):
        pointer = f"/pairings/{index}"
        if pairing.unit is None and not pairing.leader.strip():
            raise FieldWrong(pointer, "pairing_empty", "A pairing names a unit, a leader, or both.")
        if pairing.to_on is not None and pairing.to_on < pairing.from_on:
            raise FieldWrong(f"{pointer}/to_on", "ends_before_it_begins", "A pairing ends after it began.")
        _check_unit(pairing.unit, units, f"{pointer}/unit", is_needed=pairing.to_on is None)
    for index, agreement in enumerate(draft.agreements):
        _check_agreement(agreement, f"/agreements/{index}", units, categories)


def _check_agreement(
    agreement: Agreement, pointer: str, units: Mapping[str, UnitFacts], categories: Collection[str]
) -> None:
    if agreement.until_on is not None and agreement.until_on < agreement.signed_on:
        raise FieldWrong(f"{pointer}/until_on", "ends_before_it_begins", "An agreement ends after it began.")
    _check_unit(agreement.signer_unit, units, f"{pointer}/signer_unit", is_needed=agreement.until_on is None)
    for number, prefix in enumerate(agreement.categories):
        if not is_category_prefix(prefix) or not any(code.startswith(prefix) for code in categories):
            raise FieldWrong(
                f"{pointer}/categories/{number}",
                "category_unknown",
                "No class begins like this.",
                category=prefix,
            )


def _check_unit(code: str | None, units: Mapping[str, UnitFacts], pointer: str, *, is_needed: bool) -> None:
    """Refuse a unit that does not exist; history and places given up may name one that was closed down."""
    if code is None:
        return
    unit = units.get(code)
    if unit is None or (is_needed and not unit.is_active):
        raise FieldWrong(pointer, "unit_unknown", "There is no such unit.", unit=code)


def _check_attributes(attributes: Mapping[str, Scalar]) -> None:
    if len(attributes) > ATTRIBUTES_MAX:
        raise FieldWrong("/attributes", "attributes_wrong", f"{ATTRIBUTES_MAX} attributes are the most.")
    for name, value in attributes.items():
        is_long = isinstance(value, str) and len(value) > ATTRIBUTE_VALUE_MAX
        is_number = isinstance(value, int | float)
        if not 0 < len(name) <= ATTRIBUTE_NAME_MAX or is_long or (is_number and not math.isfinite(value)):
            raise FieldWrong(
                "/attributes",
                "attributes_wrong",
                f"Names have up to {ATTRIBUTE_NAME_MAX} characters, values up to {ATTRIBUTE_VALUE_MAX}.",
                attribute=name[:ATTRIBUTE_NAME_MAX],
            )


def _pairing(pairing: Pairing) -> tuple[date, str, str, str]:
    return pairing.from_on, pairing.unit or "", pairing.leader, pairing.contact


def _signing(agreement: Agreement) -> tuple[date, str, str]:
    return agreement.signed_on, agreement.kind, agreement.signer_name
