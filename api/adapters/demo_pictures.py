"""Drawn street scenes with the traces of a camera, for the demo street and for tests.

Nobody's photo can be published with a project; these can. A seed settles the street: with clutter and
tidied up it is the same street from the same spot, as a repair shows it before and after.
"""

import math
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from random import Random

from PIL import ExifTags, Image, ImageDraw, ImageEnhance, ImageFilter

from api.domain.geo import Place

WIDTH, HEIGHT = 800, 600
_PAVEMENT, _KERB, _ROAD = 350, 410, 425
_QUALITY = 78
_MAKE, _MODEL = "GridPatrol", "Demo camera"

_Colour = tuple[int, int, int]
_SKIES = ((176, 204, 232), (203, 214, 222), (150, 188, 226), (226, 214, 196))
_WALLS = (
    (206, 190, 168),
    (188, 176, 170),
    (168, 124, 104),
    (214, 206, 190),
    (150, 160, 168),
    (196, 158, 122),
)
_SIGNS = ((186, 40, 36), (24, 92, 150), (28, 120, 74), (212, 148, 28), (92, 60, 130))
_LEAVES = ((70, 112, 60), (88, 128, 66), (60, 98, 72))
_BAGS = ((44, 46, 50), (222, 222, 216), (62, 84, 120), (204, 60, 52))
_FRUIT = ((226, 130, 24), (196, 40, 40), (120, 160, 50), (236, 204, 66))


def demo_picture(
    seed: int,
    *,
    taken_at: datetime,
    longitude: float,
    latitude: float,
    tidy: bool,
    standpoint: int = 0,
) -> bytes:
    """Return a JPEG of 800 x 600 px and at most 60 kB; the same arguments give the same bytes.

    Another `standpoint` is a few steps away from the first, in another light.

    `taken_at` must be aware; it is written as local time with its offset. `tidy` leaves out what an officer
    would report. Raises `ValueError` for a naive time and a `GeoError` for no place on the earth.
    """
    exif = _exif(taken_at, Place(longitude, latitude))
    buffer = BytesIO()
    # A copy: writing leaves marks on the picture, and threads share the one that is kept.
    scene = _scene(seed, tidy=tidy)
    seen = (
        scene.copy() if standpoint == 0 else _held(seen_from(scene, f"{seed}/{standpoint}"), seed, standpoint)
    )
    seen.save(buffer, "JPEG", quality=_QUALITY, exif=exif)
    return buffer.getvalue()


def seen_from(scene: Image.Image, standpoint: str) -> Image.Image:
    """Return what a camera sees that was carried away and back: nearly the same view, nothing where it was before.

    The corners move by 1 to 5 % of the picture, each by itself, as they do when a wall is seen from elsewhere; the
    light is another.
    """
    random = Random(standpoint)  # noqa: S311  a drawing
    width, height = scene.size

    def moved(side: int) -> float:
        return random.uniform(0.01, 0.05) * side

    corners = (
        *(moved(width), moved(height)),
        *(moved(width), height - moved(height)),
        *(width - moved(width), height - moved(height)),
        *(width - moved(width), moved(height)),
    )
    view = scene.transform(scene.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    return ImageEnhance.Brightness(view).enhance(random.uniform(0.85, 1.15))


def _held(view: Image.Image, seed: int, standpoint: int) -> Image.Image:
    """Return a view as a hand holds a camera: never twice at the same slant."""
    random = Random(f"{seed}/{standpoint}/held")  # noqa: S311  a drawing
    slant = random.uniform(2.0, 5.0) * random.choice((-1, 1))
    # What turns into the corners from outside is cut off.
    left, top = round(0.05 * WIDTH), round(0.06 * HEIGHT)
    turned = view.rotate(slant, Image.Resampling.BICUBIC)
    return turned.resize(view.size, Image.Resampling.BICUBIC, (left, top, WIDTH - left, HEIGHT - top))


# A repair and its check show the same scene within hours, and drawing takes ten times as long as writing.
@lru_cache(maxsize=32)
def _scene(seed: int, *, tidy: bool) -> Image.Image:
    street = Random(seed)  # noqa: S311  a drawing
    canvas = Image.new("RGB", (WIDTH, HEIGHT), street.choice(_SKIES))
    draw = ImageDraw.Draw(canvas)
    _draw_houses(draw, street)
    _draw_ground(draw, street)
    _draw_trees(draw, street)
    if not tidy:
        _draw_clutter(draw, street)
    return canvas.filter(ImageFilter.SMOOTH)


def _draw_houses(draw: ImageDraw.ImageDraw, street: Random) -> None:
    left = -street.randrange(80)
    while left < WIDTH:
        width, top = street.randrange(110, 230), street.randrange(20, 150)
        wall = street.choice(_WALLS)
        draw.rectangle((left, top, left + width, _PAVEMENT), fill=wall)
        draw.rectangle((left, top, left + width, top + 8), fill=_shade(wall, 0.75))
        step = street.randrange(34, 52)
        for row in range(top + 26, 250, step):
            for column in range(left + 16, left + width - 24, step):
                glass = _shade((120, 150, 176), street.uniform(0.6, 1.25))
                draw.rectangle((column, row, column + 20, row + 24), fill=glass, outline=_shade(wall, 0.6))
        # The ground floor is a shop: a sign, a door, a window.
        sign = street.choice(_SIGNS)
        draw.rectangle((left + 4, 262, left + width - 6, 288), fill=sign)
        for letter in range(left + 16, left + width - 30, 22):
            draw.rectangle((letter, 268, letter + 14, 282), fill=_shade(sign, 1.9))
        draw.rectangle((left + 10, 292, left + width - 46, _PAVEMENT), fill=_shade((90, 104, 112), 1.1))
        draw.rectangle((left + width - 40, 292, left + width - 12, _PAVEMENT), fill=_shade(wall, 0.45))
        left += width + street.choice((0, 0, 14))


def _draw_ground(draw: ImageDraw.ImageDraw, street: Random) -> None:
    paving = _shade((176, 170, 162), street.uniform(0.9, 1.08))
    draw.rectangle((0, _PAVEMENT, WIDTH, _KERB), fill=paving)
    for column in range(-200, WIDTH + 200, 44):
        lean = (column - WIDTH // 2) // 5
        draw.line((column, _PAVEMENT, column + lean, _KERB), fill=_shade(paving, 0.88))
    draw.rectangle((0, _KERB, WIDTH, _ROAD), fill=(138, 136, 132))
    draw.rectangle((0, _ROAD, WIDTH, HEIGHT), fill=_shade((92, 94, 98), street.uniform(0.85, 1.1)))
    for _ in range(90):
        column, row = street.randrange(WIDTH), street.randrange(_ROAD, HEIGHT)
        draw.line(
            (column, row, column + street.randrange(4, 26), row),
            fill=_shade((88, 90, 94), street.uniform(0.8, 1.2)),
        )
    for column in range(street.randrange(120) - 120, WIDTH, 190):
        draw.polygon(
            ((column, 505), (column + 96, 505), (column + 104, 518), (column - 4, 518)), fill=(224, 222, 210)
        )


def _draw_trees(draw: ImageDraw.ImageDraw, street: Random) -> None:
    for _ in range(street.randrange(1, 4)):
        column = street.randrange(40, WIDTH - 40)
        draw.rectangle((column - 6, 230, column + 6, 392), fill=(96, 76, 58))
        leaf = street.choice(_LEAVES)
        for _ in range(14):
            across, down, size = (
                street.randrange(-56, 56),
                street.randrange(-70, 40),
                street.randrange(18, 40),
            )
            spot = (column + across - size, 190 + down - size, column + across + size, 190 + down + size)
            draw.ellipse(spot, fill=_shade(leaf, street.uniform(0.8, 1.2)))


def _draw_clutter(draw: ImageDraw.ImageDraw, street: Random) -> None:
    middle = street.randrange(180, WIDTH - 180)
    draw_one = street.choice((_draw_stall, _draw_bags, _draw_bicycles))
    draw_one(draw, street, middle)
    for _ in range(street.randrange(10, 24)):  # litter around it
        column, row = middle + street.randrange(-170, 170), street.randrange(400, 500)
        size = street.randrange(3, 9)
        draw.rectangle((column, row, column + size * 2, row + size), fill=street.choice(_BAGS))


def _draw_stall(draw: ImageDraw.ImageDraw, street: Random, middle: int) -> None:
    """Draw a fruit stall under an umbrella on the pavement."""
    draw.rectangle((middle - 4, 270, middle + 4, 430), fill=(70, 70, 74))
    canopy = street.choice(_SIGNS)
    for part in range(6):
        start, shade = middle - 132 + part * 44, 1.0 if part % 2 else 1.5
        draw.polygon(((middle, 212), (start, 284), (start + 44, 284)), fill=_shade(canopy, shade))
    draw.rectangle((middle - 124, 378, middle + 124, 438), fill=(134, 98, 64))
    for crate in range(4):
        fruit = street.choice(_FRUIT)
        for _ in range(34):
            column, row = middle - 116 + crate * 60 + street.randrange(46), 352 + street.randrange(24)
            draw.ellipse((column, row, column + 12, row + 12), fill=_shade(fruit, street.uniform(0.8, 1.2)))


def _draw_bags(draw: ImageDraw.ImageDraw, street: Random, middle: int) -> None:
    """Draw a heap of rubbish bags at the kerb."""
    for place in sorted(street.randrange(380, 440) for _ in range(16)):
        column, size = middle + street.randrange(-120, 120), street.randrange(26, 46)
        bag = _shade(street.choice(_BAGS), street.uniform(0.8, 1.1))
        draw.ellipse(
            (column - size, place - size, column + size, place + size // 2),
            fill=bag,
            outline=_shade(bag, 0.6),
        )
        draw.polygon(
            ((column - 6, place - size), (column + 6, place - size), (column, place - size - 12)),
            fill=_shade(bag, 0.7),
        )


def _draw_bicycles(draw: ImageDraw.ImageDraw, street: Random, middle: int) -> None:
    """Draw shared bicycles left in a heap across the pavement."""
    for _ in range(8):
        column, row = middle + street.randrange(-150, 130), street.randrange(376, 426)
        paint = street.choice(((242, 200, 20), (40, 150, 210), (60, 180, 90)))
        turn = street.uniform(-0.7, 0.7)
        reach, rise = round(70 * math.cos(turn)), round(70 * math.sin(turn))
        for wheel in ((column, row), (column + reach, row + rise)):
            draw.ellipse(
                (wheel[0] - 26, wheel[1] - 26, wheel[0] + 26, wheel[1] + 26), outline=(30, 30, 32), width=4
            )
        saddle = (column + reach // 3, row + rise // 3 - 44)
        draw.line(
            (column, row, *saddle, column + reach, row + rise, column + reach // 2, row), fill=paint, width=6
        )
        draw.line((column, row, column + reach // 2, row + 4), fill=paint, width=6)
        draw.rectangle((saddle[0] - 12, saddle[1] - 6, saddle[0] + 12, saddle[1]), fill=(30, 30, 32))


def _shade(colour: _Colour, factor: float) -> _Colour:
    red, green, blue = (min(255, round(part * factor)) for part in colour)
    return red, green, blue


def _exif(taken_at: datetime, place: Place) -> Image.Exif:
    offset = taken_at.strftime("%z")
    if not offset:
        raise ValueError("the time of a picture needs an offset")
    written = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = _MAKE
    exif[ExifTags.Base.Model] = _MODEL
    exif[ExifTags.Base.DateTime] = written
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = written
    details[ExifTags.Base.OffsetTimeOriginal] = f"{offset[:3]}:{offset[3:5]}"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "S" if place.latitude < 0 else "N"
    gps[ExifTags.GPS.GPSLatitude] = _sexagesimal(place.latitude)
    gps[ExifTags.GPS.GPSLongitudeRef] = "W" if place.longitude < 0 else "E"
    gps[ExifTags.GPS.GPSLongitude] = _sexagesimal(place.longitude)
    gps[ExifTags.GPS.GPSMapDatum] = "WGS-84"
    return exif


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    """Degrees, minutes and seconds; the seconds to a ten-thousandth, which is 3 mm."""
    ten_thousandths = round(abs(degrees) * 3600 * 10_000)
    minutes, rest = divmod(ten_thousandths, 60 * 10_000)
    return float(minutes // 60), float(minutes % 60), rest / 10_000
