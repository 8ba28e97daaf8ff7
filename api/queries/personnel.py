"""People as administrators see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Text, Uuid, any_, literal, or_, select, text
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.access import Role
from api.domain.people import Duty, PersonDraft
from api.models import Grid, GridPerson, Person, Unit
from api.pages import CodeCursor, Page, context_of


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """A person as stored; `draft` has the duties that are not over yet."""

    id: UUID
    draft: PersonDraft
    version: int
    has_password: bool


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which people are wanted; `q` is part of a name, a user name or an officer number."""

    unit: str | None = None
    role: Role | None = None
    is_active: bool | None = None
    q: str | None = None


async def lock_people(session: WriteSession) -> None:
    """Let nobody else store a person until the transaction ends; reading them, and signing in, goes on.

    The whole table: whether somebody is the last administrator depends on all the others.
    """
    await session.execute(text("LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE"))


async def find_person(session: ReadSession, username: str, today: date) -> StoredPerson | None:
    """Return the person with exactly this user name."""
    row = (await session.execute(_select().where(col(Person.username) == username))).one_or_none()
    if row is None:
        return None
    duties = await _duties(session, [row.id], today)
    return _stored(row, duties.get(row.id, ()))


async def find_people_named(
    session: ReadSession, usernames: Sequence[str], today: date
) -> dict[str, StoredPerson]:
    """Return those of these people who are there, by user name: two statements, however many are asked for."""
    named = col(Person.username) == any_(literal(list(usernames), ARRAY(Text())))
    rows = (await session.execute(_select().where(named))).all()
    duties = await _duties(session, [row.id for row in rows], today)
    return {row.username: _stored(row, duties.get(row.id, ())) for row in rows}


async def find_all_people(session: ReadSession, today: date) -> list[StoredPerson]:
    """Return everybody, by user name."""
    rows = (await session.execute(_select().order_by(col(Person.username)))).all()
    duties = await _duties(session, [row.id for row in rows], today)
    return [_stored(row, duties.get(row.id, ())) for row in rows]


async def owners_of_officer_numbers(session: ReadSession, numbers: Sequence[str]) -> dict[str, str]:
    """Return the user names of those who have one of these officer numbers, by the number."""
    statement = select(col(Person.officer_number), col(Person.username)).where(
        col(Person.officer_number) == any_(literal(list(numbers), ARRAY(Text())))
    )
    return {number: username for number, username in await session.execute(statement) if number is not None}


async def find_people(
    session: ReadSession, wanted: PeopleFilter, today: date, *, limit: int, cursor: str | None
) -> Page[StoredPerson]:
    """Return a page of people by user name: two statements, however many there are."""
    context = context_of("people", wanted)
    last = CodeCursor.decode(cursor, context)
    statement = _select().order_by(col(Person.username))
    if last is not None:
        statement = statement.where(col(Person.username) > last.code)
    if wanted.unit is not None:
        statement = statement.where(col(Unit.code) == wanted.unit)
    if wanted.role is not None:
        statement = statement.where(col(Person.role) == wanted.role)
    if wanted.is_active is not None:
        statement = statement.where(col(Person.is_active) == wanted.is_active)
    if wanted.q is not None:
        searched = (col(Person.name), col(Person.username), col(Person.officer_number))
        statement = statement.where(
            or_(*(column.icontains(wanted.q, autoescape=True) for column in searched))
        )
    rows = (await session.execute(statement.limit(limit + 1))).all()
    duties = await _duties(session, [row.id for row in rows[:limit]], today)
    items = [_stored(row, duties.get(row.id, ())) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, CodeCursor(items[-1].draft.username, context).encode() if more else None)


async def find_password_hash(session: ReadSession, username: str) -> tuple[bool, str | None]:
    """Tell whether there is such an account, and the hash of its password if it has one."""
    statement = select(col(Person.password_hash)).where(col(Person.username) == username)
    row = (await session.execute(statement)).one_or_none()
    return (False, None) if row is None else (True, row[0])


async def has_other_administrator(session: ReadSession, person_id: UUID | None) -> bool:
    """Tell whether somebody else could let people in: an administrator with a password, active and without end."""
    statement = select(col(Person.id)).where(
        col(Person.role) == Role.ADMINISTRATOR,
        col(Person.is_active),
        col(Person.valid_until).is_(None),
        col(Person.password_hash).is_not(None),
    )
    if person_id is not None:
        statement = statement.where(col(Person.id) != person_id)
    return (await session.execute(statement.limit(1))).one_or_none() is not None


async def owner_of_officer_number(session: ReadSession, officer_number: str) -> str | None:
    """Return the user name of whoever has this officer number."""
    statement = select(col(Person.username)).where(col(Person.officer_number) == officer_number)
    return (await session.execute(statement)).scalar_one_or_none()


def _select() -> Select[Any]:
    columns: Any = (
        col(Person.id),
        col(Person.username),
        col(Person.name),
        col(Person.role),
        col(Unit.code).label("unit"),
        col(Person.phone),
        col(Person.officer_number),
        col(Person.post),
        col(Person.valid_until),
        col(Person.is_active),
        col(Person.version),
        col(Person.password_hash).is_not(None).label("has_password"),
    )
    statement: Any = select(*columns).select_from(Person).outerjoin(Unit, col(Unit.id) == col(Person.unit_id))
    return statement


async def _duties(session: ReadSession, person_ids: list[UUID], today: date) -> dict[UUID, list[Duty]]:
    statement = (
        select(
            col(GridPerson.person_id),
            col(Grid.code),
            col(GridPerson.from_on),
            col(GridPerson.to_on),
            col(GridPerson.is_phone_public),
        )
        .join(Grid, col(Grid.id) == col(GridPerson.grid_id))
        .where(
            col(GridPerson.person_id) == any_(literal(person_ids, ARRAY(Uuid()))),
            or_(col(GridPerson.to_on).is_(None), col(GridPerson.to_on) >= today),
        )
        .order_by(col(Grid.code), col(GridPerson.from_on))
    )
    found: dict[UUID, list[Duty]] = {}
    for row in await session.execute(statement):
        duty = Duty(row.code, row.from_on, row.to_on, row.is_phone_public)
        found.setdefault(row.person_id, []).append(duty)
    return found


def _stored(row: Row[Any], duties: Iterable[Duty]) -> StoredPerson:
    draft = PersonDraft(
        username=row.username,
        name=row.name,
        role=row.role,
        unit=row.unit,
        phone=row.phone,
        officer_number=row.officer_number,
        post=row.post,
        valid_until=row.valid_until,
        is_active=row.is_active,
        duties=tuple(duties),
    )
    return StoredPerson(row.id, draft, row.version, row.has_password)
