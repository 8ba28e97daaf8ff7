"""Frontage agreements (门前责任书): who keeps a shop's frontage or a site in order, and which findings it covers."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

PHONE_AS_STORED: Final = "as_stored"
"""In the place of a phone that its sender was not shown and did not send: the stored one stays."""


class AgreementKind(StrEnum):
    """How many duties an agreement has, by the name that people know it under."""

    THREE = "three"
    """门前三包"""
    FOUR = "four"
    """门前四包"""
    FOUR_AND_ONE = "four_and_one"
    """四自一包"""
    SITE = "site"
    """A building or demolition site signs for its cleanliness (工地保洁)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement for one place, in force from `signed_on` to `until_on`, both included; None: until further notice.

    `categories` are class codes or prefixes of them, none meaning any. `signer_unit` is the code of a unit when the
    signer is one. The phone is personal data.
    """

    kind: AgreementKind
    signer_name: str
    signer_phone: str | None
    signer_unit: str | None
    categories: tuple[str, ...]
    duties: tuple[str, ...]
    signed_on: date
    until_on: date | None

    def is_in_force(self, on: date) -> bool:
        """Tell whether the agreement binds its signer on this day."""
        return self.signed_on <= on and (self.until_on is None or on <= self.until_on)

    def covers(self, category: str) -> bool:
        """Tell whether a finding of this class is the signer's."""
        return not self.categories or any(category.startswith(prefix) for prefix in self.categories)
