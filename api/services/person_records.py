"""Write people down: accounts, duties, and what follows when somebody leaves. Few statements, however many people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.people import Deed, Duty, PersonDraft, duty_changes, leaves_work
from api.domain.reference import Reference
from api.domain.sign_ins import EndReason
from api.models import metadata
from api.queries.personnel import StoredPerson
from api.services.accounts import end_sign_ins_of
from api.services.releasing import release_tickets

# Tables rather than classes: the ORM has no update of many rows by what each of them is to become.
_PEOPLE = metadata.tables["people"]
_DUTIES = metadata.tables["grid_people"]
_GRIDS = metadata.tables["grids"]
_EVENTS = metadata.tables["person_events"]


@dataclass(frozen=True, slots=True)
class PersonChange:
    """Somebody who was checked and is to be stored; `stored` None: the account is new."""

    person_id: UUID
    draft: PersonDraft
    unit_id: int | None
    stored: StoredPerson | None
    password_hash: str | None = None

    @property
    def version(self) -> int:
        """The version that is stored."""
        return self.stored.version + 1 if self.stored else 1

    @property
    def fields(self) -> list[str]:
        """The names of what changes."""
        before = self.stored.draft if self.stored else None
        names = [one.name for one in fields(PersonDraft)]
        return [name for name in names if before and getattr(before, name) != getattr(self.draft, name)]


async def store_people(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer | None,
    changes: Sequence[PersonChange],
    now: datetime,
    today: date,
) -> None:
    """Store people, keep what was done to each account, and end what an account that ends leaves behind.

    Sign-ins of those whose account ends are over at once; tickets of those who can't handle them any more are
    nobody's. `viewer` None is the command line.
    """
    await _store_accounts(session, changes, now)
    await _store_duties(session, reference, changes, today)
    by_id = viewer.person_id if viewer else None
    events = [
        {
            "person_id": change.person_id,
            "deed": Deed.CHANGED if change.stored else Deed.CREATED,
            "by_id": by_id,
            "at": now,
            "facts": {"fields": change.fields} if change.stored else {},
        }
        for change in changes
    ]
    if events:
        await session.execute(insert(_EVENTS), events)
    ended = [
        change.person_id
        for change in changes
        if change.stored is not None and change.stored.draft.is_active and not change.draft.is_active
    ]
    if ended:
        await end_sign_ins_of(session, ended, now, EndReason.DEACTIVATED)
    leaving = {
        change.person_id: change.draft.username
        for change in changes
        if change.stored is not None and leaves_work(change.stored.draft, change.draft)
    }
    if leaving:
        known = reference.units_by_code
        unit_ids = [known[unit].id for unit in _units_left(changes, leaving) if unit in known]
        await release_tickets(session, reference, viewer, leaving, unit_ids, now)


def _units_left(changes: Sequence[PersonChange], leaving: Mapping[UUID, str]) -> set[str]:
    left = {change.stored.draft.unit for change in changes if change.stored and change.person_id in leaving}
    return {unit for unit in left if unit is not None}


async def _store_accounts(session: WriteSession, changes: Sequence[PersonChange], now: datetime) -> None:
    new = [
        {
            "id": change.person_id,
            "username": change.draft.username,
            "password_hash": change.password_hash,
            "created_at": now,
            **_columns(change),
        }
        for change in changes
        if change.stored is None
    ]
    renumbered = [
        {"changed_id": change.person_id}
        for change in changes
        if change.stored is not None
        and change.stored.draft.officer_number not in (None, change.draft.officer_number)
    ]
    old = [
        {"changed_id": change.person_id, **_columns(change)}
        for change in changes
        if change.stored is not None
    ]
    by_id = _PEOPLE.c.id == bindparam("changed_id")
    if renumbered:
        # Two people may change their numbers: both are free before either is taken.
        await session.execute(update(_PEOPLE).where(by_id).values(officer_number=None), renumbered)
    if old:
        await session.execute(update(_PEOPLE).where(by_id), old)
    if new:
        await session.execute(insert(_PEOPLE), new)


def _columns(change: PersonChange) -> dict[str, Any]:
    draft = change.draft
    return {
        "name": draft.name,
        "role": draft.role,
        "unit_id": change.unit_id,
        "phone": draft.phone,
        "officer_number": draft.officer_number,
        "post": draft.post,
        "valid_until": draft.valid_until,
        "is_active": draft.is_active,
        "version": change.version,
    }


async def _store_duties(
    session: WriteSession, reference: Reference, changes: Sequence[PersonChange], today: date
) -> None:
    """Make the duties that are not over those of the drafts."""
    begun: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    undone: list[dict[str, Any]] = []
    for change in changes:
        what = duty_changes(change.stored.draft.duties if change.stored else (), change.draft.duties, today)
        ended = [
            _known(change.person_id, duty)
            | {"to": today - timedelta(days=1), "is_public": duty.is_phone_public}
            for duty in what.ended
        ]
        changed += ended
        changed += [
            _known(change.person_id, duty) | {"to": duty.to_on, "is_public": duty.is_phone_public}
            for duty in what.changed
        ]
        undone += [_known(change.person_id, duty) for duty in what.undone]
        begun += [
            {
                "person_id": change.person_id,
                "grid_id": reference.known_grids[duty.grid].id,
                "from_on": duty.from_on,
                "to_on": duty.to_on,
                "is_phone_public": duty.is_phone_public,
            }
            for duty in what.begun
        ]
    # By code: the duty may have begun on an earlier version of the grid.
    grids = select(_GRIDS.c.id).where(_GRIDS.c.code == bindparam("grid_code"))
    is_it = (
        _DUTIES.c.person_id == bindparam("of_id"),
        _DUTIES.c.grid_id.in_(grids),
        _DUTIES.c.from_on == bindparam("since"),
    )
    if changed:
        values: dict[str, Any] = {"to_on": bindparam("to"), "is_phone_public": bindparam("is_public")}
        await session.execute(update(_DUTIES).where(*is_it).values(values), changed)
    if undone:
        await session.execute(delete(_DUTIES).where(*is_it), undone)
    if begun:
        # One that was over may begin again on the same day, by a correction.
        statement = postgresql.insert(_DUTIES)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["person_id", "grid_id", "from_on"],
                set_={name: statement.excluded[name] for name in ("to_on", "is_phone_public")},
            ),
            begun,
        )


def _known(person_id: UUID, duty: Duty) -> dict[str, Any]:
    return {"of_id": person_id, "grid_code": duty.grid, "since": duty.from_on}
