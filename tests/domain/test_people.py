"""Duties that overlap are found as by counting days; passwords that are guessed early are refused."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.errors import FieldWrong
from api.domain.people import COMMON_PASSWORDS, PASSWORD_MIN, Duty, check_password

FIRST = date(2026, 1, 1)
SPAN = 12


@st.composite
def duties(draw: st.DrawFn) -> Duty:
    first = draw(st.integers(0, SPAN))
    last = draw(st.none() | st.integers(first, SPAN))
    until = None if last is None else FIRST + timedelta(days=last)
    return Duty(draw(st.sampled_from(["a", "b"])), FIRST + timedelta(days=first), until)


def days(duty: Duty) -> set[date]:
    every = (FIRST + timedelta(days=number) for number in range(SPAN + 1))
    return {day for day in every if duty.from_on <= day <= (duty.to_on or date.max)}


@given(duties(), duties())
def test_duties_overlap_when_they_share_a_day_on_a_grid(one: Duty, other: Duty) -> None:
    assert (
        one.overlaps(other)
        == other.overlaps(one)
        == (one.grid == other.grid and bool(days(one) & days(other)))
    )


@pytest.mark.parametrize(
    "password", [*sorted(COMMON_PASSWORDS), "", "x" * 40, "abab" * 5, "my-Zhao-password"]
)
def test_a_password_that_is_guessed_early_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        check_password(password, "zhao", "/password")
    assert (refused.value.pointer, refused.value.field_code) == ("/password", "password_weak")
    assert not password or password not in refused.value.detail


def test_a_sentence_is_a_password_and_length_alone_is_the_rule() -> None:
    for password in ("drei-Esel-im-Regen", "三头驴在雨中散步真好看", "a b c d e f"):
        assert len(password) >= PASSWORD_MIN
        check_password(password, "zhao", "/password")
