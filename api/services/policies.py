"""Store the office's policies, as a whole: what is not said has its default."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, insert, select, text
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.errors import FieldWrong, VersionConflict
from api.domain.kept_changes import KeptChange, Noun
from api.domain.policies import Policies
from api.models import Calendar, Policy
from api.queries.policies import load_policies
from api.services.kept_changes import keep_changes


@dataclass(frozen=True, slots=True)
class PutPolicies:
    """The policies in force, and the names of those that became others."""

    policies: Policies
    changed: tuple[str, ...]


def policies_fingerprint(policies: Policies) -> str:
    """Return a digest of all policies, by which a later change is known."""
    return sha256(orjson.dumps(policies.as_json(), option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


async def put_policies(
    session: WriteSession,
    values: Mapping[str, object],
    now: datetime,
    by_id: UUID | None,
    *,
    seen: str | None = None,
) -> PutPolicies:
    """Store these policies and no others; what is stored already is not stored again.

    `seen` is the fingerprint of those that were in force when the caller looked; VersionConflict when somebody
    changed them since. Raises FieldWrong, pointing at the policy, for one that is unknown or can't be meant.
    """
    policies = Policies.from_mapping(values)
    # The whole table, because policies are checked against each other.
    await session.execute(text("LOCK TABLE policies IN SHARE ROW EXCLUSIVE MODE"))
    before = await load_policies(session)
    if seen is not None and seen != policies_fingerprint(before):
        raise VersionConflict("The policies in force are not those that you saw; read them again.")
    old, new = before.as_json(), policies.as_json()
    changed = tuple(key for key in new if old[key] != new[key])
    # Not the others: a new installation has the defaults before it has their calendars.
    await _require_calendars(
        session, {key: code for key, code in policies.calendars().items() if key in changed}
    )
    if changed:
        await session.execute(delete(Policy))
        if values:
            rows: list[dict[str, Any]] = [{"key": key, "value": new[key]} for key in values]
            await session.execute(insert(Policy).values(rows))
        kept = [KeptChange(Noun.POLICY, key, {"value": old[key]}, {"value": new[key]}) for key in changed]
        await keep_changes(session, kept, by_id, now)
    return PutPolicies(policies, changed)


async def _require_calendars(session: ReadSession, codes: Mapping[str, str]) -> None:
    known = set((await session.execute(select(col(Calendar.code)))).scalars())
    for key, code in codes.items():
        if code not in known:
            pointer = f"/{key}" if key == "office_calendar" else f"/{key}/calendar"
            raise FieldWrong(pointer, "calendar_unknown", f"There is no calendar {code!r}.")
