"""Codes of checkpoints: a photographed one fails, and each wrong one says why."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.checkpoint_codes import CodeRules, Way, check_code, nfc_code, qr_code, qr_period
from api.domain.errors import FieldWrong

SHANGHAI = ZoneInfo("Asia/Shanghai")
GATE = CodeRules("gate", "a secret of the gate", timedelta(days=1), timedelta(minutes=1))
SCREEN = CodeRules("screen", "a secret of the screen", timedelta(seconds=60), timedelta(seconds=30))
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def refused(rules: CodeRules, way: Way, code: str, at: datetime, tag: str | None = None) -> str:
    with pytest.raises(FieldWrong) as caught:
        check_code(rules, way, code, tag, at, SHANGHAI)
    return caught.value.field_code


@given(st.timedeltas(timedelta(), timedelta(days=3)))
def test_the_code_of_the_moment_is_accepted(after: timedelta) -> None:
    for rules in (GATE, SCREEN):
        check_code(rules, Way.QR, qr_code(rules, NOON + after, SHANGHAI), None, NOON + after, SHANGHAI)
        since, until = qr_period(rules, NOON + after, SHANGHAI)
        assert since <= NOON + after < until
        assert qr_code(rules, since, SHANGHAI) == qr_code(rules, NOON + after, SHANGHAI)
        assert qr_code(rules, until, SHANGHAI) != qr_code(rules, NOON + after, SHANGHAI)


def test_a_daily_code_changes_at_local_midnight() -> None:
    since, until = qr_period(GATE, NOON, SHANGHAI)
    assert (since.astimezone(SHANGHAI).hour, until - since) == (0, timedelta(days=1))


def test_yesterdays_code_is_refused_and_tomorrows_too() -> None:
    yesterday = qr_code(GATE, NOON - timedelta(days=1), SHANGHAI)
    assert refused(GATE, Way.QR, yesterday, NOON) == "code_expired"
    tomorrow = qr_code(GATE, NOON + timedelta(days=1), SHANGHAI)
    assert refused(GATE, Way.QR, tomorrow, NOON) == "code_early"


def test_a_photographed_code_of_a_screen_fails_after_its_minute_and_the_grace() -> None:
    minute = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    photo = qr_code(SCREEN, minute, SHANGHAI)
    check_code(SCREEN, Way.QR, photo, None, minute + timedelta(seconds=89), SHANGHAI)
    assert refused(SCREEN, Way.QR, photo, minute + timedelta(seconds=90)) == "code_expired"


def test_the_code_of_another_place_is_refused() -> None:
    assert refused(GATE, Way.QR, qr_code(SCREEN, NOON, SHANGHAI), NOON) == "code_elsewhere"


@pytest.mark.parametrize(
    "code", ["", "gate", "GPQ1.gate", "GPQ1.gate.x.y.z", "GPN1.gate.00", "https://evil.example"]
)
def test_what_is_no_code_is_refused(code: str) -> None:
    assert refused(GATE, Way.QR, code, NOON) == "code_unreadable"


def test_a_code_with_another_period_written_in_is_forged() -> None:
    kind, name, period, mark = qr_code(GATE, NOON - timedelta(days=1), SHANGHAI).split(".")
    moved = f"{kind}.{name}.{int(period) + 1}.{mark}"
    assert refused(GATE, Way.QR, moved, NOON) == "code_forged"
    assert refused(GATE, Way.QR, f"{kind}.{name}.x.{mark}", NOON) == "code_forged"


def test_a_tag_counts_with_its_own_number_alone() -> None:
    code = nfc_code(GATE, "04a2b3")
    check_code(GATE, Way.NFC, code, "04A2B3", NOON, SHANGHAI)
    assert refused(GATE, Way.NFC, code, NOON, "04FFFF") == "code_forged"
    assert refused(GATE, Way.NFC, code, NOON) == "code_forged"
    assert refused(GATE, Way.QR, code, NOON) == "code_unreadable"
