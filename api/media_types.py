"""Which of two forms of an answer a caller prefers: plain JSON, or GeoJSON for maps, or a page for people."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from api.language import Language

GEOJSON = "application/geo+json"
HTML = "text/html"
_JSON = "application/json"

GEOJSON_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {GEOJSON: {"schema": {"type": "object", "description": "GeoJSON (RFC 7946)."}}}}
}
"""For the `responses` of operations that speak GeoJSON, too."""

PAGE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {HTML: {"schema": {"type": "string", "description": "A page for people."}}}}
}
"""For the `responses` of operations that show a page as well."""


def prefers_geojson(accept: str) -> bool:
    """Tell whether an Accept header asks for GeoJSON more than for JSON."""
    return _prefers(GEOJSON, accept)


def prefers_page(accept: str) -> bool:
    """Tell whether an Accept header asks for a page more than for JSON, as browsers do."""
    return _prefers(HTML, accept)


def _prefers(other: str, accept: str) -> bool:
    """Tell whether an Accept header (RFC 9110, 12.5.1) asks for another media type more than for JSON.

    Only the other by its name counts: `*/*` means JSON, and so does whatever we can't serve (12.4.1 lets a
    server answer with what it has).
    """
    weights = {_JSON: 0.0, other: 0.0}
    for wish in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in wish.split(";"))
        if media_type in weights:
            weights[media_type] = max(weights[media_type], _weight(parameters))
    return weights[other] > 0 and weights[other] >= weights[_JSON]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _wants_geojson(
    request: Request,
    response: Response,
    _: Language,  # it sets Vary, which is to grow here
) -> bool:
    response.headers.add_vary_header("Accept")
    # Not a parameter of the operation: OpenAPI has readers take Accept from the media types of the answers.
    return prefers_geojson(",".join(request.headers.getlist("accept")))


WantsGeojson = Annotated[bool, Depends(_wants_geojson)]
"""Whether the caller asked for GeoJSON."""


def _wants_page(request: Request, response: Response, _: Language) -> bool:
    response.headers.add_vary_header("Accept")
    return prefers_page(",".join(request.headers.getlist("accept")))


WantsPage = Annotated[bool, Depends(_wants_page)]
"""Whether the caller asked for a page, as browsers do."""
