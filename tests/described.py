"""Hold answers against the OpenAPI description: an answer that is not described is a fault, in every test."""

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from jsonschema import Draft202012Validator

from api.app import create_app
from api.settings import Settings

_BODILESS = frozenset({204, 304})


class Description:
    """What the application says of its answers.

    Made once for all tests of a process: to describe some hundred operations takes longer than most tests do, and
    no setting changes the description.
    """

    def __init__(self, described: dict[str, Any]) -> None:
        self._paths: dict[str, Any] = described["paths"]
        self._components: dict[str, Any] = described["components"]
        # The first path that fits wins, as in the router itself.
        self._patterns = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template)), template) for template in self._paths
        ]
        self._validators: dict[tuple[str, str, int, str], Draft202012Validator] = {}

    async def check(self, response: httpx.Response) -> None:
        """Fail unless the answer's status, media type and body are as described."""
        if "access-control-request-method" in response.request.headers:
            return  # a browser's question of its own, which no operation answers
        path = self._template(urlsplit(str(response.request.url)).path)
        method = response.request.method.lower()
        item = self._paths.get(path or "", {})
        operation = item.get("get" if method == "head" and "head" not in item else method)
        if path is None or operation is None:
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
        schema = content[media_type].get("schema")
        if media_type.endswith("json") and schema is not None:
            validator: Any = self._validator((method, path, response.status_code, media_type), schema)
            errors = [error.message for error in validator.iter_errors(response.json())]
            assert not errors, f"{method} {path} {response.status_code}: {errors[:3]}"

    def _template(self, path: str) -> str | None:
        return next((template for pattern, template in self._patterns if pattern.fullmatch(path)), None)

    def _validator(self, answer: tuple[str, str, int, str], schema: dict[str, Any]) -> Draft202012Validator:
        if answer not in self._validators:
            self._validators[answer] = Draft202012Validator({**schema, "components": self._components})
        return self._validators[answer]


@cache
def describe() -> Description:
    """Return the description of the application."""
    return Description(create_app(Settings(demo=True, database_url="postgresql://nowhere")).openapi())
