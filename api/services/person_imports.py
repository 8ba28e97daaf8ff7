"""Store the people of a table: all of them or none, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import uuid4

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.imports import Finding, ImportChange, Imported, require_no_fault
from api.domain.person_files import PersonEntry, PlannedPerson, plan_people
from api.domain.reference import Reference
from api.queries.personnel import (
    StoredPerson,
    find_people_named,
    has_other_administrator,
    lock_people,
    owners_of_officer_numbers,
)
from api.services.person_records import PersonChange, store_people


async def import_people(  # noqa: PLR0913  an import is all of this at once
    session: WriteSession,
    viewer: Viewer | None,
    reference: Reference,
    entries: Sequence[PersonEntry],
    findings: Sequence[Finding],
    now: datetime,
    today: date,
    *,
    is_preview: bool,
    password_hashes: Mapping[str, str] | None = None,
) -> Imported:
    """Store what the rows of a table say; people whom it lacks stay as they are.

    `findings` are those of reading the table, `viewer` None is the command line, `password_hashes` go to new accounts
    by user name; the others nobody signs in to yet. Raises ImportRefused when anything is wrong, also when nobody could
    let people in afterwards; a preview tells it instead, and its session must not be committed.
    """
    await lock_people(session)
    stored = await find_people_named(session, [entry.username for entry in entries], today)
    numbers = [entry.said["officer_number"] for entry in entries if entry.said.get("officer_number")]
    planned, wrong = plan_people(
        entries,
        {username: one.draft for username, one in stored.items()},
        await owners_of_officer_numbers(session, numbers),
        reference.units_by_code,
        reference.grids,
        today,
    )
    hashes = password_hashes or {}
    found = [*findings, *wrong, *_there_by_now(planned, stored, hashes)]
    changes = [
        PersonChange(
            before.id if before else uuid4(),
            one.draft,
            one.unit.id if one.unit else None,
            before,
            hashes.get(one.draft.username),
        )
        for one in planned
        if (before := stored.get(one.draft.username)) is None or before.draft != one.draft
    ]
    if not any(not finding.is_warning for finding in found):
        await store_people(session, reference, viewer, changes, now, today)
        found += await _locked_out(session, planned, stored)
    if not is_preview:
        require_no_fault(found)
    change = ImportChange(
        added=[one.draft.username for one in changes if one.stored is None],
        changed=[one.draft.username for one in changes if one.stored is not None],
        unchanged=len(planned) - len(changes),
    )
    return Imported(change, found, is_preview)


def _there_by_now(
    planned: Sequence[PlannedPerson], stored: Mapping[str, StoredPerson], hashes: Mapping[str, str]
) -> list[Finding]:
    """Tell the accounts that somebody made while their first passwords were hashed: those would be of no use."""
    return [
        one.entry.finding(
            "person_exists", f"Somebody made the account {one.draft.username} just now.", "username"
        )
        for one in planned
        if one.draft.username in stored and one.draft.username in hashes
    ]


async def _locked_out(
    session: WriteSession, planned: Sequence[PlannedPerson], stored: Mapping[str, StoredPerson]
) -> list[Finding]:
    """Tell the rows that take the last administrators away, now that all people are as the table says."""
    demoted = [
        one
        for one in planned
        if (before := stored.get(one.draft.username)) is not None
        and before.has_password
        and before.draft.is_administrator
        and not one.draft.is_administrator
    ]
    if not demoted or await has_other_administrator(session, None):
        return []
    return [
        one.entry.finding(
            "last_administrator",
            "Nobody could let people in: one administrator stays, active, with a password, without end.",
            "role",
        )
        for one in demoted
    ]
