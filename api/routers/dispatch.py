"""Which unit a case goes to, and why."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Caller, Now
from api.domain.category_codes import parse_category_code
from api.domain.dispatch import Matter
from api.domain.dispatch_decision import decide
from api.domain.errors import FieldWrong
from api.domain.geo import to_wgs84
from api.domain.reference import Reference
from api.language import Language
from api.schemas.dispatch import DispatchExplained, DispatchQuery, dispatch_explained

router = APIRouter(prefix="/v1/dispatch", tags=["explanations"])


@router.get("/explain", operation_id="dispatch_explain", summary="Which unit would get it, and why")
async def explain_dispatch(
    query: Annotated[DispatchQuery, Query()], caller: Caller, now: Now, language: Language
) -> DispatchExplained:
    """Choose the unit for a class and a place (or `grid`) as dispatching does, and say what became of each rule.

    Without `condition` the class's only condition is meant; where it has several, none is.
    """
    reference = caller.reference
    code = parse_category_code(query.category, "/query/category")
    category = reference.category(str(code), "/query/category")
    condition = reference.condition(category.code, query.condition, "/query/condition")
    matter = Matter(
        category=category.code,
        condition=condition.number if condition else None,
        grid_code=_grid_code(query, reference),
        source=query.source,
        at=query.at or now,
    )
    return dispatch_explained(matter, decide(reference, matter), reference, language)


def _grid_code(query: DispatchQuery, reference: Reference) -> str | None:
    """Return the grid that was named, or that of the place; None outside all grids."""
    if query.grid is not None:
        if query.longitude is not None or query.latitude is not None:
            raise FieldWrong("/query/grid", "place_given_twice", "Give a grid or a place, not both.")
        if query.grid not in reference.grids:
            raise FieldWrong("/query/grid", "grid_unknown", f"There is no grid {query.grid!r}.")
        return query.grid
    if query.longitude is None:
        raise FieldWrong("/query/longitude", "missing", "Give a place (longitude and latitude) or a grid.")
    if query.latitude is None:
        raise FieldWrong("/query/latitude", "missing", "A place has a latitude, too.")
    place = to_wgs84(query.longitude, query.latitude, query.crs)
    return reference.locate(place).code
