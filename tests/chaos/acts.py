"""What people may want to do with the tickets that they see: wishes by role, drawn from a seeded generator."""

import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from gridphone import MirrorTicket
from tests.chaos.street import UNITS

CLASSES = {
    "E0406": "cityscape",
    "P0118": "sanitation",
    "P0212": "municipal",
    "P0114": "greening",
    "P0101": "water",
    "P0146": "street",
}
"""Classes of the street, each with the unit that the rules choose for it."""

ANSWERING = {"pass_check", "fail_check", "answer_verification", "recheck", "reopen"}
"""Steps that answer tasks."""

_LOOKED_AT = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """A step that somebody would take, how dearly, and what comes with it."""

    action: str
    weight: float
    has_photo: bool = False
    more: Callable[[MirrorTicket, random.Random], dict[str, str | int]] | None = None


def _some_unit(_: MirrorTicket, draw: random.Random) -> dict[str, str | int]:
    return {"unit": draw.choice(UNITS)}


def _other_class(ticket: MirrorTicket, draw: random.Random) -> dict[str, str | int]:
    others = [category for category in CLASSES if category != ticket.body["category"]]
    return {"category": draw.choice(others), "condition": 1}


def _found_or_not(_: MirrorTicket, draw: random.Random) -> dict[str, str | int]:
    return {"confirmed": draw.random() < 0.8}


def _as_first(_: MirrorTicket, __: random.Random) -> dict[str, str | int]:
    return {"condition": 1}


WISHES: Mapping[str, Sequence[Wish]] = {
    "officer": (
        Wish("pass_check", 5, has_photo=True),
        Wish("fail_check", 1, has_photo=True),
        Wish("answer_verification", 4, has_photo=True, more=_found_or_not),
        Wish("recheck", 3, has_photo=True),
        Wish("reopen", 0.1, has_photo=True),
    ),
    "member": (
        Wish("accept", 5),
        Wish("rectify", 4, has_photo=True),
        Wish("return", 1, has_photo=True),
        Wish("request_extension", 0.5),
    ),
    # These make tickets leave a unit's sight, and others come into it.
    "dispatcher": (
        Wish("dispatch", 6, more=_some_unit),
        Wish("ask_verification", 6),
        Wish("file", 2, more=_as_first),
        Wish("correct", 3, more=_other_class),
        Wish("grant_extension", 1),
        Wish("void", 0.3),
    ),
    "supervisor": (
        Wish("urge", 1),
        Wish("supervise", 0.5),
        Wish("grant_void", 2),
        Wish("deny_extension", 1),
        Wish("reopen", 0.2, has_photo=True),
    ),
}


def choose(
    role: str, tickets: Sequence[MirrorTicket], draw: random.Random
) -> tuple[MirrorTicket, Wish] | None:
    """Choose a step that is offered on one of some tickets; None when there is none to wish for."""
    some = draw.sample(tickets, min(_LOOKED_AT, len(tickets)))
    possible = [(ticket, wish) for ticket in some for wish in _offered(ticket, WISHES[role])]
    if not possible:
        return None
    return draw.choices(possible, [wish.weight for _, wish in possible])[0]


def answer_to(ticket: MirrorTicket, draw: random.Random) -> Wish | None:
    """Choose a step that answers the task on a ticket; None when the person may not do any."""
    wishes = [wish for wish in _offered(ticket, WISHES["officer"]) if wish.action in ANSWERING]
    return draw.choices(wishes, [wish.weight for wish in wishes])[0] if wishes else None


def _offered(ticket: MirrorTicket, wishes: Sequence[Wish]) -> Iterator[Wish]:
    return (wish for wish in wishes if wish.action in ticket.body["actions"])


def picture(draw: random.Random) -> bytes:
    """Return a JPEG that nobody else has: all noise, mostly small, now and then one of several pieces."""
    width, height = (900, 700) if draw.random() < 0.05 else (160, 120)
    noise = Image.frombytes("RGB", (width, height), draw.randbytes(width * height * 3))
    written = io.BytesIO()
    noise.save(written, "JPEG", quality=85)
    return written.getvalue()
