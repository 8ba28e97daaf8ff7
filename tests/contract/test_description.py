"""The description of the interface: committed, valid, and complete enough to write a client from."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from api.app import create_app
from api.domain.access import OPERATIONS, PUBLIC_OPERATIONS
from api.settings import Settings

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"
VERBS = frozenset(
    {
        "clear",
        "confirm",
        "count",
        "explain",
        "file",
        "get",
        "history",
        "issue",
        "list",
        "live",
        "locate",
        "put",
        "ready",
        "resend",
        "revoke",
        "step",
    }
    | {"store", "summary", "versions", "export", "import", "replay", "change", "stream"}
    | {"rows"}
    | {"append", "create", "delete", "describe", "reassign", "refuse"}
)
METHODS = frozenset({"get", "put", "post", "patch", "delete", "head", "options"})


@cache
def description() -> dict[str, Any]:
    """Return the description as the application serves it."""
    return create_app(Settings(demo=True, database_url="postgresql://nowhere")).openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of the interface."""
    for path, item in description()["paths"].items():
        for method, operation in item.items():
            assert method in METHODS, f"{path} has {method}"
            yield path, method, operation


def shapes_sent() -> dict[str, Any]:
    """Return the shapes that answers are made of, problems aside."""
    found: dict[str, Any] = {}
    schemas = description()["components"]["schemas"]

    def follow(schema: Any) -> None:  # noqa: ANN401  any part of a JSON schema
        if isinstance(schema, dict):
            reference: str = schema.get("$ref", "")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            name: str = reference.removeprefix("#/components/schemas/")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            if name and name not in found:
                found[name] = schemas[name]
                follow(schemas[name])
            for part in schema.values():  # pyright: ignore[reportUnknownVariableType]
                follow(part)
        elif isinstance(schema, list):
            for part in schema:  # pyright: ignore[reportUnknownVariableType]
                follow(part)

    for _, _, operation in operations():
        for status, answer in operation["responses"].items():
            if status < "400":
                follow(answer)
    return found


def test_the_committed_description_is_the_one_that_is_served() -> None:
    assert COMMITTED.is_file(), "run `make openapi` and commit the result"
    served = json.loads(json.dumps(description()))
    assert json.loads(COMMITTED.read_text("utf-8")) == served, "run `make openapi` and commit the result"


def test_the_description_is_valid_openapi() -> None:
    served = json.loads(json.dumps(description()))
    assert served["openapi"].startswith("3.1")
    validate(served, cls=OpenAPIV31SpecValidator)


def test_operations_are_named_noun_and_verb_and_each_but_once() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name), name
        assert name.split("_")[1] in VERBS, f"{name}: a new verb has to be meant"


def test_every_operation_says_what_it_does() -> None:
    for path, method, operation in operations():
        name = f"{method} {path}"
        assert operation.get("summary"), name
        assert operation.get("description", "").endswith((".", "。")), name
        assert operation.get("tags"), name
        for parameter in operation.get("parameters", []):
            assert parameter["in"] in {"path", "query", "header"}, name


def test_every_operation_names_its_problems_and_all_are_problems() -> None:
    for path, method, operation in operations():
        answers = operation["responses"]
        for status, answer in answers.items():
            if status >= "400":
                content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
                if path.startswith("/openrosa"):  # the same problems, in another protocol's envelope
                    content = {"text/xml": {"schema": {"type": "string"}}}
                assert answer["content"] == content, (path, status)
        expected = {"400", "404", "422"}
        if operation["operationId"] in OPERATIONS:
            expected |= {"401", "403"}
        assert expected <= answers.keys(), f"{method} {path}"
        assert any(status < "400" for status in answers), f"{method} {path}"


def test_operations_for_the_signed_in_ask_for_a_token_and_others_do_not() -> None:
    for _, _, operation in operations():
        name = operation["operationId"]
        assert (name in OPERATIONS) == bool(operation.get("security")), name
        assert (name in OPERATIONS) != (name in PUBLIC_OPERATIONS), name


def test_what_is_sent_has_no_defaults_and_leaves_nothing_out() -> None:
    sent = shapes_sent()
    assert "TicketShown" in sent
    for name, schema in sent.items():
        for member, shape in schema.get("properties", {}).items():
            assert "default" not in shape, f"{name}.{member} is sent with a default"
            assert member in schema.get("required", []), f"{name}.{member} may be left out"


def test_what_is_read_refuses_unknown_members() -> None:
    schemas = description()["components"]["schemas"]
    for path, method, operation in operations():
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            if media_type == "application/offset+octet-stream":
                continue  # bytes have no members
            reference = content["schema"].get("$ref", "")
            name = reference.removeprefix("#/components/schemas/")
            schema = schemas[name] if name else content["schema"]
            if operation["operationId"].endswith("_import") and (
                schema.get("format") == "binary" or schema.get("additionalProperties") is True
            ):
                continue  # a file in a format that others define
            assert schema.get("additionalProperties") is False, f"{method} {path}: {name}"


@pytest.mark.parametrize("word", ["HTTPValidationError", "ValidationError"])
def test_the_frameworks_own_error_shapes_are_not_described(word: str) -> None:
    assert word not in description()["components"]["schemas"]
