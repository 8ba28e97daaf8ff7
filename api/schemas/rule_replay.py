"""A change of the dispatch rules tried out on the past, on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.domain.dispatch import Decision
from api.domain.dispatch_replay import Move, Replay
from api.domain.dispatch_rules import DispatchRule
from api.domain.dispatch_words import explain
from api.domain.errors import FieldWrong
from api.domain.limits import Language
from api.domain.reports import Source
from api.language import name_in
from api.schemas.base import Input, Named, Output
from api.schemas.dispatch_rules import RuleEntry, RuleId

DAYS_MAX = 90
_CHANGES_MAX = 1_000


class ReplayInput(Input):
    """A change of the rules that is not stored yet."""

    rules: Annotated[list[RuleEntry], Field(max_length=_CHANGES_MAX)] = Field(
        default_factory=list[RuleEntry],
        description="Rules as they would be, whole: new ones or changed ones.",
    )
    deactivate: Annotated[list[RuleId], Field(max_length=_CHANGES_MAX)] = Field(
        default_factory=list[RuleId], description="Ids of rules that would be switched off."
    )
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = Field(
        default=30, description="Tickets filed in the last so many days are looked at."
    )

    def changed_rules(self) -> list[DispatchRule]:
        """Return the rules; FieldWrong, with its place in the list, for the first that can't be meant."""
        found: list[DispatchRule] = []
        for number, entry in enumerate(self.rules):
            try:
                found.append(entry.rule(entry.id))
            except FieldWrong as wrong:
                pointer = f"/rules/{number}{wrong.pointer}"
                raise FieldWrong(pointer, wrong.field_code, wrong.detail) from None
        return found


class MovesShown(Output):
    """How many cases would have gone from one unit to another; null stands for nobody (triage)."""

    unit_before: Named | None
    unit_after: Named | None
    count: int


class MoveShown(Output):
    """A case that would have gone elsewhere, and why."""

    ticket: UUID
    number: str
    category: str
    condition: int | None
    grid: str | None
    source: Source
    filed_at: datetime
    unit_before: Named | None = Field(description="To whom the rules of today send it.")
    unit_after: Named | None
    explanation_before: str
    explanation_after: str


class ReplayShown(Output):
    """What a change of the rules would have meant. Nothing was stored."""

    days: int
    examined: int = Field(description="Tickets that were looked at.")
    elsewhere: int = Field(description="Of these, those that would have gone to another unit, or to none.")
    moves: list[MovesShown] = Field(description="The most frequent first.")
    examples: list[MoveShown] = Field(description="The newest.")
    is_complete: bool = Field(description="False: there are more tickets than were examined.")


def replay_shown(replay: Replay, days: int, language: Language) -> ReplayShown:
    """Show what was counted."""
    names = {
        code: name_in(language, unit.name_zh, unit.name_en)
        for code, unit in replay.present.units_by_code.items()
    }
    counted = sorted(replay.pairs.items(), key=lambda one: (-one[1], str(one[0])))
    return ReplayShown(
        days=days,
        examined=replay.examined,
        elsewhere=replay.pairs.total(),
        moves=[
            MovesShown(unit_before=_named(before, names), unit_after=_named(after, names), count=count)
            for (before, after), count in counted
        ],
        examples=[_move(move, names, language) for move in replay.examples],
        is_complete=replay.is_complete,
    )


def _move(move: Move, names: dict[str, str], language: Language) -> MoveShown:
    matter = move.case.matter

    def told(decision: Decision) -> str:
        return explain(decision, language, names)

    return MoveShown(
        ticket=move.case.ticket_id,
        number=move.case.number,
        category=matter.category,
        condition=matter.condition,
        grid=matter.grid_code,
        source=Source(matter.source),
        filed_at=matter.at,
        unit_before=_named(move.before.unit, names),
        unit_after=_named(move.after.unit, names),
        explanation_before=told(move.before),
        explanation_after=told(move.after),
    )


def _named(code: str | None, names: dict[str, str]) -> Named | None:
    return Named(code=code, name=names[code]) if code is not None else None
