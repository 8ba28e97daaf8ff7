"""Signals about photos: what is odd, and above all what is not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image

from api.adapters.demo_pictures import demo_picture
from api.adapters.images import read_print
from api.domain.evidence import Purpose
from api.domain.geo import Place
from api.domain.pictures import SKETCH_SIDE, PicturePrint
from api.domain.signal_photos import (
    CAMERA_CLOCK_SKEW,
    PhotoStory,
    PhotoTolerances,
    TicketStory,
    photo_signals,
    ticket_signals,
)
from api.domain.signal_pictures import picture_signals

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def codes(
    *, is_known_file: bool = False, software: str | None = None, taken_at: datetime | None = None
) -> list[str]:
    found = photo_signals(is_known_file=is_known_file, software=software, taken_at=taken_at, now=NOW)
    return [signal.code for signal in found]


def test_a_photo_that_says_nothing_of_itself_is_not_odd() -> None:
    assert codes() == []


def test_the_same_file_again_is_odd() -> None:
    assert codes(is_known_file=True) == ["file_seen_before"]


@pytest.mark.parametrize(
    "software",
    [
        "Adobe Photoshop 25.1 (Macintosh)",
        "Adobe Photoshop Lightroom 7.0 (Android)",
        "GIMP 2.10.34",
        "Snapseed 2.0",
        "PicsArt",
        "美图秀秀 10.2",
        "MeituPic",
        "醒图",
    ],
)
def test_an_editing_program_that_signs_is_named(software: str) -> None:
    assert codes(software=software) == ["editing_software_named"]
    (signal,) = photo_signals(is_known_file=False, software=software, taken_at=None, now=NOW)
    assert software in signal.zh
    assert software in signal.en


@pytest.mark.parametrize(
    "software",
    [
        "17.5.1",
        "G9910ZCU1AVF1",
        "HDR+ 1.0.585804376zd",
        "ELE-AL00 10.1.0.162(C00E160R2P11)",
        "MediaTek Camera Application",
        "Ver.1.00",
        "HUAWEI P40",
        "水印相机 3.8",
    ],
)
def test_the_firmware_of_a_camera_is_not_odd(software: str) -> None:
    assert codes(software=software) == []


def test_a_photo_from_the_future_is_odd_beyond_what_clocks_differ() -> None:
    assert codes(taken_at=NOW + CAMERA_CLOCK_SKEW) == []
    assert codes(taken_at=NOW + CAMERA_CLOCK_SKEW + SECOND) == ["taken_in_future"]
    assert codes(taken_at=NOW - timedelta(days=9999)) == []


def test_signals_add_up_and_each_has_a_weight_and_two_sentences() -> None:
    found = list(
        photo_signals(is_known_file=True, software="Photoshop", taken_at=NOW + timedelta(hours=1), now=NOW)
    )
    assert len({signal.code for signal in found}) == 3
    for signal in found:
        assert 0 < signal.weight <= 1
        assert signal.zh.endswith("。")
        assert signal.en.endswith(".")
        assert signal.as_json().keys() == {"code", "weight", "zh", "en"}


# Beside its ticket, and beside other pictures.

ALLOWED = PhotoTolerances(reach_m=100, age_max=timedelta(hours=24), same_bits=5, look_bits=10)
SPOT = Place(116.404, 39.915)
OFFICER, OTHER_OFFICER, MEMBER, COLLEAGUE = (UUID(int=number) for number in range(1, 5))
TICKET, OTHER_TICKET = UUID(int=11), UUID(int=12)
NOTHING = PicturePrint(None, None)


def picture(seed: int, *, tidy: bool = False, standpoint: int = 0) -> PicturePrint:
    """Return the print of a drawn street."""
    data = demo_picture(seed, taken_at=NOW, longitude=116.4, latitude=39.9, tidy=tidy, standpoint=standpoint)
    return read_print(data)


STREET, EDITED = picture(1), picture(1, tidy=True)
SEEN_AGAIN, TIDY_AGAIN = picture(1, standpoint=1), picture(1, tidy=True, standpoint=2)
ELSEWHERE = picture(2)


def story(**changes: Any) -> PhotoStory:  # noqa: ANN401  any field
    """Return a photo of a problem that an officer sent now."""
    facts: dict[str, Any] = {
        "id": uuid4(),
        "ticket_id": TICKET,
        "person_id": OFFICER,
        "purpose": Purpose.BEFORE,
        "sha256": uuid4().hex * 2,
        "received_at": NOW,
        "captured_at": None,
        "captured_place": None,
        "taken_at": None,
        "taken_place": None,
        "software": None,
        "print": NOTHING,
    }
    return PhotoStory(**{**facts, **changes})


def after(**changes: Any) -> PhotoStory:  # noqa: ANN401  any field
    """Return a photo of its repair that a unit sent an hour later."""
    told = {"purpose": Purpose.AFTER, "person_id": MEMBER, "received_at": NOW + timedelta(hours=1)}
    return story(**{**told, **changes})


def beside(photo: PhotoStory, *others: PhotoStory) -> list[str]:
    signals = picture_signals(photo, others, ALLOWED)
    for signal in signals:
        assert signal.other_photo_id in {other.id for other in others}
    return sorted(signal.code for signal in signals)


@pytest.mark.parametrize(
    ("before", "repair", "found"),
    [
        (STREET, STREET, ["after_same_as_before"]),
        (STREET, EDITED, ["after_edited_from_before"]),
        (STREET, TIDY_AGAIN, []),
        (STREET, ELSEWHERE, []),
        (NOTHING, STREET, []),
        (STREET, NOTHING, []),
    ],
    ids=["same", "edited", "honest", "different", "a wall before", "a wall after"],
)
@pytest.mark.parametrize("purpose", [Purpose.AFTER, Purpose.CHECK])
@pytest.mark.parametrize("shown_before", [Purpose.BEFORE, Purpose.EVIDENCE])
@pytest.mark.parametrize("hours", [1, -1], ids=["in order", "the other way round"])
def test_a_repair_is_laid_over_the_problem(
    before: PicturePrint,
    repair: PicturePrint,
    found: list[str],
    purpose: Purpose,
    shown_before: Purpose,
    hours: int,
) -> None:
    problem = story(print=before, purpose=shown_before)
    shown = after(print=repair, purpose=purpose, received_at=NOW + timedelta(hours=hours))
    assert beside(shown, problem) == found
    assert beside(problem, shown) == []


@pytest.mark.parametrize("way", list(Image.Transpose))
@pytest.mark.parametrize(
    ("picture", "code"), [(STREET, "after_same_as_before"), (EDITED, "after_edited_from_before")]
)
def test_a_picture_is_the_same_mirrored_or_turned(
    picture: PicturePrint, code: str, way: Image.Transpose
) -> None:
    assert picture.sketch is not None
    sketch = Image.frombytes("L", (SKETCH_SIDE, SKETCH_SIDE), picture.sketch).transpose(way)
    turned = PicturePrint(5, sketch.tobytes())
    (signal,) = picture_signals(after(print=turned), [story(print=STREET)], ALLOWED)
    assert (signal.code, "mirrored or turned" in signal.en, "镜像或旋转" in signal.zh) == (code, True, True)
    elsewhere = story(print=STREET, ticket_id=OTHER_TICKET)
    assert beside(after(print=turned), elsewhere) == ["picture_seen_before"]
    assert beside(after(print=turned), story(print=SEEN_AGAIN), story(print=ELSEWHERE)) == []


@pytest.mark.parametrize("minutes", [-1, None], ids=["not answered then", "never answered"])
def test_evidence_shows_the_problem_until_the_unit_has_answered_and_the_repair_from_then_on(
    minutes: int | None,
) -> None:
    problem = story(print=STREET)
    looked_at = NOW + timedelta(hours=3)
    evidence = story(
        print=STREET,
        purpose=Purpose.EVIDENCE,
        person_id=OTHER_OFFICER,
        received_at=looked_at,
        sha256="e" * 64,
    )
    (signal,) = picture_signals(evidence, [problem], ALLOWED, looked_at)
    assert signal.code == "after_same_as_before"
    assert picture_signals(problem, [evidence], ALLOWED, looked_at) == []
    repair = after(print=EDITED)
    (copied,) = picture_signals(evidence, [repair], ALLOWED, looked_at)
    assert copied.code == "picture_seen_before"
    later = None if minutes is None else looked_at - timedelta(minutes=minutes)
    assert picture_signals(evidence, [problem], ALLOWED, later) == []
    shown = after(print=STREET, received_at=looked_at + timedelta(hours=1))
    (same,) = picture_signals(shown, [evidence], ALLOWED, later)
    assert same.code == "after_same_as_before"


def test_a_sentence_leaves_open_that_the_camera_stood_on_a_tripod() -> None:
    (signal,) = picture_signals(after(print=EDITED), [story(print=STREET)], ALLOWED)
    assert "相机位置丝毫未动" in signal.zh
    assert "the camera never moved" in signal.en
    assert "mirrored" not in signal.en


def test_the_same_file_needs_no_picture_to_be_the_same() -> None:
    assert beside(after(sha256="a" * 64), story(sha256="a" * 64)) == ["after_same_as_before"]
    elsewhere = story(sha256="a" * 64, ticket_id=OTHER_TICKET)
    later = story(sha256="a" * 64, received_at=NOW + timedelta(days=9))
    assert beside(later, elsewhere) == ["file_seen_before"]
    assert beside(elsewhere, later) == []


def test_what_several_people_see_of_one_problem_is_as_it_should_be() -> None:
    for other in (OFFICER, OTHER_OFFICER):
        later = story(print=STREET, person_id=other, received_at=NOW + timedelta(hours=1))
        assert beside(later, story(print=STREET)) == []
    repair = after(print=TIDY_AGAIN)
    assert beside(after(print=TIDY_AGAIN, received_at=NOW + timedelta(hours=2)), repair) == []


def test_a_checker_or_colleague_who_sends_the_units_picture_is_odd_and_one_who_went_there_is_not() -> None:
    repair = after(print=TIDY_AGAIN)
    for person, purpose in ((OTHER_OFFICER, Purpose.CHECK), (COLLEAGUE, Purpose.AFTER)):
        told = {"person_id": person, "purpose": purpose, "received_at": NOW + timedelta(hours=2)}
        assert beside(story(print=TIDY_AGAIN, **told), repair) == ["picture_seen_before"]
        assert beside(story(print=picture(1, tidy=True, standpoint=3), **told), repair) == []


def test_a_picture_of_another_ticket_is_found_whole_or_edited_and_of_many_the_most_alike_is_named() -> None:
    earlier = [
        story(print=EDITED, ticket_id=OTHER_TICKET),
        story(print=STREET, ticket_id=OTHER_TICKET),
        story(print=ELSEWHERE, ticket_id=OTHER_TICKET),
    ]
    now = story(print=STREET, received_at=NOW + timedelta(days=3))
    (signal,) = picture_signals(now, earlier, ALLOWED)
    assert (signal.code, signal.other_photo_id) == ("picture_seen_before", earlier[1].id)
    assert beside(now, earlier[0]) == ["picture_seen_before"]
    assert beside(now, earlier[2]) == []


@pytest.mark.parametrize(
    ("bits", "found"),
    [(0, "very similar"), (5, "very similar"), (6, "is similar"), (10, "is similar"), (11, None)],
)
def test_hashes_alone_are_worth_a_look_up_to_the_policys_bits(bits: int, found: str | None) -> None:
    assert SEEN_AGAIN.phash is not None
    near = PicturePrint(SEEN_AGAIN.phash ^ (1 << bits) - 1, SEEN_AGAIN.sketch)
    other = PicturePrint(SEEN_AGAIN.phash, ELSEWHERE.sketch)  # built alike, and another shot
    earlier = story(print=other, ticket_id=OTHER_TICKET)
    signals = picture_signals(story(print=near, received_at=NOW + timedelta(days=1)), [earlier], ALLOWED)
    assert [signal.code for signal in signals] == (["picture_resembles"] if found else [])
    if found:
        assert found in signals[0].en


def spot(**changes: Any) -> TicketStory:  # noqa: ANN401  any field
    facts: dict[str, Any] = {"place": SPOT, "dispatched_at": NOW, "rectified_at": None, **changes}
    return TicketStory(**facts)


def at_ticket(photo: PhotoStory, ticket: TicketStory) -> list[str]:
    return [signal.code for signal in ticket_signals(photo, ticket, ALLOWED)]


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        (30, []),
        (0, []),
        (-5, []),
        (-6, ["taken_before_dispatch"]),
        (-25 * 60, ["taken_before_dispatch", "taken_long_ago"]),
    ],
)
def test_a_repair_can_not_be_seen_before_its_unit_was_sent(minutes: int, found: list[str]) -> None:
    assert at_ticket(after(taken_at=NOW + timedelta(minutes=minutes)), spot()) == found


def test_of_an_earlier_cycle_nothing_is_said() -> None:
    early = after(taken_at=NOW - timedelta(hours=3))
    assert at_ticket(early, spot(dispatched_at=NOW + timedelta(days=2))) == []
    assert at_ticket(early, spot(dispatched_at=None)) == []


def test_a_check_can_not_be_seen_before_the_repair() -> None:
    checked = after(purpose=Purpose.CHECK, taken_at=NOW + timedelta(minutes=10))
    assert at_ticket(checked, spot(rectified_at=NOW + timedelta(minutes=20))) == ["taken_before_repair"]
    assert at_ticket(checked, spot(rectified_at=NOW + timedelta(minutes=9))) == []


def test_a_phone_without_network_sends_late_and_is_not_odd() -> None:
    days = timedelta(days=5)
    late = story(received_at=NOW + days, taken_at=NOW, captured_at=NOW + SECOND)
    assert at_ticket(late, spot()) == []
    assert at_ticket(story(received_at=NOW + days, taken_at=NOW), spot()) == ["taken_long_ago"]


@pytest.mark.parametrize(("east", "found"), [(0.0011, []), (0.0012, ["taken_elsewhere"])])
@pytest.mark.parametrize("told", ["taken_place", "captured_place"])
def test_a_photo_is_taken_within_a_hundred_metres(east: float, found: list[str], told: str) -> None:
    # A ten-thousandth of a degree of longitude is 8.54 m here.
    assert at_ticket(story(**{told: Place(SPOT.longitude + east, SPOT.latitude)}), spot()) == found


def test_what_nobody_says_is_not_odd() -> None:
    assert at_ticket(story(), spot()) == []
    assert at_ticket(after(), spot()) == []
