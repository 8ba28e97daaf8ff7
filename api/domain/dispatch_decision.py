"""The decision of who gets a case, from one snapshot of the office's rules, owners and policies.

Dispatching and explaining both ask here, so that what is explained is what would happen.
"""

from api.domain.dispatch import Decision, Matter, choose
from api.domain.reference import Reference


def decide(reference: Reference, matter: Matter) -> Decision:
    """Choose by rule, else by the owner of the place where the city falls back on it (属地兜底)."""
    falls_back = reference.policies.fallback_to_grid_owner
    owner = reference.fallback_unit(matter.grid_code) if falls_back else None
    return choose(reference.rules, matter, owner.code if owner else None)
