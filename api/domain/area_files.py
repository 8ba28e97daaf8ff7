"""Areas from files and into files."""

import json
from typing import Any, Final

import shapely

from api.domain.area_drafts import AreaDraft, AreaDuty
from api.domain.areas import AreaKind
from api.domain.feature_files import Entry, read_day
from api.domain.shapes import as_areas
from api.domain.tables import Column

COLUMNS: Final = (
    Column("code", ("编码", "片区编码", "编号"), is_required=True),
    Column("kind", ("类别", "片区类别")),
    Column("name_zh", ("名称", "片区名称", "中文名称", "name")),
    Column("name_en", ("英文名称",)),
    Column("unit", ("责任单位", "权属单位")),
    Column("leader", ("带班领导", "负责人")),
    Column("task", ("任务",)),
    Column("valid_from", ("开始日期",)),
    Column("valid_to", ("结束日期",)),
    Column("minimum_staff", ("每日最少人数",)),
    Column("is_active", ("启用", "是否启用")),
    Column("people"),
)
"""The properties of a feature."""

_NAME_MAX: Final = 100
_TASK_MAX: Final = 2_000
_STAFF_MAX: Final = 100_000


def area_draft(entry: Entry, stored: AreaDraft | None) -> AreaDraft | None:
    """Return the area that an entry means; None where it has a fault, which the entry then tells.

    What the file does not say stays as it is stored. A new area needs a kind and a Chinese name.
    """
    if entry.shape is None:
        return None
    name_zh = entry.one_line("name_zh", stored.name_zh if stored else "", _NAME_MAX)
    if not name_zh:
        entry.wrong("value_missing", "An area has a name.", "name_zh")
    draft = AreaDraft(
        code=entry.code,
        kind=_kind(entry, stored),
        name_zh=name_zh,
        name_en=entry.one_line("name_en", stored.name_en if stored else "", _NAME_MAX) or name_zh,
        shape=as_areas(entry.shape),
        unit=entry.text("unit", (stored.unit if stored else None) or "", _NAME_MAX) or None,
        leader=entry.one_line("leader", stored.leader if stored else "", _NAME_MAX),
        task=entry.text("task", stored.task if stored else "", _TASK_MAX),
        valid_from=entry.day("valid_from", stored.valid_from if stored else None),
        valid_to=entry.day("valid_to", stored.valid_to if stored else None),
        minimum_staff=_minimum_staff(entry, stored),
        is_active=entry.flag("is_active", otherwise=stored.is_active if stored else True),
        duties=_duties(entry, stored),
    )
    return None if entry.findings else draft.in_order()


def area_feature(draft: AreaDraft) -> dict[str, Any]:
    """Return an area as a GeoJSON feature that `area_draft` reads as the same."""
    return {
        "type": "Feature",
        "id": draft.code,
        "properties": {
            "code": draft.code,
            "kind": draft.kind,
            "name_zh": draft.name_zh,
            "name_en": draft.name_en,
            "unit": draft.unit,
            "leader": draft.leader,
            "task": draft.task,
            "valid_from": draft.valid_from.isoformat() if draft.valid_from else None,
            "valid_to": draft.valid_to.isoformat() if draft.valid_to else None,
            "minimum_staff": draft.minimum_staff,
            "is_active": draft.is_active,
            "people": [
                {
                    "person": one.person,
                    "from_on": one.from_on.isoformat(),
                    "to_on": one.to_on.isoformat() if one.to_on else None,
                }
                for one in draft.duties
            ],
        },
        "geometry": json.loads(shapely.to_geojson(draft.shape)),
    }


def _kind(entry: Entry, stored: AreaDraft | None) -> AreaKind:
    text = entry.text("kind", stored.kind if stored else "", _NAME_MAX)
    try:
        return AreaKind(text)
    except ValueError:
        entry.wrong("area_kind_unknown", f"The kind of an area is one of {', '.join(AreaKind)}.", "kind")
        return AreaKind.TEMPORARY


def _minimum_staff(entry: Entry, stored: AreaDraft | None) -> int:
    number = entry.number("minimum_staff", stored.minimum_staff if stored else 0)
    # "not inside" rather than "outside": NaN is neither
    if not 0 <= number <= _STAFF_MAX or number != int(number):
        entry.wrong("number_wrong", f"A whole number, 0 to {_STAFF_MAX}, is expected.", "minimum_staff")
        return 0
    return int(number)


def _duties(entry: Entry, stored: AreaDraft | None) -> tuple[AreaDuty, ...]:
    sent = entry.items("people")
    if sent is None:
        return stored.duties if stored else ()
    found: list[AreaDuty] = []
    for one in sent:
        try:
            person, from_on = one.get("person"), read_day(one.get("from_on"))
            if not isinstance(person, str) or from_on is None:
                raise ValueError(one)  # noqa: TRY301  told below with the others
            found.append(AreaDuty(person, from_on, read_day(one.get("to_on"))))
        except ValueError:
            entry.wrong("duty_wrong", "Somebody on an area has person, from_on and to_on.", "people")
    return tuple(found)
