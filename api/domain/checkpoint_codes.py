"""Codes of checkpoints (签到码): what a QR code shows and an NFC tag holds, so that a photograph of one fails.

A QR code changes with its period: a minute on a screen, a day on a sheet that is printed each morning. It is signed
with the checkpoint's own secret, so nobody makes the next one. A tag holds a code that does not change, signed together
with the number that the maker burnt into the tag: copied onto another tag it fails, and photographed it can't be.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from api.domain.device_clock import EPOCH
from api.domain.errors import FieldWrong

_QR: Final = "GPQ1"
_NFC: Final = "GPN1"
_MARK_CHARACTERS: Final = 20
"""80 bits of a SHA-256: who guesses is found out long before."""


class Way(StrEnum):
    """How somebody confirms that she is at a checkpoint."""

    GEOFENCE = "geofence"
    QR = "qr"
    NFC = "nfc"


@dataclass(frozen=True, slots=True)
class CodeRules:
    """What codes of one checkpoint follow. Periods begin at local midnight and divide the day."""

    checkpoint: str
    secret: str
    rotation: timedelta
    grace: timedelta
    """How long the code of the period before still counts: phones, and people, take a moment."""


def qr_code(rules: CodeRules, at: datetime, zone: ZoneInfo) -> str:
    """Return the code that a checkpoint shows at an instant."""
    period = _period(rules, at, zone)
    return f"{_QR}.{rules.checkpoint}.{period}.{_mark(rules, Way.QR, str(period))}"


def qr_period(rules: CodeRules, at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return from when until when the code of an instant is shown."""
    into = (_local(at, zone)) % rules.rotation
    return at - into, at - into + rules.rotation


def nfc_code(rules: CodeRules, tag: str) -> str:
    """Return what is written onto the tag with this number."""
    return f"{_NFC}.{rules.checkpoint}.{_mark(rules, Way.NFC, tag.upper())}"


def checkpoint_of(code: str) -> str:
    """Return the checkpoint whose QR code this says it is; FieldWrong `code_unreadable` for none of ours.

    Nothing is believed by that: `check_code` is asked all the same.
    """
    kind, *parts = code.split(".")
    if kind != _QR or len(parts) != 3:  # noqa: PLR2004  checkpoint, period, mark
        raise FieldWrong("/code", "code_unreadable", "This is no code of a checkpoint, or of another kind.")
    return parts[0]


def check_code(rules: CodeRules, way: Way, code: str, tag: str | None, at: datetime, zone: ZoneInfo) -> None:
    """Accept a code that was read at an instant, or raise FieldWrong at `/code`.

    `code_unreadable`: none of ours, or not of this way. `code_elsewhere`: of another checkpoint. `code_forged`: its
    signature is wrong, or the tag is another one. `code_expired`: of an earlier period, such as yesterday's.
    `code_early`: of a period to come.
    """
    kind, *parts = code.split(".")
    if (kind, len(parts)) not in {(_QR, 3), (_NFC, 2)} or (way is Way.QR) != (kind == _QR):
        raise FieldWrong("/code", "code_unreadable", "This is no code of a checkpoint, or of another kind.")
    if parts[0] != rules.checkpoint:
        raise FieldWrong(
            "/code", "code_elsewhere", "This code belongs to another checkpoint.", checkpoint=parts[0][:64]
        )
    content = parts[1] if kind == _QR else (tag or "").upper()
    if not hmac.compare_digest(parts[-1].encode(), _mark(rules, way, content).encode()):
        raise FieldWrong("/code", "code_forged", "The code was not made by us for this checkpoint.")
    if kind == _QR:
        _check_period(rules, int(parts[1]), at, zone)


def _check_period(rules: CodeRules, period: int, at: datetime, zone: ZoneInfo) -> None:
    now = _period(rules, at, zone)
    if period == now or period == _period(rules, at - rules.grace, zone):
        return
    if period < now:
        raise FieldWrong("/code", "code_expired", "This code was shown earlier: read the present one.")
    raise FieldWrong("/code", "code_early", "This code is not shown yet.")


def _period(rules: CodeRules, at: datetime, zone: ZoneInfo) -> int:
    return _local(at, zone) // rules.rotation


def _local(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset() or timedelta()
    return at - EPOCH + offset


def _mark(rules: CodeRules, way: Way, content: str) -> str:
    signed = f"{way}\n{rules.checkpoint}\n{content}".encode()
    return hmac.digest(rules.secret.encode(), signed, hashlib.sha256).hex()[:_MARK_CHARACTERS]
