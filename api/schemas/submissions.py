"""Filled forms of ODK Collect as what they ask for: the same closed, bounded shapes as on the wire of the API."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api.domain.category_codes import parse_category_code
from api.domain.checkpoint_codes import Way, checkpoint_of
from api.domain.errors import FieldWrong
from api.domain.forms import FormKind
from api.domain.geo import Crs
from api.domain.lifecycle import Action
from api.domain.reference import Reference
from api.domain.submissions import Submission, answers_in, read_geopoint, read_time, read_yes, unknown_fields
from api.schemas.base import Input, Instant
from api.schemas.posts import CheckInInput
from api.schemas.reports import ReportInput
from api.schemas.steps import StepInput, step_request
from api.services.openrosa import CheckRequest, Filled

_REPORT_FIELDS = frozenset(
    {"observed_at", "major", "category", "condition", "place", "self_fix", "description", "address"}
)
_CHECK_FIELDS = frozenset(
    {"ticket", "version", "task", "proof", "at", "result", "confirmed", "reason", "note"}
)
_CHECK_IN_FIELDS = frozenset({"way", "checkpoint", "code", "place", "fixed_at", "scanned_at"})


def read_report(submission: Submission, reference: Reference) -> Filled:
    """Return the report that a form holds; ValidationError, FieldWrong and AnswersRefused for what can't be one."""
    values = submission.without_photos()
    code = str(parse_category_code(_given(values, "category")))
    _refuse_unknown(values, _REPORT_FIELDS, code)
    category = reference.category(code, "/category")
    body: dict[str, Any] = {
        "category": code,
        "condition": _condition(values.get("condition"), code),
        "observed_at": read_time(_given(values, "observed_at")),
        "place": _place(_given(values, "place")),
        "description": values.get("description", ""),
        "address": values.get("address", ""),
        "photos": [photo.id for photo in submission.photos],
        "self_fix": read_yes(values, "self_fix") or False,
        "answers": answers_in(values, code, category.questions),
    }
    return ReportInput.model_validate(body).request(submission.id)


def read_check(submission: Submission, reference: Reference) -> Filled:
    """Return the step that a form holds; ValidationError and FieldWrong for what can't be one."""
    values = submission.without_photos()
    _refuse_unknown(values, _CHECK_FIELDS)
    confirmed = read_yes(values, "confirmed")
    body: dict[str, Any] = {
        "action": _action(values.get("result"), confirmed),
        "version": _given(values, "version"),
        "note": values.get("note", ""),
        "reason": values.get("reason", ""),
        "photos": [photo.id for photo in submission.photos],
        "at": read_time(_given(values, "at")),
        "confirmed": confirmed,
    }
    step = StepInput.model_validate(body)
    return CheckRequest(
        _ticket_id(_given(values, "ticket")), step_request(step, step.version, reference.zone)
    )


class _Noted(Input):
    """The times that the phone noted while a check-in was filled."""

    fixed_at: Instant
    scanned_at: Instant | None = None


def read_check_in(submission: Submission, reference: Reference) -> Filled:
    """Return the check-in that a form holds; ValidationError and FieldWrong for what can't be one.

    It was made when the code was scanned, or else when the place was found. A place that was found long before or
    after the scan says nothing of who stood before the code: `place_old`.
    """
    values = submission.values
    _refuse_unknown(values, _CHECK_IN_FIELDS)
    way, point = _given(values, "way"), read_geopoint(_given(values, "place"), "/place")
    times = {"fixed_at": _given(values, "fixed_at"), "scanned_at": values.get("scanned_at")}
    noted = _Noted.model_validate({name: read_time(text) for name, text in times.items() if text is not None})
    body: dict[str, Any] = {
        "way": way,
        "at": noted.fixed_at,
        "place": {
            "longitude": point.longitude,
            "latitude": point.latitude,
            "crs": Crs.WGS84,
            "accuracy_m": point.accuracy_m,
            # Collect takes the accuracy off mock fixes; what satellites tell is never exact.
            "mocked": not point.accuracy_m,
        },
    }
    match way:
        case Way.QR:
            code = _given(values, "code")
            if noted.scanned_at is None:
                raise FieldWrong("/scanned_at", "missing", "The form has no answer to scanned_at.")
            if abs(noted.scanned_at - noted.fixed_at) > timedelta(
                seconds=reference.policies.position_fresh_s
            ):
                detail = "The place was found long before or after the code was scanned: do both on the spot."
                raise FieldWrong("/place", "place_old", detail)
            # The form asks for one of them. Where both are there, they have to agree: `code_elsewhere`.
            named = values.get("checkpoint") or checkpoint_of(code)
            body |= {"checkpoint": named, "code": code, "at": noted.scanned_at}
        case Way.GEOFENCE:
            body |= {"checkpoint": _given(values, "checkpoint"), "code": values.get("code")}
        case _:
            raise FieldWrong("/way", "choice_unknown", "The form does not offer this choice.")
    return CheckInInput.model_validate(body).request(submission.id)


READERS: Mapping[FormKind, Callable[[Submission, Reference], Filled]] = MappingProxyType(
    {FormKind.REPORT: read_report, FormKind.CHECK: read_check, FormKind.CHECK_IN: read_check_in}
)
"""How each form is read; `services.openrosa` does what it asks for."""


def read_filled(submission: Submission, reference: Reference) -> Filled:
    """Return what a form asks for; raises pydantic's ValidationError, FieldWrong and AnswersRefused."""
    return READERS[submission.kind](submission, reference)


def _given(values: Mapping[str, str], name: str) -> str:
    text = values.get(name)
    if text is None:
        raise FieldWrong(f"/{name}", "missing", f"The form has no answer to {name}.")
    return text


def _refuse_unknown(values: Mapping[str, str], known: frozenset[str], category: str | None = None) -> None:
    unknown = unknown_fields(values, known, category)
    if unknown:
        # What somebody answered is not thrown away in silence.
        raise FieldWrong(f"/{unknown[0][:200]}", "field_unknown", "The form does not ask this.")


def _condition(text: str | None, category: str) -> int | None:
    if text is None:
        return None
    code, _, number = text.partition("-")
    if code != category or not (number.isascii() and number.isdigit()):
        raise FieldWrong("/condition", "choice_unknown", "The form does not offer this choice.")
    return int(number[:9])


def _place(text: str) -> dict[str, Any]:
    point = read_geopoint(text, "/place")
    return {
        "longitude": point.longitude,
        "latitude": point.latitude,
        "crs": Crs.WGS84,
        "accuracy_m": point.accuracy_m,
    }


def _action(result: str | None, confirmed: bool | None) -> Action:  # noqa: FBT001  an answer, not a switch
    if confirmed is not None and result is None:
        return Action.ANSWER_VERIFICATION
    match result:
        case "passed":
            return Action.PASS_CHECK
        case "failed":
            return Action.FAIL_CHECK
        case None:
            raise FieldWrong("/result", "missing", "The form has no answer to result.")
        case _:
            raise FieldWrong("/result", "choice_unknown", "The form does not offer this choice.")


def _ticket_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise FieldWrong("/ticket", "choice_unknown", "The form does not offer this choice.") from None
