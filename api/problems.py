"""Refusals as RFC 9457 problems: the one table from the domain's words to statuses, and the bodies that tell of them.

How they become answers is in `api.problem_answers`; a part of a request, such as an item of a batch, has its problem
inside the answer about the whole.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

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
    errors.OwnSignal: 403,
    errors.NotFound: 404,
    errors.IdTaken: 409,
    errors.VersionConflict: 409,
    errors.SignalSettled: 409,
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


def problem_body(status: int, code: str, title: str, detail: str | None, **facts: object) -> dict[str, Any]:
    """Return a problem; `facts` become members beside the standard ones."""
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


def refusal_body(error: errors.Refusal, **more: object) -> dict[str, Any]:
    """Return the problem of a refusal of the domain."""
    facts: dict[str, object] = {**error.facts, **more}
    if isinstance(error, errors.FieldWrong):
        facts["errors"] = [{"pointer": error.pointer, "code": error.field_code, "detail": error.detail}]
    code = error.field_code if isinstance(error, errors.FieldWrong) else error.code
    return problem_body(STATUS[type(error)], code, title_of(error), error.detail, **facts)


def invalid_body(found: Sequence[Any], **more: object) -> dict[str, Any]:
    """Return the problem of fields that Pydantic found to be wrong."""
    # The caller's value is not sent back: it may be huge or secret.
    wrong = [
        {"pointer": _pointer(one["loc"]), "code": one["type"], "detail": one["msg"]} for one in found[:50]
    ]
    return problem_body(422, "invalid", "One or more fields are wrong.", None, errors=wrong, **more)


def geo_body(error: GeoError, **more: object) -> dict[str, Any]:
    """Return the problem of what is no place on the earth."""
    return refusal_body(errors.FieldWrong("/place", error.code, str(error), **error.facts), **more)


def calendar_body(error: CalendarError, **more: object) -> dict[str, Any]:
    """Return the problem of a calendar; one that ends too soon is the office's to mend, the rest was asked wrongly."""
    status = 409 if isinstance(error, PastCalendarHorizon | BeforeCalendarHorizon) else 422
    return problem_body(status, error.code, title_of(error), str(error), **error.facts, **more)


def incident_body(
    incident: str, detail: str = "Tell the operator the incident.", **more: object
) -> dict[str, Any]:
    """Return the problem of a fault of ours; the log has its traceback under the incident."""
    return problem_body(
        500, "internal", "Something went wrong on our side.", detail, **more, incident=incident
    )


def part_problem(error: Exception) -> dict[str, Any]:
    """Return the problem of one part of a request, as an answer about the part alone would have it."""
    match error:
        case errors.Refusal():
            return refusal_body(error)
        case GeoError():
            return geo_body(error)
        case CalendarError():
            return calendar_body(error)
        case ValidationError():
            return invalid_body(error.errors())
        case _:
            incident = uuid4().hex
            logger.error("incident %s", incident, exc_info=error)
            return incident_body(incident)


def title_of(error: Exception) -> str:
    """Return the sentence that a class of refusals begins its docstring with."""
    return (error.__doc__ or "").strip().splitlines()[0]


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
    if isinstance(value, datetime):
        # As answers have instants; `str` has a blank in the middle.
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
