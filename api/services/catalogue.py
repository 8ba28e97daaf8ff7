"""Store reference data: units.

Each function takes values that have been read and checked, whatever file they came from, and takes what is
there already for an earlier version of the same: storing the same again changes nothing. Nothing is removed;
what an office no longer uses it switches off. Triggers raise the version of the reference data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.errors import FieldWrong
from api.models import Unit
from api.models.base import Table
from api.models.units import UnitKind


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """A responsible unit as an office lists it; `parent` and `calendar_code` are codes."""

    code: str
    name_zh: str
    name_en: str
    kind: UnitKind
    calendar_code: str
    parent: str | None = None
    phone: str | None = None
    is_fallback: bool = False


async def store_units(session: WriteSession, units: Sequence[UnitEntry]) -> dict[str, int]:
    """Store units in any order and return the ids of all units by code.

    Raises FieldWrong when a unit's parent is neither among them nor stored.
    """
    rows = [{**asdict(unit), "is_active": True, "parent_id": None} for unit in units]
    for row in rows:
        del row["parent"]
    await _upsert(session, Unit, rows, ("code",))
    ids = await unit_ids(session)
    for index, unit in enumerate(units):
        if unit.parent is None:
            continue
        if unit.parent not in ids:
            raise FieldWrong(f"/units/{index}/parent", "unit_unknown", f"There is no unit {unit.parent!r}.")
        statement = update(Unit).where(col(Unit.code) == unit.code).values(parent_id=ids[unit.parent])
        await session.execute(statement)
    return ids


async def unit_ids(session: ReadSession) -> dict[str, int]:
    """Return the id of each unit by its code."""
    rows = await session.execute(select(col(Unit.code), col(Unit.id)))
    return {row.code: row.id for row in rows if row.id is not None}


async def _upsert(
    session: WriteSession, table: type[Table], rows: Sequence[Mapping[str, Any]], key: Sequence[str]
) -> None:
    """Insert rows; where one with the same key is there, its other columns take the new values."""
    if not rows:
        return
    statement = postgresql.insert(table).values(list(rows))
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    await session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))
