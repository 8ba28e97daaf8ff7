"""The lifecycle of a ticket is a table (`TABLE` in `api.domain.steps`); here it is asked.

Everything that asks "may this happen?" asks here: the one function that takes steps, the actions offered in
every answer, `GET /v1/lifecycle`, and the diagram in the docs. A new step is a new row of the table.
"""

from collections.abc import Iterable

from api.domain.access import Role
from api.domain.actions import ACTION_NAMES, Action, Need
from api.domain.errors import NotYourStep, StepRefused
from api.domain.states import ENDS, OPEN, RUNNING_IN, STAGE_OF, STATE_NAMES, Clock, State
from api.domain.steps import SYSTEM, TABLE, Actor, Closing, Step

# What callers need to talk about the life of a ticket, from one place.
__all__ = [
    "ACTION_NAMES",
    "ENDS",
    "OPEN",
    "RUNNING_IN",
    "STAGE_OF",
    "STATE_NAMES",
    "SYSTEM",
    "TABLE",
    "Action",
    "Actor",
    "Clock",
    "Closing",
    "Need",
    "State",
    "Step",
    "actions_for",
    "find_step",
    "rows",
]


def rows(closing: Closing) -> Iterable[Step]:
    """Yield the rows that are in force under a closing policy."""
    return (row for row in TABLE if row.when is None or row.when is closing)


_LEADING_OUT: dict[tuple[Closing, State | None], tuple[Step, ...]] = {
    (closing, state): tuple(row for row in rows(closing) if row.from_state == state)
    for closing in Closing
    for state in (None, *State)
}


def find_step(state: State | None, action: Action, actor: Actor, closing: Closing) -> Step:
    """Return the row for this state, action and actor.

    Raises StepRefused when the action does not exist in this state, NotYourStep when it does but for
    other roles; both name what the caller needs to go on.
    """
    here = _LEADING_OUT[closing, state]
    named = [row for row in here if row.action is action]
    if not named:
        raise StepRefused(
            f"{action} is not possible in state {state or 'new'}.",
            action=action,
            state=state,
            possible=sorted({row.action for row in here if row.by - {SYSTEM}}),
        )
    for row in named:
        if actor in row.by:
            return row
    raise NotYourStep(
        f"{action} is not for the role {actor}.",
        action=action,
        state=state,
        roles=sorted({str(by) for row in named for by in row.by}),
    )


_OFFERED: dict[tuple[Closing, State | None, Actor], tuple[Action, ...]] = {
    (closing, state, actor): tuple(dict.fromkeys(row.action for row in found if actor in row.by))
    for (closing, state), found in _LEADING_OUT.items()
    for actor in (*Role, SYSTEM)
}


def actions_for(state: State, actor: Actor, closing: Closing) -> tuple[Action, ...]:
    """List the actions the table gives this actor in this state, in the table's order."""
    return _OFFERED[closing, state, actor]
