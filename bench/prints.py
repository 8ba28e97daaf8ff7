"""How often a copied or doctored picture is found, and how often an honest one is suspected.

    python -m bench prints [streets]

All pictures are drawn by `api.adapters.demo_pictures`, so that the truth is known: each street cluttered and tidied
up, with the grain of a sensor. What is done to them is what people do: save, shrink, brighten, cut, paint over, film
anew. It says what the method tells apart, not how often real people cheat, nor how alike real streets are: drawn ones
are flatter than photographs, and all of one style.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID

from PIL import Image, ImageChops, ImageEnhance

from api.adapters.demo_pictures import demo_picture, seen_from
from api.adapters.images import read_print
from api.domain.evidence import Purpose
from api.domain.pictures import PicturePrint, distance_bits
from api.domain.signal_photos import PhotoStory, PhotoTolerances
from api.domain.signal_pictures import picture_signals
from api.domain.signals import SignalKind

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
ALLOWED = PhotoTolerances(reach_m=100, age_max=timedelta(hours=24), same_bits=5, look_bits=10)
TICKET, OTHER_TICKET, OFFICER, MEMBER = (UUID(int=number) for number in range(1, 5))


def street(seed: int, *, tidy: bool = False) -> Image.Image:
    """Return a street in front of a sensor."""
    data = demo_picture(seed, taken_at=NOW, longitude=116.4, latitude=39.9, tidy=tidy)
    return Image.open(BytesIO(data)).convert("RGB")


def shot(picture: Image.Image, grain: float = 12, quality: int = 85) -> bytes:
    """Return the file that a camera writes: with a grain of its own each time."""
    noise = Image.effect_noise(picture.size, grain).convert("RGB")
    grained = ImageChops.add(picture, noise, 1, -128)
    return saved(grained, quality)


def saved(picture: Image.Image, quality: int) -> bytes:
    """Return a picture as JPEG."""
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def cut(picture: Image.Image, share: float, place: random.Random) -> Image.Image:
    """Return a part with so much of both sides, anywhere in the picture."""
    width, height = (round(side * share) for side in picture.size)
    left, upper = place.randrange(picture.width - width + 1), place.randrange(picture.height - height + 1)
    return picture.crop((left, upper, left + width, upper + height))


@dataclass(frozen=True, slots=True)
class Pair:
    """A street's seed, and the picture that is there already."""

    seed: int
    before: Image.Image
    place: random.Random

    def opened(self) -> Image.Image:
        """Return that picture, ready to be changed."""
        return self.before.copy()

    def painted(self) -> Image.Image:
        """Return it with the clutter painted over: outside of that it is the very same to the pixel."""
        tidy = street(self.seed, tidy=True)
        box = ImageChops.difference(street(self.seed), tidy).getbbox() or (0, 0, 1, 1)
        copy = self.opened()
        copy.paste(tidy.crop(box), box)
        return copy

    def patched(self) -> Image.Image:
        """Return it with a patch of a twentieth of the picture in one colour."""
        copy = self.opened()
        side = round((copy.width * copy.height / 20) ** 0.5)
        left, upper = self.place.randrange(copy.width - side), self.place.randrange(copy.height - side)
        copy.paste((150, 148, 142), (left, upper, left + side, upper + side))
        return copy


Change = Callable[[Pair], bytes]

COPIES: dict[str, Change] = {
    "saved anew, quality 85": lambda pair: saved(pair.opened(), 85),
    "saved anew, quality 40": lambda pair: saved(pair.opened(), 40),
    "saved anew, quality 15": lambda pair: saved(pair.opened(), 15),
    "shrunk to 400 px": lambda pair: saved(pair.opened().resize((400, 300)), 80),
    "brightened by 20 %": lambda pair: saved(ImageEnhance.Brightness(pair.opened()).enhance(1.2), 85),
    "brightened by 50 %": lambda pair: saved(ImageEnhance.Brightness(pair.opened()).enhance(1.5), 85),
    "darkened by 40 %": lambda pair: saved(ImageEnhance.Brightness(pair.opened()).enhance(0.6), 85),
    "in grey": lambda pair: saved(pair.opened().convert("L"), 85),
    "cut to 95 % of each side": lambda pair: saved(cut(pair.opened(), 0.95, pair.place), 85),
    "cut to 90 %": lambda pair: saved(cut(pair.opened(), 0.9, pair.place), 85),
    "cut to 80 %": lambda pair: saved(cut(pair.opened(), 0.8, pair.place), 85),
    "cut to 70 %": lambda pair: saved(cut(pair.opened(), 0.7, pair.place), 85),
    "mirrored": lambda pair: saved(pair.opened().transpose(Image.Transpose.FLIP_LEFT_RIGHT), 85),
    "turned on its side": lambda pair: saved(pair.opened().transpose(Image.Transpose.ROTATE_90), 85),
    "a twentieth patched over": lambda pair: saved(pair.patched(), 85),
    "clutter painted over": lambda pair: saved(pair.painted(), 85),
    "painted over and darkened": lambda pair: saved(ImageEnhance.Brightness(pair.painted()).enhance(0.8), 60),
    "painted over and mirrored": lambda pair: saved(
        pair.painted().transpose(Image.Transpose.FLIP_LEFT_RIGHT), 75
    ),
    "painted over and cut to 90 %": lambda pair: saved(cut(pair.painted(), 0.9, pair.place), 75),
    "filmed from a screen (askew, grain)": lambda pair: shot(
        seen_from(pair.opened(), f"screen/{pair.seed}"), 20, 70
    ),
}
"""What is one shot, whatever was done to it."""

HONEST: dict[str, Change] = {
    "the repaired street, from elsewhere": lambda pair: shot(
        seen_from(street(pair.seed, tidy=True), f"again/{pair.seed}")
    ),
    "the cluttered street, from elsewhere": lambda pair: shot(
        seen_from(street(pair.seed), f"once more/{pair.seed}")
    ),
    "the repaired street, camera on a tripod": lambda pair: shot(street(pair.seed, tidy=True)),
    "another street": lambda pair: shot(street(pair.seed + 100_000)),
}
"""What is another shot."""


def story(found: PicturePrint, ticket: UUID, purpose: Purpose, person: UUID, number: int) -> PhotoStory:
    """Return a photo of which nothing else is known."""
    at = NOW + timedelta(hours=number)
    return PhotoStory(
        UUID(int=1000 + number),
        ticket,
        person,
        purpose,
        f"{number:064}",
        at,
        None,
        None,
        None,
        None,
        None,
        found,
    )


def told(before: PicturePrint, later: PicturePrint) -> tuple[set[SignalKind], set[SignalKind]]:
    """Return what is said of a picture as that of the repair, and as one of another ticket."""
    repair = picture_signals(
        story(later, TICKET, Purpose.AFTER, MEMBER, 1),
        [story(before, TICKET, Purpose.BEFORE, OFFICER, 0)],
        ALLOWED,
    )
    elsewhere = picture_signals(
        story(later, OTHER_TICKET, Purpose.BEFORE, OFFICER, 1),
        [story(before, TICKET, Purpose.BEFORE, OFFICER, 0)],
        ALLOWED,
    )
    return {signal.code for signal in repair}, {signal.code for signal in elsewhere}


def row(name: str, change: Change, streets: int) -> str:
    """Return a line of the table: shares of the streets."""
    count: Counter[str] = Counter()
    for seed in range(streets):
        first = shot(street(seed))
        pair = Pair(seed, Image.open(BytesIO(first)).convert("RGB"), random.Random(f"{name}/{seed}"))
        before, later = read_print(first), read_print(change(pair))
        assert before.phash is not None  # noqa: S101  a street shows something
        assert later.phash is not None  # noqa: S101  the same
        apart = distance_bits(before.phash, later.phash)
        count["same"] += apart <= ALLOWED.same_bits
        count["look"] += ALLOWED.same_bits < apart <= ALLOWED.look_bits
        repair, elsewhere = told(before, later)
        count["repair"] += bool(repair)
        count["heavy"] += bool(elsewhere - {SignalKind.PICTURE_RESEMBLES})
        count["any"] += bool(elsewhere)
    shares = " | ".join(
        f"{100 * count[key] / streets:.0f} %" for key in ("same", "look", "repair", "heavy", "any")
    )
    return f"| {name} | {shares} |"


def main() -> None:
    """Print the table."""
    streets = max(1, int(sys.argv[1])) if len(sys.argv) > 1 else 100
    print(f"{streets} drawn streets\n")
    print(
        "| picture | hash within 5 bits | 6 to 10 | signal as after-photo | signal on another ticket | with a mere"
        " likeness |"
    )
    print("|---|---|---|---|---|---|")
    for title, changes in (("**copies: found**", COPIES), ("**honest: suspected**", HONEST)):
        print(f"| {title} | | | | | |")
        for name, change in changes.items():
            print(row(name, change, streets), flush=True)


if __name__ == "__main__":
    main()
