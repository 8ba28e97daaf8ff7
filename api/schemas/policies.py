"""Policies on the wire: all of them, with their defaults."""

from typing import Any

from pydantic import Field

from api.domain.policies import Policies
from api.schemas.base import Input, Output


class PoliciesInput(Input):
    """All policies as they should be; what is left out has its default."""

    values: dict[str, Any] = Field(description="By name; `GET /v1/policies` shows how each is written.")


class PolicyShown(Output):
    """A number, switch or text that differs from city to city."""

    key: str
    value: Any
    default: Any
    is_default: bool


class PolicyList(Output):
    """All policies."""

    items: list[PolicyShown]


class PoliciesPut(PolicyList):
    """All policies, and the names of those that this change made others."""

    changed: list[str]


def policies_shown(policies: Policies) -> list[PolicyShown]:
    """Show all policies, each beside its default."""
    defaults = Policies().as_json()
    return [
        PolicyShown(key=key, value=value, default=defaults[key], is_default=value == defaults[key])
        for key, value in policies.as_json().items()
    ]
