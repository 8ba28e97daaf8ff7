"""Try a change of the dispatch rules out on the past before it goes live."""

from datetime import timedelta

from fastapi import APIRouter

from api.deps import BriefCaller, Now, Wired
from api.domain.dispatch_replay import Replay, with_changed_rules
from api.language import Language
from api.queries.past_cases import replay_past_cases
from api.schemas.rule_replay import ReplayInput, ReplayShown, replay_shown

router = APIRouter(prefix="/v1/dispatch", tags=["dispatch rules"])


@router.post(
    "/dry-run",
    operation_id="rule_replay",
    responses={415: {}},
    summary="What a change of the rules would have meant",
)
async def replay_rules(
    body: ReplayInput, caller: BriefCaller, wired: Wired, now: Now, language: Language
) -> ReplayShown:
    """Decide the tickets of the last days twice, by the rules of today and by changed ones, and tell the difference.

    Nothing is stored. A change that could not be stored is refused as it would be then, with pointers into
    `/rules`. At most 20 000 tickets are looked at, the newest first.
    """
    changed = with_changed_rules(caller.reference, body.changed_rules(), body.deactivate)
    replay = Replay(caller.reference, changed)
    # A read-only transaction of its own, although the method is POST: what is asked is too long for an address.
    async with wired.database.read() as session:
        await replay_past_cases(session, replay, now - timedelta(days=body.days))
    return replay_shown(replay, body.days, language)
