"""Read the demo street from the project's data files into values of the domain.

The files are an example for a city that brings its own: each says in its head what it holds. A mistake in one
raises pydantic's `ValidationError` or a refusal of the domain, naming the place.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict
from shapely import MultiPolygon, Polygon
from shapely.geometry import shape

from api.domain.access import Role
from api.domain.calendar_drafts import read_hours
from api.domain.calendars import CalendarDay, WorkCalendar
from api.domain.catalogue import Catalogue
from api.domain.catalogue_csv import read_catalogue
from api.domain.dispatch_files import rules_from_list
from api.domain.dispatch_rules import DispatchRule
from api.domain.grid_drafts import GridDraft
from api.domain.grids import GridLevel, GridShapeWrong
from api.models.units import UnitKind
from api.services.calendar_seed import chinese_exceptions
from api.services.catalogue import UnitEntry

DATA = Path(__file__).resolve().parent.parent / "data"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_Row = TypeVar("_Row", bound="_Strict")


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """Somebody who works on the demo street; `unit` and `grids` are codes."""

    username: str
    name: str
    role: Role
    phone: str | None
    unit: str | None
    officer_number: str | None
    grids: tuple[str, ...]
    phone_is_public: bool


@dataclass(frozen=True, slots=True)
class StreetFiles:
    """Everything that the demo street is made of, before any ticket."""

    calendars: tuple[WorkCalendar, ...]
    catalogue: Catalogue
    units: tuple[UnitEntry, ...]
    grids: tuple[GridDraft, ...]
    rules: tuple[DispatchRule, ...]
    policies: Mapping[str, object]
    people: tuple[PersonEntry, ...]


def read_street() -> StreetFiles:
    """Read all files of the demo street."""
    units = tuple(_unit(row) for row in _rows(_UnitRow, "demo/units.yaml", "units"))
    # Who takes what no rule covers owns the street's grid, and with it all grids inside (属地兜底).
    owner = next((unit.code for unit in units if unit.is_fallback), None)
    return StreetFiles(
        calendars=tuple(_calendar(row) for row in _rows(_CalendarRow, "calendars.yaml", "calendars")),
        catalogue=read_catalogue((DATA / "classes.csv").read_text("utf-8")).accepted(),
        units=units,
        grids=_grids(owner),
        rules=rules_from_list(_yaml("demo/rules.yaml")["rules"], "/rules"),
        policies=_yaml("demo/policies.yaml"),
        people=tuple(_person(row) for row in _rows(_PersonRow, "demo/people.yaml", "people")),
    )


class _Strict(BaseModel):
    """A row of a file: unknown and missing fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _UnitRow(_Strict):
    code: str
    name_zh: str
    name_en: str
    kind: UnitKind
    parent: str | None
    phone: str | None
    calendar_code: str
    is_fallback: bool


class _Exceptions(_Strict):
    seed: Literal["china"]
    make_up_hours: list[str]


class _CalendarRow(_Strict):
    code: str
    name_zh: str
    name_en: str
    time_zone: str
    first_on: date
    last_on: date
    working_day_minutes: int
    weekly: dict[str, list[str]]
    exceptions: _Exceptions | None = None


class _PersonRow(_Strict):
    username: str
    name_zh: str
    name_en: str
    role: Role
    phone: str | None = None
    unit: str | None = None
    officer_number: str | None = None
    grids: tuple[str, ...] = ()
    phone_is_public: bool = False


class _GridProperties(_Strict):
    code: str
    level: GridLevel
    name_zh: str
    name_en: str
    parent: str | None


def _yaml(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load((DATA / name).read_text("utf-8")))


def _rows(kind: type[_Row], name: str, key: str) -> list[_Row]:
    rows = cast("list[object]", _yaml(name)[key])
    return [kind.model_validate(row) for row in rows]


def _unit(row: _UnitRow) -> UnitEntry:
    return UnitEntry(**row.model_dump())


def _person(row: _PersonRow) -> PersonEntry:
    return PersonEntry(
        username=row.username,
        name=row.name_zh,
        role=row.role,
        phone=row.phone,
        unit=row.unit,
        officer_number=row.officer_number,
        grids=row.grids,
        phone_is_public=row.phone_is_public,
    )


def _calendar(row: _CalendarRow) -> WorkCalendar:
    unknown = sorted(row.weekly.keys() - set(DAYS))
    if unknown:
        raise ValueError(f"calendar {row.code}: {unknown[0]!r} is no day of the week")
    exceptions: list[CalendarDay] = []
    if row.exceptions:
        hours = read_hours(row.exceptions.make_up_hours)
        exceptions = chinese_exceptions(row.first_on.year, row.last_on.year, hours)
    return WorkCalendar(
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        time_zone=row.time_zone,
        weekly=[read_hours(row.weekly.get(day, [])) for day in DAYS],
        exceptions=exceptions,
        first_on=row.first_on,
        last_on=row.last_on,
        working_day_minutes=row.working_day_minutes,
    )


def _grids(owner: str | None) -> tuple[GridDraft, ...]:
    collection = json.loads((DATA / "demo" / "street.geojson").read_text("utf-8"))
    drafts: list[GridDraft] = []
    for number, feature in enumerate(collection["features"], start=1):
        facts = _GridProperties.model_validate(feature["properties"])
        area = shape(feature["geometry"])
        if not isinstance(area, Polygon | MultiPolygon):
            raise GridShapeWrong(f"grid {facts.code} is a {area.geom_type}, not an area", grid=facts.code)
        drafts.append(
            GridDraft(
                number=number,
                code=facts.code,
                name_zh=facts.name_zh,
                name_en=facts.name_en,
                level=facts.level,
                parent=facts.parent,
                unit=owner if facts.level is GridLevel.STREET else None,
                shape=area if isinstance(area, MultiPolygon) else MultiPolygon([area]),
            )
        )
    return tuple(drafts)
