"""Hold answers against the OpenAPI description: an answer that is not described is a fault, in every test."""

import json
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from jsonschema import Draft202012Validator

_BODILESS = frozenset({204, 304})


async def check_described(app: FastAPI, response: httpx.Response) -> None:
    """Fail unless the answer's status, media type and body are as the description says."""
    if "access-control-request-method" in response.request.headers:
        return  # a browser's question of its own, which no operation answers
    path = _template(app, urlsplit(str(response.request.url)).path)
    method = response.request.method.lower()
    description: dict[str, Any] = app.openapi()
    item = description["paths"].get(path or "", {})
    operation = item.get("get" if method == "head" and "head" not in item else method)
    if operation is None:
        return  # a path or method that does not exist is answered as a problem, which has no operation
    answer = operation["responses"].get(str(response.status_code))
    assert answer is not None, f"{method} {path}: status {response.status_code} is not described"
    if response.status_code in _BODILESS or method == "head":
        return
    await response.aread()
    media_type = response.headers.get("content-type", "").split(";")[0]
    content = answer.get("content", {})
    if not content and not response.content:
        return
    assert media_type in content, f"{method} {path} {response.status_code}: {media_type} is not described"
    if media_type.endswith("json"):
        schema = content[media_type].get("schema")
        if schema is not None:
            validator: Any = _validator(json.dumps(schema), json.dumps(description["components"]))
            errors = [error.message for error in validator.iter_errors(response.json())]
            assert not errors, f"{method} {path} {response.status_code}: {errors[:3]}"


def _template(app: FastAPI, path: str) -> str | None:
    for context in iter_route_contexts(app.routes):
        template = context.path_format
        # The first route that fits wins, as in the router itself.
        if template and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            return template
    return None


@cache
def _validator(schema: str, components: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": json.loads(components)})
