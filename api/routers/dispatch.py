"""Which unit a case goes to, and why."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Caller, Now
from api.domain.category_codes import parse_category_code
from api.domain.dispatch_decision import decide, matter_of
from api.domain.dispatch_rules import FIRST_YEAR, LAST_YEAR
from api.domain.errors import FieldWrong
from api.domain.geo import Place, to_wgs84
from api.domain.reference import Reference
from api.language import Language
from api.schemas.dispatch import DispatchExplained, DispatchQuery, dispatch_explained

router = APIRouter(prefix="/v1/dispatch", tags=["explanations"])


@router.get("/explain", operation_id="dispatch_explain", summary="Which unit would get it, and why")
async def explain_dispatch(
    query: Annotated[DispatchQuery, Query()], caller: Caller, now: Now, language: Language
) -> DispatchExplained:
    """Choose the unit for a class and a point (or `grid`) as dispatching does, and say what became of each rule.

    Without `condition` the class's only condition is meant; where it has several, none is. Without `place` it is the
    one that the point is at, if any. Areas are found around a point; a grid alone is taken to lie in none.
    """
    reference = caller.reference
    code = parse_category_code(query.category, "/query/category")
    category = reference.category(str(code), "/query/category")
    condition = reference.condition(category.code, query.condition, "/query/condition")
    if query.at is not None and not FIRST_YEAR <= query.at.year <= LAST_YEAR:
        detail = f"Rules hold from {FIRST_YEAR} to {LAST_YEAR}."
        raise FieldWrong("/query/at", "out_of_range", detail)
    grid_code, point = _where(query, reference)
    matter = matter_of(
        reference,
        category=category.code,
        condition=condition.number if condition else None,
        source=query.source,
        at=query.at or now,
        grid_code=grid_code,
        place_code=_place_code(query, point, reference),
        point=point,
    )
    return dispatch_explained(matter, decide(reference, matter), reference, language)


def _where(query: DispatchQuery, reference: Reference) -> tuple[str | None, Place | None]:
    """Return the grid that was named, or that of the point (None outside all grids), and the point."""
    if query.grid is not None:
        if query.longitude is not None or query.latitude is not None:
            raise FieldWrong("/query/grid", "place_given_twice", "Give a grid or a place, not both.")
        if query.grid not in reference.grids:
            raise FieldWrong("/query/grid", "grid_unknown", f"There is no grid {query.grid!r}.")
        return query.grid, None
    if query.longitude is None:
        raise FieldWrong("/query/longitude", "missing", "Give a place (longitude and latitude) or a grid.")
    if query.latitude is None:
        raise FieldWrong("/query/latitude", "missing", "A place has a latitude, too.")
    point = to_wgs84(query.longitude, query.latitude, query.crs)
    return reference.locate(point).code, point


def _place_code(query: DispatchQuery, point: Place | None, reference: Reference) -> str | None:
    """Return the place (点位) that was named, or the one that the point is at."""
    if query.place is not None:
        place = reference.places.by_code.get(query.place)
        if place is None or not place.is_active:
            raise FieldWrong("/query/place", "place_unknown", f"There is no place {query.place!r} in use.")
        return place.code
    place = reference.places.at(point) if point is not None else None
    return place.code if place else None
