"""Places as tickets name them."""

from api.domain.limits import Language
from api.domain.reference import Reference
from api.language import name_in
from api.schemas.base import Output


class NamedPlace(Output):
    """A place as tickets name it."""

    code: str
    name: str
    type: str


def named_place(code: str | None, reference: Reference, language: Language) -> NamedPlace | None:
    """Show the place that a ticket is at."""
    place = reference.places.by_code.get(code) if code is not None else None
    if place is None:
        return None
    return NamedPlace(code=place.code, name=name_in(language, place.name_zh, place.name_en), type=place.type)
