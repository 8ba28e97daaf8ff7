"""A phone of GridPatrol: works without a network, sends when there is one, loses and doubles nothing.

Needs httpx and nothing of GridPatrol itself. Read `phone.py` first, then what it stands on: `outbox.py` and `items.py`
(what the phone made), `delivery.py` and `uploads.py` (how that gets to the server), `feed.py` and `mirror.py` (what
comes back), `patrol.py` (shifts, tracks, check-ins), `tasks.py` (what the person is asked to look at), `service.py`
(the requests), `store.py` (the file).
"""

from gridphone.answers import Cut, Problem, SignInNeeded
from gridphone.conflicts import Conflict
from gridphone.exchange import Exchange
from gridphone.items import OutboxItem
from gridphone.mirror import MirrorTicket
from gridphone.patrol import HeldShift, NoSuchShift
from gridphone.phone import OthersWorkHeld, Phone, VersionUnknown

__all__ = [
    "Conflict",
    "Cut",
    "Exchange",
    "HeldShift",
    "MirrorTicket",
    "NoSuchShift",
    "OthersWorkHeld",
    "OutboxItem",
    "Phone",
    "Problem",
    "SignInNeeded",
    "VersionUnknown",
]
