"""Forms for ODK Collect: rows of an XLSForm, which `api.adapters.xforms` turns into an XForm.

A form is known by its id. Its version is a digest of all that it asks: the same catalogue makes the same version in
every process and after every restart, and a change of it makes another, so that phones fetch what is new and nothing
else.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from api.domain.evidence import Purpose


class FormKind(StrEnum):
    """What can be told with a form; the value is the form's id, which phones keep."""

    REPORT = "gridpatrol_report"
    CHECK = "gridpatrol_check"
    CHECK_IN = "gridpatrol_checkin"


TICKETS_CSV = "tickets.csv"
"""The choices of the form for checks: what waits for the officer who asks."""

CHECKPOINTS_CSV = "checkpoints.csv"
"""The choices of the form for check-ins: where the officer who asks confirms by her place alone."""

PHOTO_FIELDS: Mapping[FormKind, Mapping[str, Purpose]] = {
    FormKind.REPORT: {
        "photo_1": Purpose.BEFORE,
        "photo_2": Purpose.BEFORE,
        "photo_3": Purpose.BEFORE,
        "photo_after": Purpose.AFTER,
    },
    FormKind.CHECK: {"photo_1": Purpose.CHECK, "photo_2": Purpose.CHECK},
    FormKind.CHECK_IN: {},
}
"""The fields of each form that name a picture, and what the picture shows."""

YES, NO = "yes", "no"

_ZH, _EN = "中文 (zh)", "English (en)"
_VERSION = re.compile(r"[0-9a-f]{12}")
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")
_GROUP = "class_"
_QUESTION = "q_"

Row = dict[str, str]


@dataclass(frozen=True)
class FormDefinition:
    """A form as an XLSForm has it: its questions, its choices, and the media that it needs beside itself."""

    kind: FormKind
    title: str
    description: str
    survey: tuple[Row, ...]
    choices: tuple[Row, ...]
    media: tuple[str, ...] = ()

    @cached_property
    def version(self) -> str:
        """A digest of the form: twelve hexadecimal digits."""
        content = json.dumps([self.kind, self.title, self.survey, self.choices], ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def workbook(self) -> dict[str, Any]:
        """Return the form as the sheets of an XLSForm."""
        settings = {
            "form_id": self.kind.value,
            "form_title": self.title,
            "version": self.version,
            "default_language": _ZH,
        }
        sheets: dict[str, Any] = {"settings": [settings]}
        for name, rows in (("survey", self.survey), ("choices", self.choices)):
            # Copies, because whoever reads a workbook may write into its rows; and headings, because else only the
            # first rows would be looked at for them.
            sheets[name] = [dict(row) for row in rows]
            sheets[f"{name}_header"] = [dict.fromkeys(heading for row in rows for heading in row)]
        return sheets


def is_form_version(text: str) -> bool:
    """Tell whether a text looks like the version of a form of ours, perhaps an older one."""
    return _VERSION.fullmatch(text) is not None


def row(kind: str, name: str, zh: str, en: str, **more: str) -> Row:
    """Return a question, or the beginning of a group."""
    return {"type": kind, "name": name, **_labels(zh, en), **more}


def _labels(zh: str, en: str) -> Row:
    return {f"label::{_ZH}": form_text(zh), f"label::{_EN}": form_text(en or zh)}


def hint(zh: str, en: str) -> Row:
    """Return what stands below a question, as a part of its row."""
    return {f"hint::{_ZH}": form_text(zh), f"hint::{_EN}": form_text(en or zh)}


def form_text(text: str) -> str:
    """Return a text as a label can hold it.

    XML has no control characters, lone surrogates or non-characters; and XLSForm reads `${name}` as the answer to
    another question.
    """
    allowed = "".join(one for one in text if _is_xml(one))
    return " ".join(allowed.replace("${", "$ {").split()) or "-"


def _is_xml(character: str) -> bool:
    """Tell whether XML 1.0 (2.2) has this character."""
    if character < " ":
        return character in "\t\n\r"
    return not "\ud800" <= character <= "\udfff" and character not in "\ufffe\uffff"


def text(name: str, zh: str, en: str, length_max: int, **more: str) -> Row:
    """Return a question that is answered by a text of so many characters at most."""
    constraint = f"string-length(.) <= {length_max}"
    return row("text", name, zh, en, constraint=constraint, **more)


def answers_group(category: str) -> str:
    """Return the name of the group in which a class asks its questions."""
    return f"{_GROUP}{category}"


def question_field(name: str) -> str:
    """Return the field in which a question of a class is answered.

    Offices name their questions as they like; a form, whose own fields its expressions name, may not have one twice.
    """
    return _QUESTION + name


def choice_name(value: str) -> str:
    """Return the name of a choice: the value itself where a form can hold it, else a digest.

    A name goes through XPath and lists parted by blanks. It may not depend on the order of the choices: an older
    form's answer would be read as another one.
    """
    return value if _PLAIN.fullmatch(value) else "v" + hashlib.sha256(value.encode()).hexdigest()[:12]


def choice(list_name: str, name: str, zh: str, en: str, **more: str) -> Row:
    """Return a choice of a list; `more` are what the form looks up of it."""
    return {"list_name": list_name, "name": name, **_labels(zh, en), **more}


def yes_no() -> Iterator[Row]:
    """Yield the list of yes and no."""
    yield choice("yes_no", YES, "是", "Yes")
    yield choice("yes_no", NO, "否", "No")
