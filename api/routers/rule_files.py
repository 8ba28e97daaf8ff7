"""Complete sets of dispatch rules as files, so that a city can keep its rules in git."""

from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request, Response

from api.adapters.yaml_documents import YamlUnreadable, read_yaml, write_yaml
from api.deps import Caller, Now, Reading, Writing
from api.domain.dispatch_changes import RuleSet, fingerprint
from api.domain.dispatch_files import RULES_MAX, mapping_from_rule, read_rule_set
from api.domain.errors import NotJson, Unreadable
from api.etags import UNCHANGED, Fresh, fingerprint_from_if_match
from api.queries.dispatch_rules import load_rules_in_force
from api.schemas.dispatch_rules import RuleSetStored, rule_set_stored
from api.services.dispatch_rules import Editor, store_rule_set
from api.services.triage import count_covered

router = APIRouter(prefix="/v1/dispatch", tags=["dispatch rules"])

YAML = "application/yaml"
_YAML_NAMES = frozenset({YAML, "application/x-yaml", "text/yaml", "text/x-yaml"})

_EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rules in force.",
        "content": {
            YAML: {
                "schema": {
                    "type": "object",
                    "required": ["rules"],
                    "properties": {"rules": {"type": "array", "items": {"type": "object"}}},
                }
            }
        },
    }
}
_SENT = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["rules"],
                    "properties": {
                        "rules": {
                            "type": "array",
                            "description": f"At most {RULES_MAX}.",
                            "items": {"$ref": "#/components/schemas/RuleEntry"},
                        }
                    },
                }
            }
            for media_type in ("application/json", YAML)
        },
    }
}


@router.get(
    "/rules.yaml",
    operation_id="rule_export",
    response_class=Response,
    responses=_EXPORTED | UNCHANGED,
    summary="The rules in force as a file",
)
async def export_rules(_: Caller, session: Reading, fresh: Fresh, response: Response) -> Response:
    """Export the rules in force as YAML, by id, as `PUT /v1/dispatch/rules` takes them. The ETag goes by content."""
    rules = await load_rules_in_force(session)
    unchanged = fresh.unchanged_tag(f'"{fingerprint(rules)}"')
    if unchanged is not None:
        return unchanged
    written = await to_thread.run_sync(write_yaml, {"rules": [mapping_from_rule(rule) for rule in rules]})
    return Response(written, headers=dict(response.headers), media_type=YAML)


@router.put(
    "/rules",
    operation_id="rule_import",
    responses={409: {}, 415: {}},
    openapi_extra=_SENT,
    summary="Replace all rules by a file",
)
async def import_rules(
    request: Request,
    caller: Caller,
    session: Writing,
    now: Now,
    dry_run: Annotated[bool, Query(description="Store nothing; say what would change.")] = False,  # noqa: FBT002  a query
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the rules as you exported them.")
    ] = None,
) -> RuleSetStored:
    """Store a complete set of rules, in YAML or JSON; those that are not in it are switched off.

    The set is stored whole or not at all: `rules_refused` lists what is wrong in it, each with its `pointer` and, in
    YAML, its `line`. The same set again changes nothing. With If-Match it is refused when somebody changed the rules
    since they were exported.
    """
    rule_set = await to_thread.run_sync(_read, request.headers.get("content-type", ""), await request.body())
    seen = fingerprint_from_if_match(if_match) if if_match is not None else None
    by = Editor(caller.viewer.person_id, now, caller.reference.zone)
    change = await store_rule_set(session, rule_set, by, seen=seen, is_preview=dry_run)
    covered = await count_covered(session, caller.reference, rule_set.rules, now)
    return rule_set_stored(change, covered, is_preview=dry_run)


def _read(content_type: str, content: bytes) -> RuleSet:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _YAML_NAMES:
        try:
            document = read_yaml(content)
        except YamlUnreadable as error:
            raise Unreadable(str(error), **({} if error.line is None else {"line": error.line})) from error
        return read_rule_set(document.value, document.lines)
    if media_type != "application/json":
        raise NotJson(f"Send the rules as {YAML} or application/json.")
    try:
        return read_rule_set(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        raise Unreadable(str(error)) from error
