"""What a watermark says: of which ticket, when, where and by whom a photo was taken."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from api.domain.access import ROLE_NAMES, UNIT_ROLES, Role, Viewer, sees_name_of
from api.domain.geo import Place

DESIGN: Final = 1
"""Raised when watermarks are drawn otherwise, so that kept ones are drawn anew."""


@dataclass(frozen=True, slots=True)
class WatermarkFacts:
    """What is known of a photo. What belongs to its ticket is None while it has none."""

    ticket_number: str | None
    category: str | None
    captured_at: datetime | None
    taken_at: datetime | None
    received_at: datetime
    place: Place | None
    address: str
    grid_code: str | None
    grid_name: str | None
    sender_role: Role
    officer_number: str | None
    unit_name: str | None


def watermark_lines(facts: WatermarkFacts, viewer: Viewer, zone: ZoneInfo) -> list[str]:
    """Return the lines, in Chinese, the most important first.

    A unit is not told which officer it was (监管分离): no number for it, nor a name for anybody.
    """
    lines = [
        f"案卷号 {facts.ticket_number} {facts.category or ''}".rstrip() if facts.ticket_number else "未立案"
    ]
    lines.append(_time(facts, zone))
    if facts.grid_code is not None:
        lines.append(f"网格 {facts.grid_name or ''} {facts.grid_code}".replace("  ", " "))
    where = [facts.address[:60]] if facts.address else []
    if facts.place is not None:
        where.append(f"{facts.place.longitude:.5f}, {facts.place.latitude:.5f}")
    if where:
        lines.append(f"地点 {' '.join(where)}")
    lines.append(_sender(facts, viewer))
    return lines


def fingerprint(lines: Sequence[str]) -> str:
    """Return a short name for what a watermark says."""
    return hashlib.sha256("\n".join((str(DESIGN), *lines)).encode()).hexdigest()[:16]


def _time(facts: WatermarkFacts, zone: ZoneInfo) -> str:
    """Say when it was taken, by the phone, else by the file; else when it came."""
    taken_at = facts.captured_at or facts.taken_at
    at = (taken_at or facts.received_at).astimezone(zone)
    return f"{'拍摄时间' if taken_at else '上传时间'} {at:%Y-%m-%d %H:%M:%S}"


def _sender(facts: WatermarkFacts, viewer: Viewer) -> str:
    if facts.sender_role in UNIT_ROLES:
        return f"责任单位 {facts.unit_name or ''}".rstrip()
    role = ROLE_NAMES[facts.sender_role][0]
    if facts.officer_number is None or not sees_name_of(viewer, facts.sender_role):
        return role
    return f"{role} {facts.officer_number}"
