"""What a step must bring along: nothing that proves something else, and all that is absent named at once."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.catalogue import Condition
from api.domain.errors import EvidenceMissing
from api.domain.evidence import Brought, PhotoFacts, Purpose, missing, require
from api.domain.lifecycle import TABLE, Need
from api.domain.limits import Limit, LimitUnit

VENDING = Condition(
    category_code="E0406",
    number=1,
    condition_zh="占道经营",
    condition_en="street vending",
    closing_zh="摊贩离开",
    closing_en="vendor gone",
    limit=Limit(2, LimitUnit.URGENT_HOUR),
    milestones=(),
    after_photo=True,
    self_fix=True,
)
NOISE = replace(VENDING, category_code="E0301", condition_zh="施工扰民", after_photo=False)
PHOTO_NEEDS = {Need.BEFORE_PHOTO, Need.AFTER_PHOTO, Need.CHECK_PHOTO, Need.PHOTO}
NOTHING = Brought()


def showing(*purposes: Purpose) -> tuple[PhotoFacts, ...]:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return tuple(
        PhotoFacts(UUID(int=number), purpose, 800, 600, None, at) for number, purpose in enumerate(purposes)
    )


EVERYTHING = Brought(
    "已劝离",
    showing(*Purpose),
    has_condition=True,
    has_grid=True,
    has_unit=True,
    has_handler=True,
    has_master=True,
    has_until=True,
    has_correction=True,
)

needs = st.sets(st.sampled_from(Need))


@pytest.mark.parametrize(
    ("need", "brought"),
    [
        (Need.NOTE, Brought(note="已劝离")),
        (Need.REASON, Brought(note="不属于城市管理范围")),
        (Need.CONDITION, Brought(has_condition=True)),
        (Need.GRID, Brought(has_grid=True)),
        (Need.UNIT, Brought(has_unit=True)),
        (Need.HANDLER, Brought(has_handler=True)),
        (Need.MASTER, Brought(has_master=True)),
        (Need.UNTIL, Brought(has_until=True)),
        (Need.CORRECTION, Brought(has_correction=True)),
        (Need.BEFORE_PHOTO, Brought(photos=showing(Purpose.BEFORE))),
        (Need.AFTER_PHOTO, Brought(photos=showing(Purpose.AFTER))),
        (Need.CHECK_PHOTO, Brought(photos=showing(Purpose.CHECK))),
        (Need.PHOTO, Brought(photos=showing(Purpose.AFTER))),
    ],
)
def test_each_need_is_met_by_its_own_and_nothing_less(need: Need, brought: Brought) -> None:
    assert missing([need], NOTHING, VENDING) == [need]
    assert missing([need], brought, VENDING) == []


@pytest.mark.parametrize("purpose", Purpose)
def test_a_photo_proves_what_it_was_taken_for(purpose: Purpose) -> None:
    proven = {
        Purpose.BEFORE: {Need.BEFORE_PHOTO, Need.PHOTO},
        Purpose.AFTER: {Need.AFTER_PHOTO, Need.PHOTO},
        Purpose.CHECK: {Need.CHECK_PHOTO, Need.PHOTO},
        Purpose.EVIDENCE: {Need.BEFORE_PHOTO, Need.CHECK_PHOTO, Need.PHOTO},
    }
    unproven = missing(PHOTO_NEEDS, Brought(photos=showing(purpose)), VENDING)
    assert PHOTO_NEEDS - set(unproven) == proven[purpose]


def test_blanks_are_no_note() -> None:
    assert missing([Need.NOTE], Brought(note=" \n\t　"), VENDING) == [Need.NOTE]


@given(needs)
def test_where_a_photo_proves_nothing_only_photos_are_not_asked_for(asked: set[Need]) -> None:
    assert set(missing(asked, NOTHING, NOISE)) == set(missing(asked, NOTHING, VENDING)) - PHOTO_NEEDS


def test_as_long_as_the_condition_is_open_photos_are_asked_for() -> None:
    assert set(missing(PHOTO_NEEDS, NOTHING, None)) == PHOTO_NEEDS


@given(needs)
def test_whoever_brings_everything_is_never_refused(asked: set[Need]) -> None:
    require(asked, EVERYTHING, VENDING)


@given(needs)
def test_a_refusal_names_all_that_is_absent_at_once_and_in_order(asked: set[Need]) -> None:
    absent = sorted(asked - {Need.CHECKED})
    assert missing(asked, NOTHING, VENDING) == absent
    if absent:
        with pytest.raises(EvidenceMissing) as refused:
            require(asked, NOTHING, VENDING)
        assert refused.value.facts["missing"] == absent
        assert all(need in refused.value.detail for need in absent)
    else:
        require(asked, NOTHING, VENDING)


def test_every_need_of_the_table_is_one_that_can_be_brought() -> None:
    asked = {need for row in TABLE for need in row.needs}
    assert asked == set(Need)
    assert missing(asked, EVERYTHING, VENDING) == []
