"""What ODK Collect sends (OpenRosa 1.0): an XML document of answers, which names the pictures that go with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from api.domain.answers import AnswerFault, AnswersRefused
from api.domain.errors import FieldWrong, NotFound
from api.domain.evidence import Purpose
from api.domain.forms import (
    NO,
    PHOTO_FIELDS,
    YES,
    FormKind,
    answers_group,
    choice_name,
    is_form_version,
    question_field,
)

NAMESPACE = UUID("b0a5a1a4-6b0e-5f0c-9a39-0e1c8a4e7d11")
"""Of ids that are derived: of instances that are no UUID, and of pictures, which have a name only."""

INSTANCE_ID_LENGTH_MAX = 200
FILE_NAME_LENGTH_MAX = 200

_UUID = re.compile(r"uuid:([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_NUMBER = r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,15})?(?:[eE][+-]?[0-9]{1,2})?"
_DECIMAL = re.compile(_NUMBER)
_SHORT_OFFSET = re.compile(r"[^T]{10}T[^+-]+[+-][0-9]{2}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_GEOPOINT_PARTS = range(2, 5)
_ACCURACY_M_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Element:
    """An element of an XML document; namespaces are left out of its name."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple["Element", ...] = ()


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A picture that a submission names: its id is the same in every attempt to send it."""

    file_name: str
    id: UUID
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Submission:
    """A filled form. `values` are its answers by path, such as `place` or `class_E0406/goods`; none of them is empty.

    `ignored_files` are named, too, but nothing is done with them: Collect's own record of how the form was filled.
    """

    id: UUID
    instance_id: str
    kind: FormKind
    form_version: str
    values: Mapping[str, str]
    photos: tuple[NamedPhoto, ...]
    ignored_files: frozenset[str] = frozenset()

    def without_photos(self) -> dict[str, str]:
        """Return the answers that are no names of pictures."""
        return {path: text for path, text in self.values.items() if path not in PHOTO_FIELDS[self.kind]}


@dataclass(slots=True)
class _Leaves:
    """The texts of a document by path, and the same of its metadata."""

    values: dict[str, str] = field(default_factory=dict[str, str])
    meta: dict[str, str] = field(default_factory=dict[str, str])


def read_submission(root: Element) -> Submission:
    """Return the submission that a document holds.

    Raises NotFound for a form that is none of ours, and FieldWrong for a version that can't be one, for an instance
    without an id, for one that replaces another, and for an answer that is given twice.
    """
    kind = _kind(root)
    version = root.attributes.get("version", "")
    if not is_form_version(version):
        raise FieldWrong("/version", "form_version_unknown", "This form has no such version: get it anew.")
    leaves = _Leaves()
    for child in root.children:
        if child.name == "meta":
            _gather(child.children, "", leaves.meta)
        else:
            _gather([child], "", leaves.values)
    instance_id = _instance_id(leaves.meta)
    submission_id = submission_id_of(instance_id)
    audit = leaves.meta.get("audit")
    return Submission(
        submission_id,
        instance_id,
        kind,
        version,
        MappingProxyType(leaves.values),
        tuple(_photos(kind, leaves.values, submission_id)),
        frozenset({audit} if audit else ()),
    )


def submission_id_of(instance_id: str) -> UUID:
    """Return the id of an instance: its own UUID, which Collect makes; else one that is derived from its text."""
    found = _UUID.fullmatch(instance_id)
    return UUID(found[1]) if found else uuid5(NAMESPACE, instance_id)


def photo_id_of(submission_id: UUID, file_name: str) -> UUID:
    """Return the id of a picture that a submission names."""
    return uuid5(submission_id, file_name)


def _kind(root: Element) -> FormKind:
    form_id = root.attributes.get("id", "")
    try:
        return FormKind(form_id)
    except ValueError:
        raise NotFound("There is no such form.", form=form_id[:100]) from None


def _instance_id(meta: Mapping[str, str]) -> str:
    instance_id = meta.get("instanceID", "")
    if not instance_id:
        raise FieldWrong("/meta/instanceID", "missing", "A submission says which instance it is.")
    if len(instance_id) > INSTANCE_ID_LENGTH_MAX:
        raise FieldWrong("/meta/instanceID", "instance_id_too_long", "This id has too many characters.")
    if "deprecatedID" in meta:
        detail = "What was sent can't be changed any more: fill a new form."
        raise FieldWrong("/meta/deprecatedID", "submission_edited", detail)
    return instance_id


def _gather(elements: Sequence[Element], path: str, into: dict[str, str]) -> None:
    """Keep the texts of all leaves by path; those without a text say nothing."""
    for element in elements:
        here = path + element.name
        if element.children:
            _gather(element.children, here + "/", into)
        elif element.text:
            if here in into:
                raise FieldWrong(f"/{here[:200]}", "field_repeated", "This field is given more than once.")
            into[here] = element.text


def _photos(kind: FormKind, values: Mapping[str, str], submission_id: UUID) -> Iterator[NamedPhoto]:
    names: set[str] = set()
    for path, purpose in PHOTO_FIELDS[kind].items():
        name = values.get(path)
        if name is None:
            continue
        if len(name) > FILE_NAME_LENGTH_MAX or not name.isprintable():
            raise FieldWrong(f"/{path}", "file_name_wrong", "This can't be the name of a picture.")
        if name in names:
            raise FieldWrong(f"/{path}", "field_repeated", "This picture is named more than once.")
        names.add(name)
        yield NamedPhoto(name, photo_id_of(submission_id, name), purpose)


@dataclass(frozen=True, slots=True)
class Geopoint:
    """A place as Collect writes it: latitude first, in WGS-84, metres."""

    longitude: float
    latitude: float
    accuracy_m: float | None


def read_geopoint(text: str, pointer: str) -> Geopoint:
    """Read `latitude longitude altitude accuracy`, the last two of which may be missing; FieldWrong otherwise."""
    parts = text.split()
    if len(parts) not in _GEOPOINT_PARTS or not all(_DECIMAL.fullmatch(part) for part in parts):
        detail = "A place is latitude, longitude, altitude and accuracy, with blanks between them."
        raise FieldWrong(pointer, "geopoint_wrong", detail)
    latitude, longitude, *more = map(float, parts)
    accuracy_m = more[1] if len(more) > 1 else None
    if abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004  degrees of the earth
        raise FieldWrong(pointer, "geopoint_wrong", "This place is not on the earth; latitude comes first.")
    if accuracy_m is not None and not 0 <= accuracy_m <= _ACCURACY_M_MAX:
        raise FieldWrong(pointer, "geopoint_wrong", "Accuracy is metres, and not less than none.")
    return Geopoint(longitude, latitude, accuracy_m)


def read_time(text: str) -> str:
    """Return a time as RFC 3339 has it: some releases of Collect leave the minutes of a whole hour's offset out."""
    return text + ":00" if _SHORT_OFFSET.fullmatch(text) else text


def read_yes(values: Mapping[str, str], name: str) -> bool | None:
    """Return the answer to a question of yes or no; None where it was not asked."""
    text = values.get(name)
    if text not in {None, YES, NO}:
        raise FieldWrong(f"/{name}", "choice_unknown", "The form does not offer this choice.")
    return None if text is None else text == YES


def answers_prefix(category: str) -> str:
    """Return how the paths of answers to the questions of a class begin."""
    return f"{answers_group(category)}/{question_field('')}"


def answers_in(
    values: Mapping[str, str], category: str, questions: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return the answers to the questions of a class, as a report has them; None for none.

    What the class does not ask, or does not ask any more, is kept as it is, for `check_answers` to refuse by name.
    Raises AnswersRefused for what can't be read.
    """
    asked: Mapping[str, Any] = (questions or {}).get("properties", {})
    group = answers_prefix(category)
    given = {path.removeprefix(group): text for path, text in values.items() if path.startswith(group)}
    return {name: _answer(name, text, asked.get(name, {})) for name, text in sorted(given.items())} or None


def unknown_fields(
    values: Mapping[str, str], known: frozenset[str], category: str | None = None
) -> list[str]:
    """Return the paths of answers that the form does not ask for; `category` is the class whose questions it asks."""
    prefix = answers_prefix(category) if category is not None else None
    return sorted(
        path for path in values if path not in known and not (prefix is not None and path.startswith(prefix))
    )


def _answer(name: str, text: str, question: Mapping[str, Any]) -> object:
    match question:
        case {"type": "boolean"}:
            if text not in {YES, NO}:
                raise _mistyped(name, "This is answered by yes or no.")
            return text == YES
        case {"type": "integer"}:
            if not _INTEGER.fullmatch(text):
                raise _mistyped(name, "This is answered by a whole number.")
            return int(text)
        case {"type": "number"}:
            if not _DECIMAL.fullmatch(text):
                raise _mistyped(name, "This is answered by a number.")
            return float(text)
        case {"type": "array", "items": {"enum": values}}:
            by_name = {choice_name(value): value for value in values}
            return [by_name.get(one, one) for one in text.split()]
        case {"type": "string", "enum": values}:
            return {choice_name(value): value for value in values}.get(text, text)
        case _:
            return text


def _mistyped(name: str, detail: str) -> AnswersRefused:
    return AnswersRefused([AnswerFault(f"/answers/{name[:60]}", "answer_mistyped", detail)])
