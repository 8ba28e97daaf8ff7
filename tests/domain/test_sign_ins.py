"""What presenting a refresh token leads to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.sign_ins import (
    REPEAT_WITHIN,
    EndReason,
    Exchange,
    Rejection,
    SignInFacts,
    TokenFacts,
    judge_refresh,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
PHONE = "phone-1"


def judge(
    *,
    bound_to: str | None = PHONE,
    sent: str | None = PHONE,
    used_ago: timedelta | None = None,
    rotated_ago: timedelta = DAY,
    expires_in: timedelta = DAY,
    is_ended: bool = False,
    is_active: bool = True,
) -> Exchange | Rejection:
    sign_in = SignInFacts(bound_to, NOW - rotated_ago, is_ended, is_active)
    token = TokenFacts(NOW + expires_in, None if used_ago is None else NOW - used_ago)
    return judge_refresh(sign_in, token, sent, NOW, REPEAT_WITHIN)


def ends(verdict: Exchange | Rejection) -> EndReason | None:
    assert isinstance(verdict, Rejection)
    return verdict.ends


def test_a_token_that_is_out_is_exchanged() -> None:
    assert judge() is Exchange.ROTATE
    assert judge(bound_to=None, sent=None) is Exchange.ROTATE


def test_a_sign_in_without_a_device_is_not_bound_to_the_one_that_asks() -> None:
    assert judge(bound_to=None, sent=PHONE) is Exchange.ROTATE


def test_a_phone_may_repeat_its_last_exchange_for_a_short_while() -> None:
    assert judge(used_ago=REPEAT_WITHIN, rotated_ago=REPEAT_WITHIN) is Exchange.REPEAT


def test_a_clock_that_is_behind_does_not_make_a_repeat_a_theft() -> None:
    assert judge(used_ago=-SECOND, rotated_ago=-SECOND) is Exchange.REPEAT


def test_after_the_short_while_a_repeat_is_a_theft() -> None:
    late = REPEAT_WITHIN + timedelta(microseconds=1)
    assert ends(judge(used_ago=late, rotated_ago=late)) is EndReason.TOKEN_REUSED


def test_once_a_successor_was_used_a_repeat_is_a_theft() -> None:
    assert ends(judge(used_ago=2 * SECOND, rotated_ago=SECOND)) is EndReason.TOKEN_REUSED


@pytest.mark.parametrize("sent", [None, PHONE])
def test_without_a_device_in_the_sign_in_every_repeat_is_a_theft(sent: str | None) -> None:
    verdict = judge(bound_to=None, sent=sent, used_ago=SECOND, rotated_ago=SECOND)
    assert ends(verdict) is EndReason.TOKEN_REUSED


def test_another_device_ends_the_sign_in() -> None:
    assert ends(judge(sent="phone-2")) is EndReason.OTHER_DEVICE
    assert ends(judge(sent="phone-2", used_ago=SECOND, rotated_ago=SECOND)) is EndReason.OTHER_DEVICE


def test_a_program_that_forgets_its_device_is_refused_and_can_try_again() -> None:
    assert ends(judge(sent=None)) is None


@pytest.mark.parametrize("used_ago", [None, SECOND, DAY])
def test_nothing_is_exchanged_after_the_end(used_ago: timedelta | None) -> None:
    assert ends(judge(is_ended=True, used_ago=used_ago, rotated_ago=SECOND)) is None
    assert ends(judge(is_active=False, used_ago=used_ago, rotated_ago=SECOND)) is None
    assert ends(judge(expires_in=timedelta(0), used_ago=used_ago, rotated_ago=SECOND)) is None


SPANS = st.timedeltas(min_value=timedelta(minutes=-2), max_value=timedelta(minutes=2))


@given(
    bound_to=st.sampled_from([None, PHONE]),
    sent=st.sampled_from([None, PHONE, "phone-2"]),
    used_ago=SPANS,
    rotated_ago=SPANS,
)
def test_a_used_token_is_never_exchanged_but_by_its_own_phone_for_its_last_exchange(
    bound_to: str | None, sent: str | None, used_ago: timedelta, rotated_ago: timedelta
) -> None:
    verdict = judge(bound_to=bound_to, sent=sent, used_ago=used_ago, rotated_ago=rotated_ago)
    assert verdict is not Exchange.ROTATE
    if verdict is Exchange.REPEAT:
        assert bound_to == sent == PHONE
        assert used_ago == rotated_ago <= REPEAT_WITHIN
