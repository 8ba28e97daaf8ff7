"""The lifecycle table on the wire."""

from pydantic import Field

from api.domain.diagram import mermaid
from api.domain.lifecycle import (
    ACTION_NAMES,
    OPEN,
    STAGE_OF,
    STATE_NAMES,
    Action,
    Actor,
    Clock,
    Closing,
    Need,
    State,
    rows,
)
from api.domain.limits import Language
from api.language import name_in
from api.schemas.base import Output


class StateShown(Output):
    """A state of tickets."""

    state: State
    name: str
    is_open: bool
    stage: Clock | None = Field(
        description="The clock whose due time is the ticket's `due_at` in this state."
    )


class StepShown(Output):
    """A row of the table: who may lead a ticket from where to where, and what for."""

    action: Action
    name: str
    from_state: State | None = Field(
        serialization_alias="from", description="Null: the step creates the ticket."
    )
    to_state: State = Field(serialization_alias="to")
    roles: list[Actor] = Field(description="`system` takes the step by itself.")
    needs: list[Need] = Field(description="What has to be sent along.")
    when: Closing | None = Field(description="The closing policy that this step belongs to; null: to any.")


class LifecycleTable(Output):
    """States, and the steps between them that are in force in this city."""

    states: list[StateShown]
    steps: list[StepShown]


class LifecycleShown(LifecycleTable):
    """The table with its picture."""

    diagram: str = Field(description="Mermaid state diagram.")


def lifecycle_table(closing: Closing, language: Language) -> LifecycleTable:
    """Show the rows that are in force under a closing policy, and every state."""
    return LifecycleTable(states=_states(language), steps=_steps(closing, language))


def lifecycle_shown(closing: Closing, language: Language) -> LifecycleShown:
    """Show the same with the picture."""
    return LifecycleShown(
        states=_states(language), steps=_steps(closing, language), diagram=mermaid(rows(closing), language)
    )


def _states(language: Language) -> list[StateShown]:
    return [
        StateShown(
            state=state,
            name=name_in(language, *STATE_NAMES[state]),
            is_open=state in OPEN,
            stage=STAGE_OF.get(state),
        )
        for state in State
    ]


def _steps(closing: Closing, language: Language) -> list[StepShown]:
    return [
        StepShown(
            action=row.action,
            name=name_in(language, *ACTION_NAMES[row.action]),
            from_state=row.from_state,
            to_state=row.to_state,
            roles=sorted(row.by),
            needs=sorted(row.needs),
            when=row.when,
        )
        for row in rows(closing)
    ]
