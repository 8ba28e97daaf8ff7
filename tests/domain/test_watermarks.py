"""What a watermark says, and to whom."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from api.domain.access import UNIT_ROLES, Role, Viewer
from api.domain.geo import Place
from api.domain.watermarks import WatermarkFacts, fingerprint, watermark_lines

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
FACTS = WatermarkFacts(
    ticket_number="E0406-20261123-000001",
    category="占道经营",
    captured_at=NOW,
    taken_at=None,
    received_at=NOW,
    place=Place(116.404, 39.915),
    address="人民路32号",
    grid_code="990101001001",
    grid_name="第一网格",
    sender_role=Role.OFFICER,
    officer_number="A0032",
    unit_name=None,
)


def lines(role: Role = Role.SUPERVISOR, **changes: Any) -> list[str]:  # noqa: ANN401  any field
    viewer = Viewer(UUID(int=1), UUID(int=2), "x", "x", role, 1, ())
    return watermark_lines(replace(FACTS, **changes), viewer, SHANGHAI)


def test_it_says_ticket_time_grid_place_and_officer_in_the_citys_time() -> None:
    assert lines() == [
        "案卷号 E0406-20261123-000001 占道经营",
        "拍摄时间 2026-11-23 09:30:00",
        "网格 第一网格 990101001001",
        "地点 人民路32号 116.40400, 39.91500",
        "网格员 A0032",
    ]


@pytest.mark.parametrize("role", Role)
def test_a_unit_never_learns_which_officer_it_was(role: Role) -> None:
    assert lines(role)[-1] == ("网格员" if role in UNIT_ROLES else "网格员 A0032")


def test_a_unit_s_own_photo_names_the_unit_and_nobody_in_it() -> None:
    shown = lines(sender_role=Role.UNIT_MEMBER, officer_number="B1", unit_name="市容管理所")
    assert shown[-1] == "责任单位 市容管理所"


def test_what_is_not_known_is_left_out_or_said() -> None:
    nothing = dict.fromkeys(
        ("ticket_number", "category", "captured_at", "place", "grid_code", "grid_name", "officer_number")
    )
    assert lines(**nothing, address="") == ["未立案", "上传时间 2026-11-23 09:30:00", "网格员"]
    assert lines(captured_at=None, taken_at=NOW.replace(minute=0))[1] == "拍摄时间 2026-11-23 09:00:00"
    assert lines(address="")[3] == "地点 116.40400, 39.91500"
    assert lines(place=None)[3] == "地点 人民路32号"


def test_other_words_have_another_fingerprint() -> None:
    found = {fingerprint(lines(role)) for role in Role}
    assert len(found) == 2
    assert fingerprint(["一", "二"]) != fingerprint(["一二"])
