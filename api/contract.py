"""What holds for every operation: no unknown query parameters, bounded bodies, a description that says it all."""

import re
from typing import Any

from fastapi import FastAPI, Request, params
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import openrosa, problem_answers, problems, tus
from api.adapters.xml_documents import XML_BYTES_MAX
from api.domain.access import OPERATIONS, PUBLIC_OPERATIONS
from api.domain.errors import FieldWrong, NotJson

MAX_JSON_BYTES = 1024 * 1024
"""Largest body that is not an upload."""

MAX_TRACK_BYTES = 4 * MAX_JSON_BYTES
"""Largest body of a batch of track points: 10 000 of them, written out, take about 2 MB."""


class FieldProblem(BaseModel):
    """One wrong field."""

    pointer: str = Field(description="JSON pointer into the body, or /query/..., /path/..., /header/...")
    code: str
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem."""

    type: str
    title: str
    status: int
    code: str = Field(description="Stable, lower_snake.")
    detail: str | None = None
    instance: str | None = None
    errors: list[FieldProblem] | None = None


_PROBLEMS = {
    "400": "The request can't be read.",
    "401": "Not signed in.",
    "403": "Not for this role.",
    "404": "Nothing that you may see is here.",
    "405": "The address does not take that method.",
    "409": "The id is taken, or the state or version has changed.",
    "410": "The cursor is of no use any more: start again.",
    "412": "The precondition does not hold.",
    "413": "The request is too large.",
    "415": "The media type is not supported.",
    "426": "The app is too old.",
    "422": "A field is wrong.",
    "428": "Say which version you saw.",
    "429": "Too many attempts.",
    "460": "The bytes are not those that the checksum was made of.",
    "503": "Not ready.",
}


async def refuse_unknown_query(request: Request) -> None:
    """Refuse query parameters that the operation does not know: a misspelt filter must not widen a list."""
    route = request.scope["route"]
    known = _query_names(route)
    for name in request.query_params:
        if name not in known:
            raise FieldWrong(
                f"/query/{name[:60]}",
                "query_unknown",
                "This operation has no such parameter.",
                known=sorted(known),
            )
    for name in known:
        if len(request.query_params.getlist(name)) > 1:
            raise FieldWrong(f"/query/{name}", "query_repeated", "This parameter is given more than once.")


async def refuse_other_media(request: Request) -> None:
    """Refuse a body that does not say that it is JSON where JSON is taken: read as text it would fit nothing."""
    field = request.scope["route"].body_field
    if field is None or isinstance(field.field_info, params.Form):
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not re.fullmatch(r"application/[^/]+\+json", media_type):
        raise NotJson("Send JSON, as Content-Type: application/json.")


def _query_names(route: APIRoute) -> frozenset[str]:
    names: set[str] = set()
    pending = [route.dependant]
    while pending:
        dependant = pending.pop()
        pending.extend(dependant.dependencies)
        for param in dependant.query_params:
            annotation = param.field_info.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                names.update(field.alias or name for name, field in annotation.model_fields.items())
            else:
                names.add(param.alias)
    return frozenset(names)


class BoundedBodies:
    """Answer 413 before a body that is too large is read: uploads and imports have their own bounds, JSON has 1 MiB."""

    def __init__(self, app: ASGIApp, *, max_upload_bytes: int, max_import_bytes: int) -> None:
        self.app = app
        # Multipart frames the file with a few headers and fields.
        self.max_upload_bytes = max_upload_bytes + 64 * 1024
        self.max_import_bytes = max_import_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        bound = self._bound(scope["path"], headers.get(b"content-type", b""))
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > bound:
            await problem_answers.too_large(bound, scope["path"])(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > bound:
                raise problem_answers.BodyTooLarge(bound)
            return message

        await self.app(scope, counted, send)

    def _bound(self, path: str, content_type: bytes) -> int:
        if path.startswith("/v1/") and path.endswith("/import"):
            return self.max_import_bytes
        if path == openrosa.SUBMISSION:
            return self.max_upload_bytes + XML_BYTES_MAX  # the form comes with each picture
        if path.startswith("/v1/tracks/"):
            return MAX_TRACK_BYTES
        is_upload = content_type.startswith(b"multipart/form-data") or tus.is_upload(path)
        return self.max_upload_bytes if is_upload else MAX_JSON_BYTES


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description: FastAPI's, with problems as the only kind of error answer."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas = schema["components"]["schemas"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem | {"additionalProperties": True}
    for path, methods in schema["paths"].items():
        content: dict[str, Any] = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        if openrosa.is_openrosa(path):
            content = {"text/xml": {"schema": {"type": "string"}}}
        for operation in methods.values():
            answers = operation["responses"]
            for status in [*_statuses(operation["operationId"]), *(s for s in answers if s in _PROBLEMS)]:
                answers[status] = {"description": _PROBLEMS[status], "content": content}
    app.openapi_schema = schema
    return schema


def _statuses(operation: str) -> list[str]:
    everywhere = ["400", "404", "405", "413", "422", "503"]
    return [*everywhere, "401", "403", "426"] if operation in OPERATIONS else everywhere


def operations(app: FastAPI) -> dict[str, str]:
    """Return the path of each operation, by operation id."""
    found: dict[str, str] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            found[route.operation_id or route.unique_id] = context.path_format or ""
    return found


def check_operations(app: FastAPI) -> None:
    """Refuse to start when an operation has no line in the access table, or the table one too many."""
    found = operations(app).keys()
    decided = OPERATIONS.keys() | PUBLIC_OPERATIONS
    if found != decided:
        message = f"without an access decision: {found - decided}; decided for nothing: {decided - found}"
        raise RuntimeError(message)
