"""The lifecycle as a picture and as a page, printed from the table so that neither can be wrong.

Pictures are Mermaid state diagrams, which code hosts and editors draw.
"""

from collections.abc import Iterable, Iterator

from api.domain.access import ROLE_NAMES
from api.domain.lifecycle import (
    ACTION_NAMES,
    ENDS,
    OPEN,
    STATE_NAMES,
    SYSTEM,
    TABLE,
    Action,
    Actor,
    Closing,
    State,
    Step,
    rows,
)
from api.domain.limits import Language

_BORDER = "[*]"
"""Mermaid's sign for where a life begins and where it ends."""

_BOX = "open"
_ANY_OPEN = ("在办", "open")
"""What the box around the open states is called: (zh, en)."""


def mermaid(steps: Iterable[Step], language: Language) -> str:
    """Draw the states that these steps touch, in the order of the table; what ends a ticket leads out.

    All steps between the same two states are one arrow. What leads to an end from every open state is drawn
    once, from the box around them. Steps that change no state are left to the table: as loops they would hide
    the rest.
    """
    drawn = list(steps)
    common = everywhere(drawn)
    touched = {state for step in drawn for state in (step.from_state, step.to_state)}
    states = [state for state in State if state in touched]
    lines = ["stateDiagram-v2", f"    state {_named(_ANY_OPEN, language)!r} as {_BOX} {{".replace("'", '"')]
    lines += [f"        {state}: {_named(STATE_NAMES[state], language)}" for state in states if state in OPEN]
    lines += ["    }"]
    lines += [f"    {state}: {_named(STATE_NAMES[state], language)}" for state in states if state in ENDS]
    arrows: dict[tuple[str, str], dict[str, None]] = {}
    for step in drawn:
        if step.from_state is step.to_state:
            continue
        source = _BOX if step.action in common else str(step.from_state or _BORDER)
        arrows.setdefault((source, str(step.to_state)), {})[_named(ACTION_NAMES[step.action], language)] = (
            None
        )
    comma = "、" if language == "zh" else ", "
    lines += [f"    {source} --> {target}: {comma.join(names)}" for (source, target), names in arrows.items()]
    lines += [f"    {state} --> {_BORDER}" for state in states if state in ENDS]
    return "\n".join(lines) + "\n"


def everywhere(steps: Iterable[Step]) -> list[Action]:
    """List the actions that exist in every open state, in the order of the table."""
    found: dict[Action, set[State | None]] = {}
    for step in steps:
        found.setdefault(step.action, set()).add(step.from_state)
    return [action for action, states in found.items() if states >= OPEN]


def lifecycle_page() -> str:
    """Write `docs/lifecycle.md`: the picture, the table, and how the closing policies differ."""
    return "".join(_page())


def _page() -> Iterator[str]:
    yield "# The lifecycle of a ticket\n\n"
    yield "Printed by `bin/write_docs.py` from `TABLE` in `api/domain/steps.py`; edit that.\n"
    yield "`GET /v1/lifecycle` answers the same for programs, in the policy that is in force.\n\n"
    yield "A passed check closes the ticket at once (policy `close_after_check`, the default):\n\n"
    yield f"```mermaid\n{mermaid(rows(Closing.WITH_CHECK), 'en')}```\n\n"
    yield "With `close_after_check` off a dispatcher closes it after the check:\n\n"
    yield f"```mermaid\n{mermaid(rows(Closing.AT_DESK), 'en')}```\n\n"
    yield "Steps that leave the state as it is are not drawn. In every open state these are possible: "
    yield ", ".join(_stays(step for step in TABLE if step.action in everywhere(TABLE))) + ".\n"
    for state in State:
        stays = _stays(s for s in TABLE if s.from_state is state and s.action not in everywhere(TABLE))
        if stays:
            yield f"In `{state}` also: {', '.join(stays)}.\n"
    yield "\n"
    yield "## States\n\n| state | 中文 | English | open |\n|---|---|---|---|\n"
    used = {state for step in TABLE for state in (step.from_state, step.to_state)}
    for state in State:
        if state in used:
            zh, en = STATE_NAMES[state]
            yield f"| `{state}` | {zh} | {en} | {'no' if state in ENDS else 'yes'} |\n"
    yield "\n## Steps\n\n"
    yield "Clocks that a step begins with their full limit are marked +, those that go on with the rest ~,\n"
    yield "those that it stops -, and one whose limit it grants once more ++. A request that is pending dies with\n"
    yield "the state it was made in; a call for help ends when the ticket leaves the unit.\n\n"
    yield "| action | 中文 | from | to | by | needs | clocks | request | only if |\n"
    yield "|---|---|---|---|---|---|---|---|---|\n"
    for step in TABLE:
        cells = (
            f"`{step.action}`",
            ACTION_NAMES[step.action][0],
            f"`{step.from_state}`" if step.from_state else "(new)",
            f"`{step.to_state}`",
            ", ".join(_actor(actor) for actor in sorted(step.by)),
            ", ".join(sorted(f"`{need}`" for need in step.needs)),
            ", ".join(_clocks(step)),
            _request(step),
            f"`{step.when}`" if step.when else "",
        )
        yield f"| {' | '.join(cells)} |\n"


def _stays(steps: Iterable[Step]) -> list[str]:
    """Name the actions of those steps that change no state."""
    actions = dict.fromkeys(step.action for step in steps if step.from_state is step.to_state)
    return [f"`{action}` ({ACTION_NAMES[action][0]})" for action in actions]


def _named(names: tuple[str, str], language: Language) -> str:
    zh, en = names
    return zh if language == "zh" else en


def _actor(actor: Actor) -> str:
    return "system" if actor is SYSTEM else ROLE_NAMES[actor][1]


def _clocks(step: Step) -> Iterator[str]:
    yield from (f"{clock}+" for clock in step.restarts)
    yield from (f"{clock}~" for clock in step.starts)
    yield from (f"{clock}-" for clock in step.stops)
    if step.extends is not None:
        yield f"{step.extends}++"


def _request(step: Step) -> str:
    named = (("asks", step.asks), ("grants", step.grants), ("denies", step.denies))
    return ", ".join(f"{verb} {kind}" for verb, kind in named if kind is not None)
