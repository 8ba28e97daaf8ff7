"""The drawn street scenes of the demo."""

from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from api.adapters.demo_pictures import HEIGHT, WIDTH, demo_picture
from api.adapters.images import read_image
from api.domain.geo import PlaceOutsideEarth

CHINA = timezone(timedelta(hours=8))
MORNING = datetime(2026, 11, 22, 9, 31, 5, tzinfo=CHINA)


def picture(
    seed: int, *, tidy: bool = False, taken_at: datetime = MORNING, longitude: float = 116.40424
) -> bytes:
    return demo_picture(seed, taken_at=taken_at, longitude=longitude, latitude=39.91512, tidy=tidy)


@pytest.mark.parametrize("tidy", [True, False])
def test_a_picture_is_small_and_passes_as_a_camera_s(*, tidy: bool) -> None:
    for seed in range(12):
        data = picture(seed, tidy=tidy)
        facts = read_image(data, declared_type="image/jpeg", default_zone=UTC)
        assert (facts.width, facts.height) == (WIDTH, HEIGHT)
        assert len(data) <= 60_000
        assert facts.taken_at is not None
        assert (facts.taken_at, facts.taken_at.utcoffset()) == (MORNING, timedelta(hours=8))
        assert facts.place is not None
        assert (facts.place.longitude, facts.place.latitude) == pytest.approx((116.40424, 39.91512), abs=1e-7)
        assert (facts.make, facts.model) == ("GridPatrol", "Demo camera")


def test_the_same_seed_draws_the_same_picture_and_another_seed_another() -> None:
    assert picture(3) == picture(3)
    assert len({picture(seed) for seed in range(20)}) == 20


def test_tidying_changes_the_clutter_and_leaves_the_street() -> None:
    for seed in range(12):
        before, after = (Image.open(BytesIO(picture(seed, tidy=tidy))).convert("L") for tidy in (False, True))
        difference = ImageChops.difference(before, after)
        box = difference.point([0] * 40 + [255] * 216).getbbox()
        assert box is not None
        assert box[1] > 150, "above the clutter nothing changes"
        share = sum(difference.histogram()[40:]) / (WIDTH * HEIGHT)
        assert 0.01 < share < 0.25


def test_a_naive_time_and_a_place_off_the_earth_are_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        picture(1, taken_at=MORNING.replace(tzinfo=None))
    with pytest.raises(PlaceOutsideEarth):
        picture(1, longitude=181)
