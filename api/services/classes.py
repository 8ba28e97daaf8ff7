"""Store classes and conditions, by file or one at a time; each change makes a version of the catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.catalogue import Catalogue
from api.domain.catalogue_changes import (
    CatalogueChange,
    ClassChange,
    change_by_file,
    change_of_one,
    rules_left,
)
from api.domain.catalogue_files import CatalogueFile
from api.domain.catalogue_states import ClassState, StoredClass
from api.domain.errors import FieldWrong
from api.domain.imports import Finding, Imported, require_no_fault
from api.domain.versions import check_version
from api.models import CatalogueVersion, Category, Condition
from api.models.base import Table
from api.queries.classes import count_open_tickets, latest_version, load_classes, lock_catalogue
from api.queries.dispatch_rules import load_rules_in_force
from api.services.kept_changes import keep_changes

_BATCH = 1_000
"""Rows in one statement: PostgreSQL takes 65 535 parameters, and a condition has 13."""

SOURCE_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class CatalogueEditor:
    """Who changes the catalogue and when; `by_id` None is the command line. `source` is a file's name, or `edit`."""

    by_id: UUID | None
    now: datetime
    source: str = "edit"


@dataclass(frozen=True, slots=True)
class PutClass:
    """What became of a class that was sent, and what its sender should look at."""

    state: ClassState
    version: int
    is_new: bool
    warnings: Sequence[Finding]


async def import_classes(
    session: WriteSession, file: CatalogueFile, editor: CatalogueEditor, *, is_complete: bool = False
) -> Imported:
    """Store the classes of a file; with `is_complete` those that it does not have are retired.

    A file with faults is refused (ImportRefused). The same file again changes nothing and makes no version.
    """
    require_no_fault(file.findings)
    await lock_catalogue(session)
    change, findings = await _planned(session, file, is_complete=is_complete)
    require_no_fault(findings)
    await _store(session, change, editor)
    return Imported(change.codes, findings)


async def preview_classes(
    session: ReadSession, file: CatalogueFile, *, is_complete: bool = False
) -> Imported:
    """Say what `import_classes` would do, with all faults; nothing is stored."""
    change, findings = await _planned(session, file, is_complete=is_complete)
    return Imported(change.codes, findings, is_preview=True)


async def _planned(
    session: ReadSession, file: CatalogueFile, *, is_complete: bool
) -> tuple[CatalogueChange, list[Finding]]:
    stored = await load_classes(session)
    change = change_by_file(stored, file, is_complete=is_complete)
    return change, [*file.findings, *change.faults, *await _warnings(session, stored, change)]


async def put_class(
    session: WriteSession, state: ClassState, seen_version: int | None, editor: CatalogueEditor
) -> PutClass:
    """Store one class, whole; what is stored already is not stored again.

    Conditions that it does not have any more are retired. Raises FieldWrong for what can't be in force beside the
    others, VersionNeeded, VersionConflict, and NotFound for a version of a class that does not exist.
    """
    await lock_catalogue(session)
    stored = await load_classes(session)
    change = change_of_one(stored, state)
    key = state.category.scheme, state.category.code
    before = next((one for one in stored if one.key == key), None)
    if before is not None and not change.classes:
        return PutClass(before.state, before.version, is_new=False, warnings=())
    check_version("class", before.version if before else None, seen_version, category=state.category.code)
    for fault in change.faults:
        raise FieldWrong(f"/{fault.column}", fault.code, fault.detail)
    await _store(session, change, editor)
    done = change.classes[0]
    warnings = await _warnings(session, stored, change)
    return PutClass(done.after, done.version, is_new=before is None, warnings=warnings)


async def store_catalogue(session: WriteSession, catalogue: Catalogue, editor: CatalogueEditor) -> None:
    """Store a catalogue of our own; raises CatalogueRefused when some row was not readable."""
    await import_classes(session, CatalogueFile(catalogue.accepted()), editor)


async def _warnings(
    session: ReadSession, stored: Iterable[StoredClass], change: CatalogueChange
) -> list[Finding]:
    """Tell which rules and open tickets a change leaves as they are."""
    found = rules_left(await load_rules_in_force(session), stored, change) if change.classes else []
    tickets = await count_open_tickets(session, change.relimited)
    if tickets:
        said = f"{tickets} open tickets keep the due time that they have until `gridpatrol recompute` runs."
        found.append(Finding("recompute_needed", said, is_warning=True))
    return found


async def _store(session: WriteSession, change: CatalogueChange, editor: CatalogueEditor) -> None:
    if not change.classes:
        return
    # First what is retired: its code may be that of a class of another scheme that comes into force.
    for is_active in (False, True):
        rows = [_class_row(one) for one in change.classes if one.after.is_active is is_active]
        await _upsert(session, Category, rows, ("scheme", "code"))
    kept = await session.execute(select(col(Category.scheme), col(Category.code), col(Category.id)))
    ids = {(row.scheme, row.code): row.id for row in kept}
    await _upsert(session, Condition, list(_condition_rows(change.classes, ids)), ("category_id", "number"))
    await keep_changes(
        session, [kept for one in change.classes for kept in one.kept()], editor.by_id, editor.now
    )
    codes = change.codes
    await session.execute(
        insert(CatalogueVersion).values(
            number=await latest_version(session) + 1,
            at=editor.now,
            by_id=editor.by_id,
            source=editor.source[:SOURCE_LENGTH_MAX],
            added=len(codes.added),
            changed=len(codes.changed),
            retired=len(codes.removed),
        )
    )


def _class_row(change: ClassChange) -> dict[str, Any]:
    category = change.after.category
    return {
        "scheme": category.scheme,
        "code": category.code,
        "kind": category.kind.value,
        "major_code": category.major_code,
        "major_zh": category.major_zh,
        "major_en": category.major_en,
        "minor_code": category.minor_code,
        "minor_zh": category.minor_zh,
        "minor_en": category.minor_en,
        "questions": category.questions,
        "is_active": change.after.is_active,
        "version": change.version,
    }


def _condition_rows(
    changes: Iterable[ClassChange], ids: Mapping[tuple[str, str], int]
) -> Iterable[dict[str, Any]]:
    for change in changes:
        after, before = change.after, change.before.state if change.before else None
        for number, condition in after.conditions.items():
            is_same = before is not None and before.conditions.get(number) == condition
            if before is not None and is_same and (number in before.retired) == (number in after.retired):
                continue
            yield {
                "category_id": ids[after.category.scheme, after.category.code],
                "number": number,
                "condition_zh": condition.condition_zh,
                "condition_en": condition.condition_en,
                "closing_zh": condition.closing_zh,
                "closing_en": condition.closing_en,
                "limit_value": condition.limit.value,
                "limit_unit": condition.limit.unit,
                "milestones": [milestone.as_json() for milestone in condition.milestones],
                "needs_after_photo": condition.after_photo,
                "may_self_fix": condition.self_fix,
                "is_active": number not in after.retired,
            }


async def _upsert(
    session: WriteSession, table: type[Table], rows: Sequence[Mapping[str, Any]], key: Sequence[str]
) -> None:
    """Insert rows; where one with the same key is there, its other columns take the new values."""
    for start in range(0, len(rows), _BATCH):
        statement = postgresql.insert(table).values(list(rows[start : start + _BATCH]))
        changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
        await session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))
