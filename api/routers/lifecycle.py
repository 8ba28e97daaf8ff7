"""The lifecycle of tickets, as the table has it."""

from fastapi import APIRouter, Response

from api.deps import Caller
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.schemas.lifecycle import LifecycleShown, lifecycle_shown

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.get(
    "/lifecycle",
    operation_id="lifecycle_get",
    response_model=LifecycleShown,
    responses=UNCHANGED,
    summary="States and steps of a ticket",
)
async def get_lifecycle(caller: Caller, language: Language, fresh: Fresh) -> LifecycleShown | Response:
    """Return all states, the steps that are in force with who may take them and what they need, and a diagram."""
    closing = caller.reference.policies.closing
    return fresh.unchanged(closing, language) or lifecycle_shown(closing, language)
