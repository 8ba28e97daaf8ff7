"""Whether the process lives, and whether it can work. For load balancers and for whoever starts us."""

import asyncio
import logging

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.adapters.revisions import newest_revisions
from api.deps import Wired, Wiring
from api.problem_answers import problem
from api.queries.revisions import applied_revisions
from api.schemas.health import Live, Ready

router = APIRouter(tags=["health"])

logger = logging.getLogger(__name__)

PATIENCE_S = 3.0
"""A database that takes longer to answer the smallest question is not one to send requests to."""


@router.get("/livez", operation_id="health_live", summary="Does the process answer?")
async def get_live() -> Live:
    """Answer, whatever the state of the database: a restart of the process would not mend that."""
    return Live(status="live")


@router.get(
    "/readyz",
    operation_id="health_ready",
    response_model=Ready,
    responses={503: {}},
    summary="Can the process work?",
)
async def get_ready(request: Request, wired: Wired) -> Ready | Response:
    """Answer 200 when the database is there with this release's tables; else 503 with what is `missing`."""
    missing = await _missing(wired)
    if missing is None:
        return Ready(status="ready")
    name, detail = missing
    return problem(
        503,
        "not_ready",
        "The service is not ready.",
        detail,
        headers={"Retry-After": "2"},
        instance=request.url.path,
        missing=[name],
    )


async def _missing(wired: Wiring) -> tuple[str, str] | None:
    """Name what is missing and say it in a sentence; None when nothing is."""
    try:
        async with asyncio.timeout(PATIENCE_S), wired.database.read() as session:
            applied = await applied_revisions(session)
    except (DBAPIError, PoolTimeout, TimeoutError) as error:
        # The cause names hosts and users, which is not for everybody who may ask.
        logger.warning("not ready, the database does not answer: %s", error)
        return "database", "The database does not answer."
    if applied != newest_revisions():
        return "migrations", "The database's tables are not those of this release: run `gridpatrol migrate`."
    return None
