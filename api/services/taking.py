"""A step in the making: what was asked for, and what is known when the action's own part begins."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID, uuid4

from api.db import WriteSession
from api.domain.access import UNIT_ROLES, Viewer
from api.domain.cases import Case
from api.domain.catalogue import Condition
from api.domain.errors import FieldWrong
from api.domain.evidence import Brought, PhotoFacts, require
from api.domain.lifecycle import Action, Step
from api.domain.reference import Reference, UnitFacts
from api.domain.requests import Request, RequestKind
from api.domain.tickets import By, Told, advance
from api.services.dispatch import stage_terms


@dataclass(frozen=True, slots=True)
class StepRequest:
    """What somebody asks for: the action, the version that was seen, and what the action needs.

    `master` is the id or the number of another ticket; `helpers` are codes of units.
    """

    action: Action
    version: int | None
    note: str = ""
    reason: str = ""
    photo_ids: tuple[UUID, ...] = ()
    device_at: datetime | None = None
    category: str | None = None
    condition: int | None = None
    grid: str | None = None
    unit: str | None = None
    helpers: tuple[str, ...] = ()
    handler: str | None = None
    master: str | None = None
    until: datetime | None = None
    confirmed: bool | None = None
    at_place: str | None = None

    def sha256(self, ticket_id: UUID) -> str:
        """Return a hash by which the same request for the same ticket is known again.

        `at_place`, which an earlier release did not know, counts only where it is said.
        """
        told = [getattr(self, one.name) for one in fields(self) if one.name != "at_place"]
        content = (ticket_id, *told, *(("at_place", self.at_place) if self.at_place is not None else ()))
        return hashlib.sha256(repr(content).encode()).hexdigest()

    @property
    def words(self) -> str:
        """What was said: the reason or, without one, the note."""
        return self.reason or self.note


@dataclass(slots=True)
class Taking:
    """One step in the making. `master_id` is the other ticket of a merge, locked like the first."""

    session: WriteSession
    reference: Reference
    viewer: Viewer
    case: Case
    step: Step
    request: StepRequest
    photos: tuple[PhotoFacts, ...]
    now: datetime
    master_id: UUID | None = None
    others: list[tuple[Case, int]] = field(default_factory=list[tuple[Case, int]])
    """Other tickets that the step changed, each with the version that was read."""

    @property
    def by(self) -> By:
        """Who takes the step."""
        return By.viewer(self.viewer)

    def require(self, condition: Condition | None, **brought: bool) -> None:
        """Refuse the step unless all that its row needs came along."""
        note = self.request.note or self.request.reason
        require(self.step.needs, Brought(note=note, photos=self.photos, **brought), condition)

    def told(self, **facts: object) -> Told:
        """Return what the history keeps of the request, with facts that the action adds."""
        request = self.request
        if request.reason:
            facts["reason"] = request.reason
        return Told(request.note, tuple(photo.id for photo in self.photos), request.device_at, facts)

    def advance(self, *, since: datetime | None = None, **facts: object) -> None:
        """Move the case along the row; `facts` go into its history. `since` is when clocks turn, if not now."""
        advance(
            self.case,
            self.step,
            self.by,
            self.now,
            terms=stage_terms(self.reference, self.now, self.step),
            timekeeping=self.reference.timekeeping,
            told=self.told(**facts),
            since=since,
        )

    def ask(self, kind: RequestKind, *, unit_id: int | None = None, until: datetime | None = None) -> None:
        """Add a pending request to the case; without a unit it is the asking person's."""
        asking = self.viewer.unit_id if self.viewer.role in UNIT_ROLES else None
        assert self.case.state is not None  # noqa: S101  only a created ticket takes steps
        self.case.requests.append(
            Request(
                id=uuid4(),
                kind=kind,
                made_in=self.case.state,
                asked_at=self.now,
                asked_by_id=self.viewer.person_id,
                reason=self.request.words,
                unit_id=asking if unit_id is None else unit_id,
                until=until,
            )
        )

    def unit(self) -> UnitFacts:
        """Return the unit that was named; FieldWrong when there is no such unit, or it is no longer active."""
        return named_unit(self.reference, self.request.unit or "", "/unit")


def named_unit(reference: Reference, code: str, pointer: str) -> UnitFacts:
    """Return an active unit by its code; FieldWrong at `pointer` when there is none."""
    unit = reference.units_by_code.get(code)
    if unit is None or not unit.is_active:
        raise FieldWrong(pointer, "unit_unknown", "There is no such unit.", unit=code)
    return unit


Taker = Callable[[Taking], Awaitable[None]]
"""What an action changes besides state, clocks and history."""
