"""Questions about people."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, and_, bindparam, false, func, or_, select, true
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.access import Role, Viewer
from api.domain.requests import RequestKind
from api.domain.sign_ins import EndReason
from api.models import (
    Grid,
    GridPerson,
    Person,
    PlacePairing,
    ReferenceVersion,
    SignIn,
    Ticket,
    TicketRequest,
    Unit,
)
from api.queries.access import in_grids, pairing_in_force, visible_tickets
from api.queries.filters import IS_OPEN


@dataclass(frozen=True, slots=True)
class FoundViewer:
    """A signed-in person and the version of the reference data at the same moment."""

    viewer: Viewer
    reference_version: int


def _select_viewer() -> Select[Any]:
    """Return the statement with the parameters `sign_in_id` and `today`."""
    today = bindparam("today", type_=Date)
    duties = (
        select(func.coalesce(func.array_agg(col(Grid.code).distinct()), []))
        .join(GridPerson, col(GridPerson.grid_id) == col(Grid.id))
        .where(
            col(GridPerson.person_id) == col(Person.id),
            col(GridPerson.from_on) <= today,
            or_(col(GridPerson.to_on).is_(None), col(GridPerson.to_on) >= today),
        )
        .scalar_subquery()
    )
    helps = (
        select(col(TicketRequest.id))
        .where(col(TicketRequest.unit_id) == col(Person.unit_id), col(TicketRequest.kind) == RequestKind.HELP)
        .exists()
    )
    follows = (
        select(col(Ticket.id))
        .where(col(Ticket.reporter_id) == col(Person.id), col(Ticket.merged_into_id).is_not(None))
        .exists()
    )
    below = (
        select(func.coalesce(func.array_agg(col(Unit.id)), []))
        .where(col(Unit.parent_id) == col(Person.unit_id), col(Person.role) == Role.UNIT_LEAD)
        .scalar_subquery()
    )
    pairs = (
        select(func.coalesce(func.array_agg(col(PlacePairing.place_code).distinct()), []))
        .where(col(PlacePairing.unit_id) == col(Person.unit_id), *pairing_in_force(today))
        .scalar_subquery()
    )
    statement: Any = (
        select(
            col(Person.id),
            col(Person.username),
            col(Person.name),
            col(Person.role),
            col(Person.unit_id),
            duties.label("grid_codes"),
            helps.label("helps"),
            follows.label("follows"),
            below.label("unit_ids_below"),
            pairs.label("paired_places"),
            select(col(ReferenceVersion.version)).scalar_subquery().label("reference_version"),
        )
        .join(SignIn, col(SignIn.person_id) == col(Person.id))
        .where(
            col(SignIn.id) == bindparam("sign_in_id"),
            col(SignIn.revoked_at).is_(None),
            col(Person.is_active),
            or_(col(Person.valid_until).is_(None), col(Person.valid_until) >= today),
        )
    )
    return statement


# Built once: it begins every request, and building it anew costs more than running it.
_VIEWER = _select_viewer()


async def find_viewer(session: ReadSession, sign_in_id: UUID, today: date) -> FoundViewer | None:
    """Return the person behind a sign-in, or None when it was revoked or the person left or is no longer valid."""
    row = (await session.execute(_VIEWER, {"sign_in_id": sign_in_id, "today": today})).one_or_none()
    if row is None:
        return None
    viewer = Viewer(
        person_id=row.id,
        session_id=sign_in_id,
        username=row.username,
        name=row.name,
        role=row.role,
        unit_id=row.unit_id,
        grid_codes=tuple(sorted(row.grid_codes)),
        helps=row.helps,
        follows=row.follows,
        unit_ids_below=tuple(sorted(row.unit_ids_below)),
        paired_places=tuple(sorted(row.paired_places)),
    )
    return FoundViewer(viewer, row.reference_version)


@dataclass(frozen=True, slots=True)
class Account:
    """What signing in has to know of a person."""

    person_id: UUID
    password_hash: str | None
    is_known_device: bool
    """Whether this person has signed in on the device lately, and no token was misused there."""


async def find_account(session: ReadSession, username: str, device_id: str | None) -> Account | None:
    """Return the account with exactly this user name; without a device id no device is known."""
    signed_in_there = (
        select(col(SignIn.id))
        .where(
            false() if device_id is None else col(SignIn.device_id) == device_id,
            col(SignIn.person_id) == col(Person.id),
            or_(col(SignIn.revoked_why).is_(None), col(SignIn.revoked_why) == EndReason.SIGNED_OUT),
        )
        .exists()
    )
    statement = select(
        col(Person.id),
        col(Person.password_hash),
        signed_in_there.label("is_known_device"),
    ).where(col(Person.username) == username)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Account(row[0], row[1], row[2])


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person is reached and known on duty."""

    officer_number: str | None
    phone: str | None


async def find_contact(session: ReadSession, person_id: UUID) -> Contact:
    """Return the contact of a person who exists."""
    statement = select(col(Person.officer_number), col(Person.phone)).where(col(Person.id) == person_id)
    row = (await session.execute(statement)).one()
    return Contact(row[0], row[1])


@dataclass(frozen=True, slots=True)
class Workload:
    """Open tickets in somebody's work; those due soon and those overdue are among them, never in both."""

    open: int
    due_soon: int
    overdue: int


async def count_work(session: ReadSession, viewer: Viewer, now: datetime, soon: timedelta) -> Workload:
    """Count the open tickets in the viewer's work, as due at `now`.

    The work of the desk is everything, a unit's what it has to rectify, an officer's the own grids: a ticket
    that she reported elsewhere she sees, but it waits for others, and so do those at places a unit is paired with.
    """
    working = replace(viewer, paired_places=())
    mine = in_grids(viewer.grid_codes) if viewer.role is Role.OFFICER else true()
    due_at = col(Ticket.due_at)
    statement = (
        select(
            func.count(),
            func.count().filter(and_(due_at >= now, due_at <= now + soon)),
            # Open is asked below, once: naming the state here too would cost the scan its index alone.
            func.count().filter(due_at < now),
        )
        .select_from(Ticket)
        .where(IS_OPEN, visible_tickets(working), mine)
    )
    row = (await session.execute(statement)).one()
    return Workload(row[0], row[1], row[2])


@dataclass(frozen=True, slots=True)
class Handler:
    """Somebody of a unit who may be handed a ticket."""

    person_id: UUID
    username: str


async def find_handler(session: WriteSession, username: str, unit_id: int | None) -> Handler | None:
    """Return the active person of this unit with exactly this user name, who stays so until the transaction ends.

    Somebody who is being changed at this moment is not found: whoever ends her account waits for this ticket next.
    """
    statement = select(col(Person.id), col(Person.username)).where(
        col(Person.username) == username, col(Person.unit_id) == unit_id, col(Person.is_active)
    )
    row = (await session.execute(statement.with_for_update(read=True, skip_locked=True))).one_or_none()
    return None if row is None else Handler(row[0], row[1])
