"""Dispatch rules: the desk reads them, administrators maintain them while the system runs."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from api.deps import Caller, Now, Reading, Writing
from api.domain.dispatch_conflicts import faults
from api.domain.dispatch_decision import known_codes
from api.domain.errors import NotFound
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.queries.dispatch_rules import find_rule, find_rules, load_rules_in_force
from api.schemas.dispatch_rules import (
    MaintainedRule,
    RuleId,
    RuleInput,
    RuleListQuery,
    RulePage,
    RuleStored,
    maintained_rule,
)
from api.services.dispatch_rules import Editor, put_rule
from api.services.triage import count_covered

router = APIRouter(prefix="/v1/dispatch", tags=["dispatch rules"])

Id = Annotated[RuleId, Path(description="Id of the rule, which the office chooses.")]


@router.get(
    "/rules",
    operation_id="rule_list",
    response_model=RulePage,
    responses=UNCHANGED,
    summary="Dispatch rules by id",
)
async def list_rules(
    query: Annotated[RuleListQuery, Query()],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
    fresh: Fresh,
) -> Response:
    """List the rules by which cases go to units, with those that were switched off.

    `broken` says why a rule can't win any more, such as a class that was retired or a place that was given up;
    `is_broken=true` lists the rules that count and have such a fault.
    """
    ids: list[str] | None = None
    if query.is_broken is not None:
        known = known_codes(caller.reference)
        in_force = await load_rules_in_force(session)
        ids = [rule.id for rule in in_force if bool(faults(rule, known, now)) == query.is_broken]
    page = await find_rules(session, query.filters(), limit=query.limit, cursor=query.cursor, ids=ids)
    items = [maintained_rule(one, caller.reference, now, language) for one in page.items]
    return fresh.answer(RulePage(items=items, next=page.next))


@router.get(
    "/rules/{rule_id}",
    operation_id="rule_get",
    response_model=MaintainedRule,
    responses=UNCHANGED,
    summary="One dispatch rule",
)
async def get_rule(
    rule_id: Id, caller: Caller, session: Reading, now: Now, language: Language, fresh: Fresh
) -> MaintainedRule | Response:
    """Get a rule as it is maintained. The ETag names its version."""
    stored = await find_rule(session, rule_id)
    if stored is None:
        raise NotFound("There is no such rule.", rule=rule_id)
    shown = maintained_rule(stored, caller.reference, now, language)
    return fresh.unchanged_tag(versioned_etag(shown.version, shown)) or shown


@router.put(
    "/rules/{rule_id}",
    operation_id="rule_put",
    responses={201: {"model": RuleStored}, 409: {}, 415: {}, 428: {}},
    summary="Change a dispatch rule, switch it off, or make one",
)
async def store_rule(
    rule_id: Id,
    body: RuleInput,
    caller: Caller,
    session: Writing,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the rule as you saw it.")
    ] = None,
) -> RuleStored:
    """Store a rule, whole. It counts at once and in every process for whatever is dispatched from now on.

    Name the version that you saw (`version` or If-Match): when somebody else was faster the answer is 409 with
    the present version, and nothing has changed. The same content again makes no new version. A rule that ties
    with another, that could never win, or that would keep another from ever winning is refused (`rules_refused`)
    with the other named. Rules are never removed; `is_active: false` switches one off.
    """
    seen = seen_version(body.version, if_match)
    by = Editor(caller.viewer.person_id, now, caller.reference.zone)
    done = await put_rule(session, body.rule(rule_id), seen, by, is_active=body.is_active)
    shown = maintained_rule(done.stored, caller.reference, now, language)
    response.headers["ETag"] = versioned_etag(shown.version, shown)
    if done.is_new:
        response.status_code = 201
    covered = await count_covered(session, caller.reference, await load_rules_in_force(session), now)
    return RuleStored(**shown.model_dump(), waiting_now_covered=covered)
