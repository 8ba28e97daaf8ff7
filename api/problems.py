"""Refusals as RFC 9457 problems: the one table from the domain's words to HTTP.

`HTTPException` is used nowhere else. Every answer that is not a success is `application/problem+json`
with a stable `code` and the facts that help the caller to go on.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.adapters.files import StoreUnavailable
from api.adapters.images import ImageRefused
from api.domain import errors
from api.domain.answers import AnswersRefused
from api.domain.calendars import BeforeCalendarHorizon, CalendarError, PastCalendarHorizon
from api.domain.catalogue import CatalogueRefused
from api.domain.dispatch_changes import RulesRefused
from api.domain.geo import GeoError
from api.domain.imports import ImportRefused
from api.domain.questions import QuestionsRefused

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[errors.Refusal], int] = {
    errors.NotSignedIn: 401,
    errors.SignInRefused: 401,
    errors.TokenRefused: 401,
    errors.TooManyAttempts: 429,
    errors.RoleNotAllowed: 403,
    errors.NotYourStep: 403,
    errors.NotFound: 404,
    errors.IdTaken: 409,
    errors.VersionConflict: 409,
    errors.StepRefused: 409,
    errors.WindowClosed: 409,
    errors.LimitReached: 409,
    errors.Pinned: 409,
    errors.VersionNeeded: 428,
    errors.EvidenceMissing: 422,
    errors.FieldWrong: 422,
    errors.Unreadable: 400,
    errors.NotJson: 415,
    errors.NotMultipart: 415,
    errors.KeyReused: 422,
    errors.NotConfigured: 409,
    errors.UnitInUse: 409,
    errors.LastAdministrator: 409,
    errors.FileLost: 404,
    errors.OffsetConflict: 409,
    errors.ChecksumMismatch: 460,  # as tus 1.0 has it
    errors.UploadTooLarge: 413,
    errors.TooManyUploads: 409,
    errors.NotOffsetStream: 415,
    errors.TusVersionUnsupported: 412,
    errors.ClientTooOld: 426,
    errors.ResyncNeeded: 410,
    errors.DeviceWrong: 403,
    errors.WaitCycle: 409,
    errors.WaitExpired: 409,
    **dict.fromkeys((errors.AfterRefused, errors.ShiftRunning, errors.ShiftStepRefused), 409),
    CatalogueRefused: 422,
    RulesRefused: 422,
    ImportRefused: 422,
    QuestionsRefused: 422,
    AnswersRefused: 422,
}
"""One status for each kind of refusal; a test holds that no kind is forgotten."""

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
    return _answer(_body(status, code, title, detail, **(facts or {}), **more), headers)


def _body(status: int, code: str, title: str, detail: str | None, **facts: object) -> dict[str, Any]:
    body = {
        "type": f"urn:gridpatrol:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        **({"detail": detail} if detail else {}),
        **facts,
    }
    # orjson refuses lone surrogates; what a caller sent may contain them.
    return _printable(body)


def _answer(body: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    content = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    return Response(content, status_code=body["status"], media_type=MEDIA_TYPE, headers=dict(headers or {}))


def refusal(error: errors.Refusal, instance: str | None = None) -> Response:
    """Return the problem for a refusal of the domain."""
    body = _refusal_body(error, instance)
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


def _refusal_body(error: errors.Refusal, instance: str | None) -> dict[str, Any]:
    facts: dict[str, object] = dict(error.facts)
    if isinstance(error, errors.FieldWrong):
        facts["errors"] = [{"pointer": error.pointer, "code": error.field_code, "detail": error.detail}]
    if instance:
        facts["instance"] = instance
    code = error.field_code if isinstance(error, errors.FieldWrong) else error.code
    return _body(STATUS[type(error)], code, _title(error), error.detail, **facts)


def part_problem(error: Exception) -> dict[str, Any]:
    """Return the problem of one part of a request, as an answer about the part alone would have it.

    What nobody foresaw is a fault of ours; the log has the traceback under the same incident.
    """
    match error:
        case errors.Refusal():
            return _refusal_body(error, None)
        case GeoError():
            return _refusal_body(_geo_refusal(error), None)
        case CalendarError():
            return _body(_calendar_status(error), error.code, _title(error), str(error), **error.facts)
        case ValidationError():
            return _body(422, *_INVALID, errors=_wrong_fields(error.errors()))
        case _:
            incident = uuid4().hex
            logger.error("incident %s", incident, exc_info=error)
            detail = "Tell the operator the incident."
            return _body(500, "internal", "Something went wrong on our side.", detail, incident=incident)


_INVALID = ("invalid", "One or more fields are wrong.", None)


def _wrong_fields(found: Sequence[Any]) -> list[dict[str, str]]:
    # The caller's value is not sent back: it may be huge or secret.
    return [
        {"pointer": _pointer(one["loc"]), "code": one["type"], "detail": one["msg"]} for one in found[:50]
    ]


def _geo_refusal(error: GeoError) -> errors.FieldWrong:
    return errors.FieldWrong("/place", error.code, str(error), **error.facts)


def _calendar_status(error: CalendarError) -> int:
    # A calendar that ends too soon is the office's to mend; the other faults are in what was asked.
    return 409 if isinstance(error, PastCalendarHorizon | BeforeCalendarHorizon) else 422


def _pointer(location: Sequence[str | int]) -> str:
    # FastAPI names the part first ("body", "query", "path", "header"); in a body the rest is the pointer.
    part, *rest = location or ("body",)
    steps = rest if part == "body" else [part, *rest]
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _printable(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {str(key): _printable(member) for key, member in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple | set | frozenset):
        return [_printable(member) for member in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float | int | bool) or value is None:
        return value
    return str(value)


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
    return problem(422, *_INVALID, instance=request.url.path, errors=_wrong_fields(found))


async def _answer_geo(request: Request, error: Exception) -> Response:
    assert isinstance(error, GeoError)  # noqa: S101  registered for this class
    return refusal(_geo_refusal(error), request.url.path)


async def _answer_image(request: Request, error: Exception) -> Response:
    assert isinstance(error, ImageRefused)  # noqa: S101  registered for this class
    status = _IMAGE_STATUS.get(error.code, 422)
    return problem(status, error.code, _title(error), str(error), instance=request.url.path)


async def _answer_calendar(request: Request, error: Exception) -> Response:
    assert isinstance(error, CalendarError)  # noqa: S101  registered for this class
    return problem(
        _calendar_status(error),
        error.code,
        _title(error),
        str(error),
        instance=request.url.path,
        facts=error.facts,
    )


def _title(error: Exception) -> str:
    return (error.__doc__ or "").strip().splitlines()[0]


async def _answer_busy(request: Request, error: Exception) -> Response:
    logger.warning("database not available: %s", error)
    return problem(
        503,
        "busy",
        "The database is not available right now.",
        headers={"Retry-After": "2"},
        instance=request.url.path,
    )


async def _answer_no_store(request: Request, error: Exception) -> Response:
    logger.warning("file store not available: %s", error)
    return problem(
        503,
        "busy",
        "The file store is not available right now.",
        headers={"Retry-After": "2"},
        instance=request.url.path,
    )


async def _answer_fault(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw: a fault of ours. The log has the traceback under the same incident."""
    incident = uuid4().hex
    logger.error("incident %s at %s", incident, request.url.path, exc_info=error)
    is_debug = request.app.state.wiring.settings.debug
    detail = f"{type(error).__name__}: {error}" if is_debug else "Tell the operator the incident."
    return problem(
        500,
        "internal",
        "Something went wrong on our side.",
        detail,
        instance=request.url.path,
        incident=incident,
    )


def install(app: FastAPI) -> None:
    """Make the app answer every refusal as a problem."""
    app.add_exception_handler(Exception, _answer_fault)
    app.add_exception_handler(errors.Refusal, _answer_refusal)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(GeoError, _answer_geo)
    app.add_exception_handler(ImageRefused, _answer_image)
    app.add_exception_handler(CalendarError, _answer_calendar)
    app.add_exception_handler(OperationalError, _answer_busy)
    app.add_exception_handler(PoolTimeout, _answer_busy)
    app.add_exception_handler(StoreUnavailable, _answer_no_store)
