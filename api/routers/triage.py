"""Tickets that wait for want of a rule, sent on once there is one."""

from fastapi import APIRouter

from api.deps import Caller, Now, Writing
from api.schemas.triage import TriageResent
from api.services.triage import resend_waiting

router = APIRouter(prefix="/v1/dispatch", tags=["dispatch rules"])


@router.post(
    "/triage-run", operation_id="triage_resend", summary="Let the rules choose anew for tickets that wait"
)
async def resend_triage(caller: Caller, session: Writing, now: Now) -> TriageResent:
    """Send on the filed tickets that wait because no rule covered them (`no_rule`) and that one covers now.

    At most 500, those that have waited longest first; call again while it is not `is_complete` and sends some. Each is
    dispatched by the system, with its reason, as if it had just been filed. What finds no unit goes on waiting.
    """
    done = await resend_waiting(session, caller.reference, now)
    return TriageResent(examined=done.examined, sent=done.sent, is_complete=done.is_complete)
