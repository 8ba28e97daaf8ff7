"""Classes with their conditions, as they are stored, and the versions of the whole catalogue."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.catalogue_states import ClassState, StoredClass
from api.domain.category_codes import Kind
from api.domain.deadlines import Milestone
from api.domain.limits import Limit
from api.models import CatalogueVersion, Person, Ticket
from api.models import Category as CategoryRow
from api.models import Condition as ConditionRow
from api.pages import NumberCursor, Page, context_of
from api.queries.filters import IS_OPEN


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """One version of the catalogue: what changed, how much, and who did it (None: the command line)."""

    number: int
    at: datetime
    by: str | None
    source: str
    added: int
    changed: int
    retired: int


async def lock_catalogue(session: WriteSession) -> None:
    """Let nobody else change the catalogue until the transaction ends; reading it and reporting go on.

    The whole table: whether a class may be in force depends on all the others, and a new one has no row yet.
    """
    await session.execute(text("LOCK TABLE categories IN SHARE ROW EXCLUSIVE MODE"))


async def load_classes(session: ReadSession) -> list[StoredClass]:
    """Return all classes that ever were, by code; of those with the same code the oldest first."""
    by_class: dict[int, list[ConditionRow]] = {}
    for row in (await session.execute(select(ConditionRow).order_by(col(ConditionRow.number)))).scalars():
        by_class.setdefault(row.category_id, []).append(row)
    rows = select(CategoryRow).order_by(col(CategoryRow.code), col(CategoryRow.id))
    return [_stored(row, by_class.get(row.id or 0, ())) for row in (await session.execute(rows)).scalars()]


async def load_catalogue(session: ReadSession) -> Catalogue:
    """Return what can be reported: the classes in force, by code, with their conditions in force."""
    stored = [one.state for one in await load_classes(session) if one.state.is_active]
    conditions = [
        condition
        for state in stored
        for number, condition in state.conditions.items()
        if number not in state.retired
    ]
    return Catalogue(
        {state.category.code: state.category for state in stored}, {one.code: one for one in conditions}
    )


async def find_class(session: ReadSession, code: str) -> StoredClass | None:
    """Return the class with this code as it is now: the one in force, else the one that was made last."""
    statement = (
        select(CategoryRow)
        .where(col(CategoryRow.code) == code)
        .order_by(col(CategoryRow.is_active).desc(), col(CategoryRow.id).desc())
        .limit(1)
    )
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        return None
    conditions = (
        select(ConditionRow).where(col(ConditionRow.category_id) == row.id).order_by(col(ConditionRow.number))
    )
    return _stored(row, (await session.execute(conditions)).scalars().all())


async def count_open_tickets(session: ReadSession, condition_ids: Collection[int]) -> int:
    """Return how many open tickets were filed under one of these conditions."""
    if not condition_ids:
        return 0
    statement = (
        select(func.count()).select_from(Ticket).where(IS_OPEN, col(Ticket.condition_id).in_(condition_ids))
    )
    return (await session.execute(statement)).scalar_one()


async def latest_version(session: ReadSession) -> int:
    """Return the number of the catalogue's newest version; 0 before the first."""
    return (await session.execute(select(func.max(col(CatalogueVersion.number))))).scalar_one() or 0


async def find_versions(session: ReadSession, *, limit: int, cursor: str | None) -> Page[VersionFacts]:
    """Return a page of versions, the newest first."""
    context = context_of("catalogue_versions")
    last = NumberCursor.decode(cursor, context)
    statement = (
        select(CatalogueVersion, col(Person.name))
        .outerjoin(Person, col(Person.id) == col(CatalogueVersion.by_id))
        .order_by(col(CatalogueVersion.number).desc())
        .limit(limit + 1)
    )
    if last is not None:
        statement = statement.where(col(CatalogueVersion.number) < last.number)
    items = [
        VersionFacts(row.number, row.at, name, row.source, row.added, row.changed, row.retired)
        for row, name in await session.execute(statement)
    ]
    more = NumberCursor(items[limit - 1].number, context).encode() if len(items) > limit else None
    return Page(items[:limit], more)


def _stored(row: CategoryRow, conditions: Iterable[ConditionRow]) -> StoredClass:
    assert row.id is not None  # noqa: S101  a stored row has its id
    category = Category(
        code=row.code,
        scheme=row.scheme,
        kind=Kind(row.kind),
        major_code=row.major_code,
        major_zh=row.major_zh,
        major_en=row.major_en,
        minor_code=row.minor_code,
        minor_zh=row.minor_zh,
        minor_en=row.minor_en,
        questions=row.questions,
    )
    rows = {one.number: one for one in conditions}
    state = ClassState(
        category,
        {number: _condition(one, row.code) for number, one in rows.items()},
        frozenset(number for number, one in rows.items() if not one.is_active),
        row.is_active,
    )
    ids = {number: one.id for number, one in rows.items() if one.id is not None}
    return StoredClass(row.id, row.version, state, ids)


def _condition(row: ConditionRow, category_code: str) -> Condition:
    return Condition(
        category_code=category_code,
        number=row.number,
        condition_zh=row.condition_zh,
        condition_en=row.condition_en,
        closing_zh=row.closing_zh,
        closing_en=row.closing_en,
        limit=Limit(row.limit_value, row.limit_unit),
        milestones=tuple(Milestone.from_json(one) for one in row.milestones),
        after_photo=row.needs_after_photo,
        self_fix=row.may_self_fix,
    )
