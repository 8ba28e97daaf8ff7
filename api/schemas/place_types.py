"""Types of places on the wire."""

from api.domain.limits import Language
from api.domain.reference import Reference
from api.language import name_in
from api.schemas.base import Output


class PlaceTypeShown(Output):
    """A type of places."""

    code: str
    name: str
    name_zh: str
    name_en: str
    is_active: bool


class PlaceTypeList(Output):
    """All types of places by code."""

    items: list[PlaceTypeShown]


def place_types_shown(reference: Reference, language: Language) -> PlaceTypeList:
    """Show all types of places."""
    return PlaceTypeList(
        items=[
            PlaceTypeShown(
                code=kind.code,
                name=name_in(language, kind.name_zh, kind.name_en),
                name_zh=kind.name_zh,
                name_en=kind.name_en,
                is_active=kind.is_active,
            )
            for kind in reference.place_types.values()
        ]
    )
