"""Filled forms: what they name, and what can't be meant."""

from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.answers import AnswersRefused
from api.domain.errors import FieldWrong, NotFound
from api.domain.forms import FormKind, choice_name
from api.domain.submissions import (
    Element,
    Geopoint,
    answers_in,
    photo_id_of,
    read_geopoint,
    read_submission,
    read_time,
    submission_id_of,
    unknown_fields,
)

VERSION = "7ceeebc6b048"
INSTANCE = "uuid:0b6e0a0e-7f0b-4c59-9d2f-0c8c2f2d3a11"


def leaf(name: str, text: str) -> Element:
    return Element(name, {}, text)


def document(fields: Mapping[str, str], meta: Mapping[str, str] | None = None, **attributes: str) -> Element:
    told = {"instanceID": INSTANCE} if meta is None else meta
    return Element(
        "data",
        {"id": "gridpatrol_report", "version": VERSION, **attributes},
        "",
        (
            *(leaf(name, text) for name, text in fields.items()),
            Element("meta", {}, "", tuple(leaf(name, text) for name, text in told.items())),
        ),
    )


def test_an_instance_keeps_its_uuid_and_its_pictures_have_theirs_by_name() -> None:
    read = read_submission(document({"photo_1": "1.jpg", "photo_after": "2.jpg", "description": ""}))
    assert read.id == UUID(INSTANCE.removeprefix("uuid:"))
    assert read.kind is FormKind.REPORT
    assert [(one.file_name, one.id, one.purpose) for one in read.photos] == [
        ("1.jpg", photo_id_of(read.id, "1.jpg"), "before"),
        ("2.jpg", photo_id_of(read.id, "2.jpg"), "after"),
    ]
    assert read.without_photos() == {}


@given(st.text(min_size=1), st.text(min_size=1))
def test_ids_are_the_same_in_every_attempt_and_others_for_others(one: str, other: str) -> None:
    assert submission_id_of(one) == submission_id_of(one)
    assert (submission_id_of(one) == submission_id_of(other)) == (one == other)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (document({}, version="1"), "form_version_unknown"),
        (document({}, meta={}), "missing"),
        (document({}, meta={"instanceID": "x" * 201}), "instance_id_too_long"),
        (document({}, meta={"instanceID": INSTANCE, "deprecatedID": "uuid:1"}), "submission_edited"),
        (document({"photo_1": "1.jpg", "photo_2": "1.jpg"}), "field_repeated"),
        (document({"photo_1": "a\nb.jpg"}), "file_name_wrong"),
    ],
)
def test_what_can_t_be_a_submission_is_refused_by_name(wrong: Element, code: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        read_submission(wrong)
    assert refused.value.field_code == code


def test_a_form_of_somebody_else_is_not_found() -> None:
    with pytest.raises(NotFound):
        read_submission(document({}, id="census"))


@given(
    st.floats(-90, 90, allow_nan=False),
    st.floats(-180, 180, allow_nan=False),
    st.none() | st.floats(0, 100_000, allow_nan=False),
)
def test_a_place_is_read_as_it_is_written(latitude: float, longitude: float, accuracy: float | None) -> None:
    written = [
        f"{latitude:.12f}",
        f"{longitude:.12f}",
        *([] if accuracy is None else ["12.5", f"{accuracy:.6f}"]),
    ]
    read = read_geopoint(" ".join(written), "/place")
    assert read.latitude == pytest.approx(latitude, abs=1e-11)
    assert read.longitude == pytest.approx(longitude, abs=1e-11)
    assert (read.accuracy_m is None) == (accuracy is None)


def test_small_numbers_of_java_are_numbers() -> None:
    assert read_geopoint("1.0E-5 -2.5E-4 0.0 4.9", "/place") == Geopoint(-2.5e-4, 1e-5, 4.9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1,2",
        "1 2 3 4 5",
        "a b",
        "91 0",
        "0 181",
        "1 2 0 -1",
        "1 2 0 1e9",
        "inf 0",
        "nan 0",
        "１ ２",
        "1_0 2",
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        read_geopoint(text, "/place")
    assert (refused.value.pointer, refused.value.field_code) == ("/place", "geopoint_wrong")


def test_the_short_offsets_of_older_releases_are_written_out() -> None:
    assert read_time("2026-11-23T09:28:00.000+08") == "2026-11-23T09:28:00.000+08:00"
    for right in (
        "2026-11-23T09:28:00.000-03:30",
        "2026-11-23T01:28:00.000Z",
        "2026-11-23T09:28:00",
        "2026-11-23",
    ):
        assert read_time(right) == right


QUESTIONS = {
    "properties": {
        "count": {"type": "integer"},
        "area": {"type": "number"},
        "lit": {"type": "boolean"},
        "goods": {"type": "array", "items": {"type": "string", "enum": ["fruit", "旧 衣服"]}},
        "kind": {"type": "string", "enum": ["a b", "c"]},
        "since": {"type": "string", "format": "date"},
    }
}


def answered(**texts: str) -> Mapping[str, object] | None:
    return answers_in({f"class_E0406/q_{name}": text for name, text in texts.items()}, "E0406", QUESTIONS)


def test_answers_are_read_as_what_the_question_asks_for() -> None:
    assert answered(
        count="12",
        area="-3.5",
        lit="no",
        goods=f"fruit {choice_name('旧 衣服')}",
        kind=choice_name("a b"),
        since="2026-11-23",
        unasked="x",
    ) == {
        "area": -3.5,
        "count": 12,
        "goods": ["fruit", "旧 衣服"],
        "kind": "a b",
        "lit": False,
        "since": "2026-11-23",
        "unasked": "x",  # `check_answers` refuses it by name
    }
    assert answered() is None


@pytest.mark.parametrize(
    "texts", [{"count": "1.5"}, {"count": "１"}, {"area": "nan"}, {"area": "1_0"}, {"lit": "true"}]
)
def test_what_is_no_answer_is_refused(texts: dict[str, str]) -> None:
    with pytest.raises(AnswersRefused):
        answered(**texts)


def test_answers_to_questions_of_other_classes_are_unknown() -> None:
    values = {"place": "1 2", "class_E0406/q_area": "1", "class_E0407/q_area": "1", "mood": "bad"}
    assert unknown_fields(values, frozenset({"place"}), "E0406") == ["class_E0407/q_area", "mood"]


def test_every_instance_is_its_own() -> None:
    assert len({submission_id_of(f"uuid:{uuid4()}") for _ in range(100)}) == 100
