"""Store the demo street: everything but its tickets."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.dispatch_changes import RuleSet
from api.domain.grid_files import GridFile
from api.domain.policies import Policies
from api.domain.reference import Reference
from api.models import GridPerson, Person
from api.queries.reference import load_reference
from api.services import catalogue
from api.services.calendars import store_calendars
from api.services.classes import CatalogueEditor, store_catalogue
from api.services.demo_files import PersonEntry, StreetFiles
from api.services.demo_places import store_demo_places, store_demo_types
from api.services.dispatch_rules import Editor, store_rule_set
from api.services.grids import grid_ids, import_grids
from api.services.policies import put_policies

NAMESPACE = UUID("6a1f8a5e-6c0b-5b0e-9d1a-3f5d2c7e4b90")
"""What all ids of demo data are derived from."""

STANDS_SINCE = timedelta(days=90)
"""How long before the load the street's grids are in force and its officers on duty: before every ticket."""


def person_id(username: str) -> UUID:
    """Return the id that this person has in every demo."""
    return uuid5(NAMESPACE, f"person/{username}")


def viewer_of(person: PersonEntry, reference: Reference) -> Viewer:
    """Return somebody of the street as she is signed in."""
    return Viewer(
        person_id=person_id(person.username),
        session_id=uuid5(NAMESPACE, f"session/{person.username}"),
        username=person.username,
        name=person.name,
        role=person.role,
        unit_id=reference.units_by_code[person.unit].id if person.unit else None,
        grid_codes=person.grids,
        # Who helps and follows nobody only looks for nothing.
        helps=True,
        follows=True,
    )


async def store_street(
    session: WriteSession, files: StreetFiles, password_hash: str, now: datetime, zone: ZoneInfo
) -> None:
    """Store calendars, units, classes, grids, rules, policies and people into an empty database."""
    since = now - STANDS_SINCE
    since_on = since.astimezone(zone).date()
    await store_calendars(session, files.calendars, now)
    units = await catalogue.store_units(session, files.units)
    await store_catalogue(session, files.catalogue, CatalogueEditor(None, since, "classes.csv"))
    # The file names every policy for whoever reads it; only what is no default needs a row.
    defaults = Policies().as_json()
    named = Policies.from_mapping(files.policies).as_json()
    others = {key: value for key, value in named.items() if value != defaults[key]}
    await put_policies(session, others, now, None)
    grids = GridFile(files.grids)
    await import_grids(session, grids, is_complete=True, now=since, today=since_on, by_id=None)
    people: list[dict[str, Any]] = [
        {
            "id": person_id(person.username),
            "username": person.username,
            "password_hash": password_hash,
            "name": person.name,
            "phone": person.phone,
            "officer_number": person.officer_number,
            "role": person.role,
            "unit_id": units[person.unit] if person.unit else None,
            "is_active": True,
            "created_at": since,
        }
        for person in files.people
    ]
    await session.execute(insert(Person).values(people))
    await session.execute(insert(GridPerson).values(_duties(files, await grid_ids(session), since_on)))
    await store_demo_types(session, since)
    await store_demo_places(session, await load_reference(session, zone), since, now.astimezone(zone).date())
    # Rules may speak of places and areas.
    await store_rule_set(session, RuleSet(files.rules), Editor(None, now, zone))


def _duties(files: StreetFiles, grids: dict[str, int], since_on: date) -> list[dict[str, Any]]:
    return [
        {
            "grid_id": grids[code],
            "person_id": person_id(person.username),
            "from_on": since_on,
            "to_on": None,
            "is_phone_public": person.phone_is_public,
        }
        for person in files.people
        for code in person.grids
    ]
