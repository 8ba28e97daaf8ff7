"""Make a JPEG to try uploads with: `make_photo.py before.jpg`, or `make_photo.py after.jpg --tidy`.

A street with a fruit stall on the pavement, or without it. No two pictures are the same file: one that was
uploaded before raises a signal.
"""

import argparse
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

SIZE = (960, 720)
PAVEMENT_Y, ROAD_Y = 420, 560


def photo(*, tidy: bool = False, random: Random | None = None) -> bytes:
    """Return a JPEG of 960 x 720 px; `tidy` leaves the stall away. It says nothing of time, place or camera."""
    chance = random or Random()  # noqa: S311  a picture, not a secret
    image = Image.new("RGB", SIZE, (188, 208, 228))
    draw = ImageDraw.Draw(image)
    shade = chance.randint(0, 40)
    draw.rectangle((0, 60, SIZE[0], PAVEMENT_Y), fill=(196 - shade, 176 - shade, 150 - shade))
    draw.rectangle((0, PAVEMENT_Y, SIZE[0], ROAD_Y), fill=(168, 166, 160))
    draw.rectangle((0, ROAD_Y, SIZE[0], SIZE[1]), fill=(84, 86, 90))
    if not tidy:
        _draw_stall(draw, chance)
    # Grain, as every camera has it.
    grain = Image.frombytes("L", SIZE, chance.randbytes(SIZE[0] * SIZE[1])).convert("RGB")
    buffer = BytesIO()
    Image.blend(image, grain, 0.06).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _draw_stall(draw: ImageDraw.ImageDraw, chance: Random) -> None:
    left = chance.randint(240, 480)
    draw.rectangle((left, 400, left + 260, 520), fill=(122, 84, 52))
    draw.polygon(
        ((left - 30, 300), (left + 290, 300), (left + 250, 230), (left + 10, 230)), fill=(196, 40, 40)
    )
    for _ in range(60):
        x, y = left + chance.randint(0, 250), chance.randint(376, 404)
        colour = chance.choice(((226, 130, 24), (196, 40, 40), (120, 160, 50), (236, 204, 66)))
        draw.ellipse((x, y, x + 16, y + 16), fill=colour)


def main() -> None:
    """Write a picture to the file that is named."""
    parser = argparse.ArgumentParser(description="Make a JPEG to try uploads with.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--tidy", action="store_true", help="the street after the repair")
    arguments = parser.parse_args()
    file: Path = arguments.file
    file.write_bytes(photo(tidy=arguments.tidy))


if __name__ == "__main__":
    main()
