"""Access tokens and the fingerprints of refresh tokens."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.tokens import AUDIENCE, ISSUER, TokenSigner, fingerprint, new_refresh_token
from api.domain.errors import TokenRefused

KEY = "k3y-for-tests-only-0123456789-abcdef"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SIGNER = TokenSigner(KEY, 900)
SIGN_IN, PERSON = uuid4(), uuid4()
_jwt: Any = jwt  # its types name keys of a package that only other algorithms need


def token(key: str = KEY, algorithm: str = "HS256", **changes: Any) -> str:  # noqa: ANN401  any claim
    """Return a token as ours are, but for the changes; None leaves a claim out."""
    issued = int(NOW.timestamp())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(PERSON),
        "sid": str(SIGN_IN),
        "iat": issued,
        "exp": issued + 900,
        "jti": str(uuid4()),
        **changes,
    }
    return _jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)


@given(
    sign_in_id=st.uuids(),
    person_id=st.uuids(),
    now=st.integers(0, 4_000_000_000).map(lambda instant: datetime.fromtimestamp(instant, UTC)),
)
def test_what_is_issued_can_be_read(sign_in_id: UUID, person_id: UUID, now: datetime) -> None:
    assert SIGNER.read(SIGNER.issue(sign_in_id, person_id, now), now) == sign_in_id


def test_each_token_is_another() -> None:
    assert SIGNER.issue(SIGN_IN, PERSON, NOW) != SIGNER.issue(SIGN_IN, PERSON, NOW)


def test_a_token_lives_its_time_and_not_a_second_longer() -> None:
    issued = SIGNER.issue(SIGN_IN, PERSON, NOW)
    assert SIGNER.read(issued, NOW + timedelta(seconds=899)) == SIGN_IN
    with pytest.raises(TokenRefused, match="expired"):
        SIGNER.read(issued, NOW + timedelta(seconds=900))


def test_the_clock_of_the_machine_does_not_matter() -> None:
    for year in (1990, 2090):
        now = NOW.replace(year=year)
        assert SIGNER.read(SIGNER.issue(SIGN_IN, PERSON, now), now) == SIGN_IN


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"aud": "another-api"},
        {"sid": "not a uuid"},
        {"sid": 7},
        {"sub": 7},
        {"exp": "soon"},
        {"exp": [1]},
        *({name: None} for name in ("iss", "aud", "sub", "sid", "iat", "exp", "jti")),
    ],
)
def test_a_token_with_other_claims_is_not_ours(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused, match="not one of ours"):
        SIGNER.read(token(**changes), NOW)


def test_a_token_signed_otherwise_is_not_ours() -> None:
    assert SIGNER.read(token(), NOW) == SIGN_IN
    for forged in (token(key=KEY[::-1]), token(key="", algorithm="none"), token(KEY * 2, "HS512")):
        with pytest.raises(TokenRefused, match="not one of ours"):
            SIGNER.read(forged, NOW)


def test_a_changed_token_is_not_ours() -> None:
    header, _, signature = token().split(".")
    claims = token(sid=str(uuid4())).split(".")[1]
    with pytest.raises(TokenRefused):
        SIGNER.read(f"{header}.{claims}.{signature}", NOW)


@given(st.text())
def test_no_text_is_ours(text: str) -> None:
    with pytest.raises(TokenRefused):
        SIGNER.read(text, NOW)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "\udc80", "eyJhbGciOiJub25lIn0.e30."])
def test_nonsense_is_not_ours(text: str) -> None:
    with pytest.raises(TokenRefused):
        SIGNER.read(text, NOW)


def test_a_short_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TokenSigner("short", 900)


def test_refresh_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_refresh_token() for _ in range(100)}
    assert len(tokens) == len({fingerprint(one) for one in tokens}) == 100
    assert all(len(one) == 43 for one in tokens)
    assert all(len(fingerprint(one)) == 64 for one in tokens)
