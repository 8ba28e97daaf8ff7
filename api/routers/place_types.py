"""Types of places (点位类型)."""

from fastapi import APIRouter, Response

from api.deps import Caller
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.schemas.place_types import PlaceTypeList, place_types_shown

router = APIRouter(prefix="/v1/place-types", tags=["places"])


@router.get(
    "",
    operation_id="type_list",
    response_model=PlaceTypeList,
    responses=UNCHANGED,
    summary="Types of places",
)
async def list_place_types(caller: Caller, language: Language, fresh: Fresh) -> Response:
    """List all types of places, those no longer in use as well: old places name them."""
    return fresh.answer(place_types_shown(caller.reference, language))
