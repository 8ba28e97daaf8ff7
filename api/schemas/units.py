"""Units on the wire: as they are, and as they should be."""

from typing import Annotated

from pydantic import Field

from api.domain.limits import Language
from api.domain.phones import PHONE_MAX, PHONE_PATTERN
from api.domain.reference import Reference, UnitFacts
from api.domain.units import UNIT_CODE_MAX, UNIT_CODE_PATTERN, UNIT_NAME_MAX, UnitDraft, UnitKind
from api.language import name_in
from api.schemas.base import Input, OneLine, Output

Name = Annotated[str, Field(min_length=1, max_length=UNIT_NAME_MAX), OneLine]
Phone = Annotated[str, Field(max_length=PHONE_MAX, pattern=PHONE_PATTERN, examples=["010-12345678"])]
UnitCode = Annotated[str, Field(max_length=UNIT_CODE_MAX, pattern=UNIT_CODE_PATTERN)]
"""As rules, people and grids name a unit."""


class UnitInput(Input):
    """A whole unit."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new unit has none, or 0."
    )
    name_zh: Name
    name_en: Name
    kind: UnitKind
    parent: UnitCode | None = Field(
        description="The unit above, which answers for what this one leaves lying."
    )
    phone: Phone | None
    calendar: UnitCode = Field(description="In whose working hours its limits count.")
    is_fallback: bool = Field(description="Takes what no rule matches in the grids that it owns (属地兜底).")
    is_active: bool
    hand_over_to: UnitCode | None = Field(
        default=None,
        description="When it is closed down: who takes its open tickets and its calls for help.",
    )

    def draft(self, code: str) -> UnitDraft:
        """Return what is meant, not checked yet."""
        return UnitDraft(
            code=code,
            name_zh=self.name_zh,
            name_en=self.name_en,
            kind=self.kind,
            parent=self.parent,
            phone=self.phone,
            calendar=self.calendar,
            is_fallback=self.is_fallback,
            is_active=self.is_active,
        )


class UnitShown(Output):
    """A unit. To change it, send all but its code and `name` back, with `version`."""

    code: str
    name: str
    name_zh: str
    name_en: str
    kind: UnitKind
    parent: str | None
    phone: str | None
    calendar: str
    is_fallback: bool
    is_active: bool
    version: int


class UnitList(Output):
    """All units by code; `parent` makes them a tree."""

    items: list[UnitShown]


class UnitPut(UnitShown):
    """A unit that was sent, and what its successor took over when it was closed down."""

    handed_over_tickets: int
    handed_over_calls: int = Field(description="Calls for help (协办) on tickets of other units.")


def unit_shown(unit: UnitDraft, version: int, language: Language) -> UnitShown:
    """Show a unit."""
    return UnitShown(
        code=unit.code,
        name=name_in(language, unit.name_zh, unit.name_en),
        name_zh=unit.name_zh,
        name_en=unit.name_en,
        kind=unit.kind,
        parent=unit.parent,
        phone=unit.phone,
        calendar=unit.calendar,
        is_fallback=unit.is_fallback,
        is_active=unit.is_active,
        version=version,
    )


def known_unit_shown(unit: UnitFacts, reference: Reference, language: Language) -> UnitShown:
    """Show a unit of the snapshot."""
    return unit_shown(UnitDraft.of(unit, reference.units), unit.version, language)
