"""Places from files and into files."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import shapely

from api.domain.agreements import PHONE_AS_STORED, Agreement, AgreementKind
from api.domain.feature_files import LATITUDE, LONGITUDE, Entry, read_day
from api.domain.place_drafts import Pairing, PlaceDraft, Scalar, default_reach_m
from api.domain.tables import Column

COLUMNS: Final = (
    Column("code", ("编码", "点位编码", "编号"), is_required=True),
    Column("type", ("类型", "点位类型", "类型编码")),
    Column("name_zh", ("名称", "点位名称", "中文名称", "name")),
    Column("name_en", ("英文名称",)),
    Column("address", ("地址",)),
    Column("unit", ("责任单位", "责任单位编码")),
    Column("reach_m", ("影响范围", "影响范围(米)")),
    Column("is_active", ("启用", "是否启用")),
)
"""What a table says of a place, beside where it is."""

TABLE_COLUMNS: Final = (*COLUMNS, LONGITUDE, LATITUDE)
MAP_COLUMNS: Final = (*COLUMNS, Column("attributes"), Column("pairings"), Column("agreements"))

_NAME_MAX: Final = 100
_ADDRESS_MAX: Final = 200


def place_draft(entry: Entry, stored: PlaceDraft | None) -> PlaceDraft | None:
    """Return the place that an entry means; None where it has a fault, which the entry then tells.

    What the file does not say stays as it is stored. A new place needs a type and a Chinese name.
    """
    if entry.shape is None:
        return None
    name_zh = entry.one_line("name_zh", stored.name_zh if stored else "", _NAME_MAX)
    kind = entry.text("type", stored.type if stored else "", _NAME_MAX)
    for name, value in (("type", kind), ("name_zh", name_zh)):
        if not value:
            entry.wrong("value_missing", "A place has a type and a name.", name)
    draft = PlaceDraft(
        code=entry.code,
        type=kind,
        name_zh=name_zh,
        name_en=entry.one_line("name_en", stored.name_en if stored else "", _NAME_MAX) or name_zh,
        shape=entry.shape,
        address=entry.text("address", stored.address if stored else "", _ADDRESS_MAX),
        reach_m=entry.number("reach_m", stored.reach_m if stored else default_reach_m(entry.shape)),
        unit=entry.text("unit", (stored.unit if stored else None) or "", _NAME_MAX) or None,
        attributes=_attributes(entry, stored),
        is_active=entry.flag("is_active", otherwise=stored.is_active if stored else True),
        pairings=_pairings(entry, stored),
        agreements=_agreements(entry, stored),
    )
    return None if entry.findings else draft.in_order(stored)


def place_feature(draft: PlaceDraft) -> dict[str, Any]:
    """Return a place as a GeoJSON feature that `place_draft` reads as the same; phones are left out."""
    return {
        "type": "Feature",
        "id": draft.code,
        "properties": {
            "code": draft.code,
            "type": draft.type,
            "name_zh": draft.name_zh,
            "name_en": draft.name_en,
            "address": draft.address,
            "unit": draft.unit,
            "reach_m": draft.reach_m,
            "is_active": draft.is_active,
            "attributes": dict(draft.attributes),
            "pairings": [
                {
                    "unit": one.unit,
                    "leader": one.leader,
                    "contact": one.contact,
                    "from_on": one.from_on.isoformat(),
                    "to_on": one.to_on.isoformat() if one.to_on else None,
                }
                for one in draft.pairings
            ],
            "agreements": [
                {
                    "kind": one.kind,
                    "signer_name": one.signer_name,
                    "signer_unit": one.signer_unit,
                    "categories": list(one.categories),
                    "duties": list(one.duties),
                    "signed_on": one.signed_on.isoformat(),
                    "until_on": one.until_on.isoformat() if one.until_on else None,
                }
                for one in draft.agreements
            ],
        },
        "geometry": json.loads(shapely.to_geojson(draft.shape)),
    }


def _attributes(entry: Entry, stored: PlaceDraft | None) -> Mapping[str, Scalar]:
    """Return what is noted of it: the object `attributes`, or else the properties that mean nothing else."""
    sent = entry.values.get("attributes")
    if sent is None:
        return dict(entry.others) if entry.others else (stored.attributes if stored else {})
    if not isinstance(sent, Mapping):
        entry.wrong("attributes_wrong", "Attributes are an object.", "attributes")
        return {}
    attributes = cast("Mapping[str, object]", sent)
    if not all(value is None or isinstance(value, str | int | float) for value in attributes.values()):
        entry.wrong("attributes_wrong", "Attributes are text, numbers, true or false.", "attributes")
        return {}
    return cast("Mapping[str, Scalar]", attributes)


def _pairings(entry: Entry, stored: PlaceDraft | None) -> tuple[Pairing, ...]:
    sent = entry.items("pairings")
    if sent is None:
        return stored.pairings if stored else ()
    found: list[Pairing] = []
    for one in sent:
        try:
            from_on = read_day(one.get("from_on"))
            if from_on is None:
                raise ValueError(one)  # noqa: TRY301  told below with the others
            leader, contact = (_text(one, name, _NAME_MAX) for name in ("leader", "contact"))
            found.append(
                Pairing(
                    _text(one, "unit", _NAME_MAX) or None,
                    leader,
                    contact,
                    from_on,
                    read_day(one.get("to_on")),
                )
            )
        except ValueError:
            entry.wrong(
                "pairing_wrong", "A pairing has unit, leader, contact, from_on and to_on.", "pairings"
            )
    return tuple(found)


def _agreements(entry: Entry, stored: PlaceDraft | None) -> tuple[Agreement, ...]:
    sent = entry.items("agreements")
    if sent is None:
        return stored.agreements if stored else ()
    found: list[Agreement] = []
    for one in sent:
        try:
            signed_on, signer = read_day(one.get("signed_on")), _text(one, "signer_name", _NAME_MAX)
            if signed_on is None or not signer:
                raise ValueError(one)  # noqa: TRY301  told below with the others
            found.append(
                Agreement(
                    kind=AgreementKind(_text(one, "kind", _NAME_MAX)),
                    signer_name=signer,
                    signer_phone=_text(one, "signer_phone", 40) or None
                    if "signer_phone" in one
                    else PHONE_AS_STORED,
                    signer_unit=_text(one, "signer_unit", _NAME_MAX) or None,
                    categories=_texts(one.get("categories")),
                    duties=_texts(one.get("duties")),
                    signed_on=signed_on,
                    until_on=read_day(one.get("until_on")),
                )
            )
        except ValueError:
            detail = (
                "An agreement has kind, signer_name, signer_unit, categories, duties, signed_on and until_on."
            )
            entry.wrong("agreement_wrong", detail, "agreements")
    return tuple(found)


def _text(sent: Mapping[str, object], name: str, longest: int) -> str:
    value = sent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise ValueError(value)
    return value.strip()


def _texts(sent: object) -> tuple[str, ...]:
    if sent is None:
        return ()
    if not isinstance(sent, list):
        raise ValueError(sent)  # noqa: TRY004  caught with the other mistakes of an item
    return tuple(_text({"text": one}, "text", _ADDRESS_MAX) for one in cast("list[object]", sent))
