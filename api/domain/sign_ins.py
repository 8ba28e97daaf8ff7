"""What becomes of a sign-in when one of its refresh tokens is presented.

A sign-in is a family of refresh tokens. Each exchange uses up the tokens that were out and hands out the
next; a token that comes back after it was used up is in two hands, and nobody can tell which is the
thief's: the family ends. `docs/decisions/0003-refresh-rotation.md` tells why there is one exception.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from api.domain.errors import TokenRefused

REPEAT_WITHIN = timedelta(seconds=30)
"""What an office with bad networks may allow (`GRIDPATROL_REFRESH_REPEAT_S`): how long a phone that never got its
answer may send the same token again. Unless an office allows it, there is no exception."""


class EndReason(StrEnum):
    """Why a sign-in ended before its time."""

    SIGNED_OUT = "signed_out"
    TOKEN_REUSED = "token_reused"  # noqa: S105  a reason, not a token
    OTHER_DEVICE = "other_device"
    DEACTIVATED = "deactivated"
    DEVICE_REVOKED = "device_revoked"
    PASSWORD_SET = "password_set"  # noqa: S105  the same


@dataclass(frozen=True, slots=True)
class SignInFacts:
    """A sign-in as it stands. `rotated_at` is when its tokens were last exchanged (or first handed out)."""

    device_id: str | None
    rotated_at: datetime
    is_ended: bool
    is_person_active: bool


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """The presented token; `used_at` is when it was used up."""

    expires_at: datetime
    used_at: datetime | None


class Exchange(StrEnum):
    """How a token is exchanged: for the next one, or once more for another copy of the next one."""

    ROTATE = "rotate"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Rejection:
    """The token is refused; with a reason in `ends`, the whole sign-in ends too."""

    refusal: TokenRefused
    ends: EndReason | None = None


def judge_refresh(
    sign_in: SignInFacts, token: TokenFacts, device_id: str | None, now: datetime, repeat_within: timedelta
) -> Exchange | Rejection:
    """Decide what presenting this token leads to.

    A sign-in that was made with a device id is bound to it. Another id ends the sign-in: a token leaves its
    device only when it was taken. No id at all is only refused, as it is more often a forgetful program.
    """
    if sign_in.is_ended or not sign_in.is_person_active:
        return _rejected("The sign-in behind this token has ended.")
    if token.expires_at <= now:
        return _rejected("The refresh token has expired; sign in again.")
    if token.used_at is not None and not _may_repeat(sign_in, token.used_at, now, repeat_within):
        return _rejected("This refresh token was used before; the sign-in has ended.", EndReason.TOKEN_REUSED)
    if sign_in.device_id is not None and device_id != sign_in.device_id:
        if device_id is None:
            return _rejected("This refresh token is bound to a device; send its device_id.")
        return _rejected(
            "This refresh token is another device's; the sign-in has ended.", EndReason.OTHER_DEVICE
        )
    return Exchange.ROTATE if token.used_at is None else Exchange.REPEAT


def _may_repeat(sign_in: SignInFacts, used_at: datetime, now: datetime, repeat_within: timedelta) -> bool:
    # Used up by the last exchange and no other: nobody has used what it was exchanged for. Without a device
    # id nothing tells the phone that sends again from somebody else who has its token.
    return (
        repeat_within > timedelta(0)
        and sign_in.device_id is not None
        and used_at == sign_in.rotated_at
        and now - used_at <= repeat_within
    )


def _rejected(detail: str, ends: EndReason | None = None) -> Rejection:
    # `error` is what OAuth 2.0 clients read (RFC 6749, 5.2).
    return Rejection(TokenRefused(detail, error="invalid_grant"), ends)
