"""Refusals as answers: every answer that is not a success is `application/problem+json` with a stable `code`.

`HTTPException` is used nowhere else.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.adapters.files import StoreUnavailable
from api.adapters.image_processes import ImageProcessLost
from api.adapters.image_refusals import ImageRefused
from api.domain import errors
from api.domain.calendars import CalendarError
from api.domain.geo import GeoError
from api.problems import (
    MEDIA_TYPE,
    calendar_body,
    geo_body,
    incident_body,
    invalid_body,
    problem_body,
    refusal_body,
    title_of,
)

logger = logging.getLogger(__name__)

_IMAGE_STATUS = {
    "image_too_large": 413,
    "image_too_many_pixels": 413,
    "image_type_unsupported": 415,
    "image_type_mismatch": 415,
}
"""The same by the code of a refused image; the others are 422."""

_TITLES = {
    400: ("unreadable", "The request can't be read."),
    401: ("not_signed_in", "Sign in first."),
    403: ("not_allowed", "That is not allowed."),
    404: ("not_found", "Nothing is here."),
    405: ("method_not_allowed", "This address does not take that method."),
    406: ("not_acceptable", "None of the accepted media types can be served."),
    412: ("precondition_failed", "The precondition does not hold."),
    413: ("too_large", "The request is too large."),
    415: ("media_type_unsupported", "This media type is not supported."),
    428: ("precondition_required", "A version is needed."),
    503: ("not_ready", "The service is not ready."),
}


def problem(
    status: int,
    code: str,
    title: str,
    detail: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    facts: Mapping[str, object] | None = None,
    **more: object,
) -> Response:
    """Return a problem answer; `facts` and `more` become members beside the standard ones."""
    return _answer(problem_body(status, code, title, detail, **(facts or {}), **more), headers)


def _answer(body: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    content = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    return Response(content, status_code=body["status"], media_type=MEDIA_TYPE, headers=dict(headers or {}))


def refusal(error: errors.Refusal, instance: str | None = None) -> Response:
    """Return the problem for a refusal of the domain."""
    body = refusal_body(error, **({"instance": instance} if instance else {}))
    headers: dict[str, str] = {}
    if isinstance(error, errors.TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.OffsetConflict):
        headers["Upload-Offset"] = str(error.offset)
    if isinstance(error, errors.ClientTooOld):
        headers["Upgrade"] = f"gridpatrol-client/{error.minimum}"  # RFC 9110 wants one with each 426
    if body["status"] == 401:  # noqa: PLR2004  RFC 9110 wants the challenge with each 401
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(body, headers)


class BodyTooLarge(HTTPException):
    """More bytes came than the bound allows. An HTTPException, because only those pass FastAPI's body parser."""

    def __init__(self, bound: int) -> None:
        """Remember the bound in bytes."""
        super().__init__(413, f"At most {bound} bytes are taken here.")


def too_large(bound: int, instance: str) -> Response:
    """Return the problem for a body that announces more bytes than the bound."""
    return problem(413, *_TITLES[413], f"At most {bound} bytes are taken here.", instance=instance)


async def _answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.Refusal)  # noqa: S101  registered for this class
    return refusal(error, request.url.path)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class
    code, title = _TITLES.get(error.status_code, (f"http_{error.status_code}", str(error.detail)))
    return problem(
        error.status_code, code, title, str(error.detail), headers=error.headers, instance=request.url.path
    )


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        detail = "; ".join(str(one.get("ctx", {}).get("error", one["msg"])) for one in found)
        return problem(400, "unreadable", _TITLES[400][1], detail, instance=request.url.path)
    return _answer(invalid_body(found, instance=request.url.path))


async def _answer_geo(request: Request, error: Exception) -> Response:
    assert isinstance(error, GeoError)  # noqa: S101  registered for this class
    return _answer(geo_body(error, instance=request.url.path))


async def _answer_image(request: Request, error: Exception) -> Response:
    assert isinstance(error, ImageRefused)  # noqa: S101  registered for this class
    status = _IMAGE_STATUS.get(error.code, 422)
    return problem(status, error.code, title_of(error), str(error), instance=request.url.path)


async def _answer_calendar(request: Request, error: Exception) -> Response:
    assert isinstance(error, CalendarError)  # noqa: S101  registered for this class
    return _answer(calendar_body(error, instance=request.url.path))


def _busy(what: str, retry_after_s: int = 2) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what answers that something we need is not there right now."""

    async def answer(request: Request, error: Exception) -> Response:
        logger.warning("%s: %s", what, error)
        headers = {"Retry-After": str(retry_after_s)}
        return problem(503, "busy", what, headers=headers, instance=request.url.path)

    return answer


_NO_DATABASE = _busy("The database is not available right now.")


async def _answer_fault(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw: a fault of ours. The log has the traceback under the same incident."""
    incident = uuid4().hex
    logger.error("incident %s at %s", incident, request.url.path, exc_info=error)
    if request.app.state.wiring.settings.debug:
        return _answer(incident_body(incident, f"{type(error).__name__}: {error}", instance=request.url.path))
    return _answer(incident_body(incident, instance=request.url.path))


def install(app: FastAPI) -> None:
    """Make the app answer every refusal as a problem."""
    app.add_exception_handler(Exception, _answer_fault)
    app.add_exception_handler(errors.Refusal, _answer_refusal)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(GeoError, _answer_geo)
    app.add_exception_handler(ImageRefused, _answer_image)
    app.add_exception_handler(CalendarError, _answer_calendar)
    app.add_exception_handler(OperationalError, _NO_DATABASE)
    app.add_exception_handler(PoolTimeout, _NO_DATABASE)
    app.add_exception_handler(StoreUnavailable, _busy("The file store is not available right now."))
    app.add_exception_handler(ImageProcessLost, _busy("Pictures can't be decoded right now.", 5))
