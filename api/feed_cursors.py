"""The cursors of the feed as texts: sealed, so that nobody can ask by another's, or by one of another city."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from api.adapters.seals import Seal
from api.domain.access import Role
from api.domain.errors import FieldWrong
from api.domain.feed import FeedCursor, Held, Home, Landmark, Position, Walk

_SHAPE = 1
"""Raised when the facts of a cursor change: a reader with an older one begins anew."""


class FeedCursors:
    """Writes and reads the cursors of one installation."""

    def __init__(self, key: str) -> None:
        self._seal = Seal(key, "feed cursor")

    def write(self, cursor: FeedCursor) -> str:
        """Return the cursor as an opaque text."""
        home, landmark, walk = cursor.home, cursor.landmark, cursor.walk
        facts = [
            _SHAPE,
            [home.city.hex, home.epoch.hex, str(home.cluster)],
            cursor.person_id.hex,
            _held_facts(cursor.held),
            [landmark.position.xid, landmark.position.id, landmark.fingerprint],
            None
            if walk is None
            else [_held_facts(walk.target), walk.is_whole, walk.after.hex if walk.after else None],
            cursor.kept_from.isoformat(),
            cursor.read_at.isoformat(),
            cursor.reference_version,
        ]
        return self._seal.close(orjson.dumps(facts))

    def read(self, text: str | None, person_id: UUID, pointer: str) -> FeedCursor | None:
        """Return the cursor of this person; FieldWrong (`cursor_wrong`) at `pointer` for anything else."""
        if text is None:
            return None
        content = self._seal.open(text)
        facts: list[Any] = orjson.loads(content) if content else [None]
        if facts[0] != _SHAPE:
            raise FieldWrong(pointer, "cursor_wrong", "The cursor is not one of ours.")
        cursor = _cursor_of(facts)
        if cursor.person_id != person_id:
            raise FieldWrong(pointer, "cursor_wrong", "The cursor belongs to somebody else.")
        return cursor


def _held_facts(held: Held) -> list[Any]:
    return [
        held.role,
        held.unit_id,
        sorted(held.grid_codes),
        sorted(held.unit_ids_below),
        sorted(held.place_codes),
    ]


def _held_of(facts: list[Any]) -> Held:
    role, unit_id, grid_codes, unit_ids_below, place_codes = facts
    return Held(Role(role), unit_id, frozenset(grid_codes), frozenset(unit_ids_below), frozenset(place_codes))


def _cursor_of(facts: list[Any]) -> FeedCursor:
    _, home, person_id, held, landmark, walk, kept_from, read_at, reference_version = facts
    return FeedCursor(
        home=Home(UUID(home[0]), UUID(home[1]), int(home[2])),
        person_id=UUID(person_id),
        held=_held_of(held),
        landmark=Landmark(Position(landmark[0], landmark[1]), landmark[2]),
        walk=None
        if walk is None
        else Walk(_held_of(walk[0]), is_whole=walk[1], after=UUID(walk[2]) if walk[2] else None),
        kept_from=datetime.fromisoformat(kept_from),
        read_at=datetime.fromisoformat(read_at),
        reference_version=reference_version,
    )
