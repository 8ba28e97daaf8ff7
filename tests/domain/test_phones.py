"""How much of a phone number is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.phones import masked_phone


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+86 138 1234 5678", "+86**********5678"),
        ("62345678", "62***678"),
        ("110", "1*0"),
        ("7", "*"),
        ("", ""),
        (None, None),
    ],
)
def test_the_middle_is_hidden(phone: str | None, masked: str | None) -> None:
    assert masked_phone(phone) == masked


@given(st.text("0123456789", min_size=1))
def test_at_least_a_third_is_hidden(phone: str) -> None:
    masked = masked_phone(phone)
    assert masked is not None
    assert len(masked) == len(phone)
    assert masked.count("*") * 3 >= len(phone)
