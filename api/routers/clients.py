"""What an app asks before it signs in: whether it is still served."""

from fastapi import APIRouter, Request, Response

from api.deps import Wired
from api.etags import UNCHANGED, PublicFresh
from api.schemas.clients import ClientShown

router = APIRouter(prefix="/v1", tags=["accounts"])


@router.get(
    "/client",
    operation_id="client_get",
    response_model=ClientShown,
    responses=UNCHANGED,
    summary="Which versions of the app are served",
)
async def get_client(request: Request, wired: Wired, fresh: PublicFresh) -> Response:
    """Tell the oldest version of the app that is served. An older one gets 426 wherever one signs in first."""
    shown = ClientShown(minimum=wired.settings.min_client_version, server=request.app.version)
    return fresh.answer(shown)
