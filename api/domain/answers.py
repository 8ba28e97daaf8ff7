"""What a reporter answered to the questions of a class (domain: `api.domain.questions`)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jsonschema.exceptions import ValidationError

from api.domain.errors import Refusal
from api.domain.questions import TEXT_LENGTH_MAX, schema_errors

ANSWERS_BYTES_MAX = 4 * 1024
_SAFE_NUMBER_MAX = 2**53
"""Beyond this a phone's numbers and ours are not the same any more."""

_CODES = {
    "type": "answer_mistyped",
    "enum": "answer_not_offered",
    "minimum": "answer_too_small",
    "maximum": "answer_too_large",
    "maxLength": "answer_too_long",
    "minItems": "answer_too_few",
    "maxItems": "answer_too_many",
    "uniqueItems": "answer_repeated",
}


@dataclass(frozen=True, slots=True)
class AnswerFault:
    """Why an answer can't be taken."""

    pointer: str
    code: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return it as a member of a problem's `errors`."""
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


class AnswersRefused(Refusal):
    """The answers are not those that the class asks for."""

    code = "answers_refused"

    def __init__(self, faults: Sequence[AnswerFault]) -> None:
        """Tell all of them at once, so that the phone asks again but once."""
        self.faults = tuple(faults)
        super().__init__(faults[0].detail, errors=[fault.as_json() for fault in faults])


def check_answers(questions: Mapping[str, Any] | None, answers: Mapping[str, Any] | None) -> None:
    """Raise AnswersRefused unless these are answers to the questions; None is the same as no answer at all."""
    given = answers or {}
    if not _is_small(given):
        said = f"Answers take at most {ANSWERS_BYTES_MAX} bytes."
        raise AnswersRefused([AnswerFault("/answers", "answers_too_large", said)])
    faults = list(_faults(questions or {}, given))
    if faults:
        raise AnswersRefused(faults)


def _is_small(given: Mapping[str, Any]) -> bool:
    try:
        return len(json.dumps(given, ensure_ascii=False).encode("utf-8", "replace")) <= ANSWERS_BYTES_MAX
    except RecursionError:
        return False


def _faults(questions: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[AnswerFault]:
    asked: Mapping[str, Any] = questions.get("properties", {})
    for name in questions.get("required", ()):
        if name not in given:
            yield AnswerFault(f"/answers/{name}", "answer_missing", "This has to be answered.")
    for name, answer in given.items():
        pointer = "/answers/" + name[:60].replace("~", "~0").replace("/", "~1")
        if name not in asked:
            yield AnswerFault(pointer, "answer_unasked", "The class does not ask this.")
            continue
        wrong = [_fault(error, pointer) for error in schema_errors(asked[name], answer)]
        yield from wrong or _beyond_schema(asked[name], answer, pointer)


def _fault(error: ValidationError, pointer: str) -> AnswerFault:
    within = "".join(f"/{step}" for step in error.absolute_path)
    code = _CODES[str(error.validator)]
    # The answer is not sent back: it may be long.
    wanted = json.dumps(error.validator_value, ensure_ascii=False)[:200]
    return AnswerFault(pointer + within, code, f"The question has {error.validator}: {wanted}.")


def _beyond_schema(question: Mapping[str, Any], answer: object, pointer: str) -> Iterator[AnswerFault]:
    """Find what JSON Schema lets pass and nobody can keep or mean."""
    if isinstance(answer, int | float) and not -_SAFE_NUMBER_MAX <= answer <= _SAFE_NUMBER_MAX:
        yield AnswerFault(pointer, "answer_mistyped", "The number is not finite, or not to be kept exactly.")
    if isinstance(answer, str):
        if len(answer) > TEXT_LENGTH_MAX:
            yield AnswerFault(pointer, "answer_too_long", f"A text has at most {TEXT_LENGTH_MAX} characters.")
        if any(_is_hidden(character) for character in answer):
            yield AnswerFault(pointer, "answer_mistyped", "A text must not hold control characters.")
        if question.get("format") == "date" and not _is_day(answer):
            yield AnswerFault(pointer, "answer_mistyped", "A day looks like 2026-11-22.")


def _is_hidden(character: str) -> bool:
    """Tell whether a character can't be stored, or only ever hides something: controls and lone surrogates."""
    return (character < " " and character not in "\n\r\t") or "\ud800" <= character <= "\udfff"


def _is_day(text: str) -> bool:
    try:
        # fromisoformat reads more than the one form that is a date of RFC 3339.
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
