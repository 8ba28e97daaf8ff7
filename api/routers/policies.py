"""Policies: what differs from city to city."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from api.deps import Caller, Now, Reading, Writing
from api.domain.errors import FieldWrong, VersionNeeded
from api.etags import UNCHANGED, Fresh, fingerprint_from_if_match
from api.queries.policies import load_policies
from api.schemas.policies import PoliciesInput, PoliciesPut, PolicyList, policies_shown
from api.services.policies import policies_fingerprint, put_policies

router = APIRouter(prefix="/v1/policies", tags=["reference data"])


@router.get(
    "",
    operation_id="policy_list",
    response_model=PolicyList,
    responses=UNCHANGED,
    summary="All policies with their defaults",
)
async def list_policies(_: Caller, session: Reading, fresh: Fresh) -> PolicyList | Response:
    """List tolerances, limits of the office's own stages, windows and switches. The ETag goes by their values."""
    policies = await load_policies(session)
    unchanged = fresh.unchanged_tag(f'"{policies_fingerprint(policies)}"')
    return unchanged or PolicyList(items=policies_shown(policies))


@router.put("", operation_id="policy_put", responses={409: {}, 415: {}, 428: {}}, summary="Change policies")
async def store_policies(
    body: PoliciesInput,
    caller: Caller,
    session: Writing,
    now: Now,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the policies as you saw them.")
    ] = None,
) -> PoliciesPut:
    """Store all policies; what `values` leaves out has its default again. 409 when somebody was faster.

    New tickets follow them at once. Limits of the stages move the due times of open tickets only with `gridpatrol
    recompute`.
    """
    if if_match is None:
        raise VersionNeeded("Name the policies that you saw: send their ETag as If-Match.")
    seen = fingerprint_from_if_match(if_match)
    try:
        done = await put_policies(session, body.values, now, caller.viewer.person_id, seen=seen)
    except FieldWrong as wrong:
        raise FieldWrong(f"/values{wrong.pointer}", wrong.field_code, wrong.detail) from wrong
    response.headers["ETag"] = f'"{policies_fingerprint(done.policies)}"'
    return PoliciesPut(items=policies_shown(done.policies), changed=list(done.changed))
