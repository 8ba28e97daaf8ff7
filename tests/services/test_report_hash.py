"""The hash by which a report that is sent again is known: what releases before could not say must not change it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from api.domain.geo import Crs
from api.domain.report_requests import ReportRequest
from api.domain.reports import Priority, Source

FIRST = ReportRequest(
    id=UUID("0192f7a2-5a7c-7c3e-8b1a-3d5f6e7a8b9c"),
    category="E0406",
    condition=1,
    description="水果摊占用人行道",
    observed_at=datetime(2026, 11, 23, 1, 28, tzinfo=UTC),
    longitude=116.41024,
    latitude=39.9164,
    crs=Crs.GCJ02,
    accuracy_m=8.5,
    provider="gps",
    address="东城区",
    photo_ids=(UUID("0192f7a2-0000-7000-8000-000000000001"),),
    source=Source.OFFICER,
    priority=Priority.NORMAL,
)
HASH_OF_THE_FIRST_RELEASE = "9fd0cf7472cfb2615b58c7434b1f063a22408bbba5795956e6995c406b4be2be"


def test_a_report_of_the_first_release_keeps_its_hash() -> None:
    assert FIRST.sha256() == HASH_OF_THE_FIRST_RELEASE
    assert replace(FIRST, answers=None, at_place=None).sha256() == HASH_OF_THE_FIRST_RELEASE


def test_what_came_later_counts_where_it_is_said() -> None:
    answered = replace(FIRST, answers={"area_m2": 3})
    assert answered.sha256() != FIRST.sha256()
    assert answered.sha256() != replace(FIRST, answers={"area_m2": 4}).sha256()
    assert answered.sha256() == replace(FIRST, answers={"area_m2": 3}).sha256()
    assert replace(FIRST, at_place="mall").sha256() not in {
        FIRST.sha256(),
        replace(FIRST, at_place="park").sha256(),
    }


def test_the_order_of_answers_does_not_make_another_report() -> None:
    one, other = {"area_m2": 3, "kind": "fruit"}, {"kind": "fruit", "area_m2": 3}
    assert replace(FIRST, answers=one).sha256() == replace(FIRST, answers=other).sha256()
