"""Units, classes, types of places and people: the parts that are kept in tables."""

from collections.abc import Sequence
from dataclasses import replace

from api.adapters.spreadsheets import write_csv
from api.configuration.parts import Moment, present
from api.db import ReadSession, WriteSession
from api.domain import person_files, place_type_files, unit_files
from api.domain.imports import ImportChange, Imported, require_no_fault
from api.domain.unit_files import UnitEntry
from api.domain.units import UnitDraft
from api.queries.classes import load_catalogue
from api.queries.personnel import find_all_people
from api.queries.places import load_place_types
from api.queries.units import load_units
from api.services.class_files import read_class_file, write_class_file
from api.services.classes import CatalogueEditor, import_classes
from api.services.person_imports import import_people
from api.services.places import store_place_types
from api.services.unit_imports import import_units
from api.table_bodies import read_table_file

_UTF_8 = "utf-8"
_SOURCE = "configuration"


async def export_units(session: ReadSession, _: Moment) -> bytes:
    """Write all units, those that were closed down as well."""
    units = await load_units(session)
    return write_csv(unit_files.unit_rows(UnitDraft.of(unit, units) for unit in units.values()))


async def apply_units(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the units of a file, but leave those open that it closes down: rules and grids may name them still."""
    entries, findings = read_table_file(content, _UTF_8, unit_files.COLUMNS, unit_files.read_units)
    reference = await present(session, moment)
    open_units = {code for code, unit in reference.units_by_code.items() if unit.is_active}
    entries = [_left_open(entry) if entry.code in open_units else entry for entry in entries]
    return await import_units(session, None, reference, entries, findings, moment.now, is_preview=False)


async def close_units(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Close down the units that a file closes down, when everything else is stored."""
    entries, findings = read_table_file(content, _UTF_8, unit_files.COLUMNS, unit_files.read_units)
    reference = await present(session, moment)
    return await import_units(session, None, reference, entries, findings, moment.now, is_preview=False)


def _left_open(entry: UnitEntry) -> UnitEntry:
    if entry.said.get("is_active", True):
        return entry
    said = {name: value for name, value in entry.said.items() if name != "is_active"}
    return replace(entry, said=said, successor=None)


async def export_classes(session: ReadSession, _: Moment) -> bytes:
    """Write the classes in force with their conditions and questions."""
    return write_class_file(await load_catalogue(session), is_workbook=False)


async def apply_classes(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the classes of a file; those that it lacks are retired."""
    file = read_class_file(content, is_workbook=False)
    editor = CatalogueEditor(None, moment.now, _SOURCE)
    return await import_classes(session, file, editor, is_complete=True)


async def export_place_types(session: ReadSession, _: Moment) -> bytes:
    """Write the types of places."""
    types = (await load_place_types(session)).values()
    rows: list[Sequence[str]] = [("code", "name_zh", "name_en")]
    rows += [(one.code, one.name_zh, one.name_en) for one in types if one.is_active]
    return write_csv(rows)


async def apply_place_types(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the types of places of a file; others stay, since places may have them."""
    types, findings = read_table_file(
        content, _UTF_8, place_type_files.COLUMNS, place_type_files.read_place_types
    )
    require_no_fault(findings)
    before = await load_place_types(session)
    changed = await store_place_types(session, types, None, moment.now)
    return Imported(
        ImportChange(
            added=[code for code in changed if code not in before],
            changed=[code for code in changed if code in before],
            unchanged=len(types) - len(changed),
        ),
        findings,
    )


async def export_people(session: ReadSession, moment: Moment) -> bytes:
    """Write everybody with phone numbers, never passwords."""
    people = await find_all_people(session, moment.today)
    return write_csv(person_files.person_rows(one.draft for one in people))


async def apply_people(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the people of a file; others stay, and new accounts wait for a password."""
    entries, findings = read_table_file(content, _UTF_8, person_files.COLUMNS, person_files.read_people)
    reference = await present(session, moment)
    return await import_people(
        session, None, reference, entries, findings, moment.now, moment.today, is_preview=False
    )
