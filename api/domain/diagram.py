"""The lifecycle as a picture and as a page, printed from the table so that neither can be wrong.

Pictures are Mermaid state diagrams, which code hosts and editors draw.
"""

from collections.abc import Iterable, Iterator

from api.domain.access import ROLE_NAMES
from api.domain.lifecycle import (
    ACTION_NAMES,
    ENDS,
    STATE_NAMES,
    SYSTEM,
    TABLE,
    Actor,
    Closing,
    State,
    Step,
    rows,
)
from api.domain.limits import Language

_BORDER = "[*]"
"""Mermaid's sign for where a life begins and where it ends."""


def mermaid(steps: Iterable[Step], language: Language) -> str:
    """Draw the states that these steps touch, in the order of the table; what ends a ticket leads out.

    Steps with the same action between the same two states are one arrow.
    """
    arrows = dict.fromkeys((step.from_state, step.to_state, step.action) for step in steps)
    touched = {state for source, target, _ in arrows for state in (source, target)}
    states = [state for state in State if state in touched]
    lines = ["stateDiagram-v2"]
    lines += [f"    {state}: {_named(STATE_NAMES[state], language)}" for state in states]
    lines += [
        f"    {source or _BORDER} --> {target}: {_named(ACTION_NAMES[action], language)}"
        for source, target, action in arrows
    ]
    lines += [f"    {state} --> {_BORDER}" for state in states if state in ENDS]
    return "\n".join(lines) + "\n"


def lifecycle_page() -> str:
    """Write `docs/lifecycle.md`: the picture, the table, and how the closing policies differ."""
    return "".join(_page())


def _page() -> Iterator[str]:
    yield "# The lifecycle of a ticket\n\n"
    yield "Printed by `bin/write_docs.py` from `TABLE` in `api/domain/lifecycle.py`; edit that.\n"
    yield "`GET /v1/lifecycle` answers the same for programs, in the policy that is in force.\n\n"
    yield "A passed check closes the ticket at once (policy `close_after_check`, the default):\n\n"
    yield f"```mermaid\n{mermaid(rows(Closing.WITH_CHECK), 'en')}```\n\n"
    yield "With `close_after_check` off a dispatcher closes it after the check:\n\n"
    yield f"```mermaid\n{mermaid(rows(Closing.AT_DESK), 'en')}```\n\n"
    yield "## States\n\n| state | 中文 | English | open |\n|---|---|---|---|\n"
    used = {state for step in TABLE for state in (step.from_state, step.to_state)}
    for state in State:
        if state in used:
            zh, en = STATE_NAMES[state]
            yield f"| `{state}` | {zh} | {en} | {'no' if state in ENDS else 'yes'} |\n"
    yield "\n## Steps\n\n"
    yield "Clocks that a step begins with their full limit are marked +, those that go on with the rest ~,\n"
    yield "those that it stops -.\n\n"
    yield "| action | 中文 | from | to | by | needs | clocks | only if |\n|---|---|---|---|---|---|---|---|\n"
    for step in TABLE:
        cells = (
            f"`{step.action}`",
            ACTION_NAMES[step.action][0],
            f"`{step.from_state}`" if step.from_state else "(new)",
            f"`{step.to_state}`",
            ", ".join(_actor(actor) for actor in sorted(step.by)),
            ", ".join(sorted(f"`{need}`" for need in step.needs)),
            ", ".join(_clocks(step)),
            f"`{step.when}`" if step.when else "",
        )
        yield f"| {' | '.join(cells)} |\n"


def _named(names: tuple[str, str], language: Language) -> str:
    zh, en = names
    return zh if language == "zh" else en


def _actor(actor: Actor) -> str:
    return "system" if actor is SYSTEM else ROLE_NAMES[actor][1]


def _clocks(step: Step) -> Iterator[str]:
    yield from (f"{clock}+" for clock in step.restarts)
    yield from (f"{clock}~" for clock in step.starts)
    yield from (f"{clock}-" for clock in step.stops)
