"""What people look at: the right colours, and nothing about who made the picture."""

import re
import zlib

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from api.adapters.images import (
    make_copies,
)
from tests.adapters.picture_files import (
    PNG_SIGNATURE,
    RED,
    colour_profile,
    encoded,
    exif_block,
    jpeg_segment,
    noise,
    png_chunk,
    shown,
    shows,
    swapped_profile,
    with_segments,
)

SECRET = b"SECRET-OF-THE-REPORTER"


# Colours: whatever the file says in its own way comes out as the same sRGB.


def test_cmyk_becomes_rgb() -> None:
    copies = make_copies(encoded(Image.new("RGB", (50, 50), RED).convert("CMYK"), "JPEG"))
    assert shown(copies.screen).mode == "RGB"
    assert shows(copies.screen, RED)


def test_sixteen_bits_of_grey_are_scaled_and_not_clipped() -> None:
    copies = make_copies(encoded(Image.new("I;16", (50, 50), 128 * 257), "PNG"))
    assert shows(copies.screen, (128, 128, 128))


def test_sixteen_bits_of_colour_are_scaled() -> None:
    header = png_chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x10\2\0\0\0")
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0\x80\x00\x40\x00\xc0\x00"))
    data = PNG_SIGNATURE + header + pixels + png_chunk(b"IEND", b"")
    assert shows(make_copies(data).screen, (128, 64, 192))


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_black_and_white_grey_and_palettes_keep_their_look(mode: str) -> None:
    picture = Image.new("RGB", (50, 50), (255, 255, 255)).convert(mode)
    assert shows(make_copies(encoded(picture, "PNG")).screen, (255, 255, 255))


def test_what_is_transparent_lies_on_white() -> None:
    clear = Image.new("RGBA", (50, 50), (200, 0, 0, 0))
    half = Image.new("RGBA", (50, 50), (0, 0, 0, 128))
    grey = Image.new("LA", (50, 50), (0, 128))
    palette = Image.new("RGB", (50, 50), RED).quantize(2)
    index = palette.tobytes()[0]
    for data, wanted in (
        (encoded(clear, "PNG"), 255),
        (encoded(clear, "WEBP", lossless=True), 255),
        (encoded(clear, "HEIF", quality=-1), 255),
        (encoded(half, "PNG"), 127),
        (encoded(grey, "PNG"), 127),
        (encoded(palette, "PNG", transparency=index), 255),
        (encoded(Image.new("RGB", (50, 50), (9, 8, 7)), "PNG", transparency=(9, 8, 7)), 255),
    ):
        assert shows(make_copies(data).screen, (wanted, wanted, wanted))


def test_the_edge_of_something_transparent_gets_no_dark_rim_when_it_shrinks() -> None:
    picture = Image.new("RGBA", (3200, 100), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (0, 0, 1601, 100))
    low, _high = shown(make_copies(encoded(picture, "PNG")).screen).convert("L").getextrema()
    assert isinstance(low, int | float)
    assert low >= 250


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_another_colour_space_is_converted(kind: str) -> None:
    data = encoded(Image.new("RGB", (50, 50), (200, 30, 40)), kind, icc_profile=swapped_profile())
    assert shows(make_copies(data).screen, (40, 30, 200))


@pytest.mark.parametrize("profile", [colour_profile("LAB"), b"no profile at all" * 20, b"x"])
def test_a_profile_that_does_not_fit_is_dropped(profile: bytes) -> None:
    data = encoded(Image.new("RGB", (50, 50), RED), "JPEG", icc_profile=profile)
    assert shows(make_copies(data).screen, RED)


# What is served says nothing about who made it.


def rich_jpeg() -> bytes:
    block = exif_block({ExifTags.Base.Make: SECRET.decode(), ExifTags.Base.ImageDescription: SECRET.decode()})
    profile = colour_profile("sRGB")
    data = encoded(
        noise(900, 600), "JPEG", exif=block, icc_profile=profile, comment=SECRET, xmp=SECRET, dpi=(301, 302)
    )
    return with_segments(data, jpeg_segment(0xED, b"Photoshop 3.0\0" + SECRET), jpeg_segment(0xE7, SECRET))


def rich_png() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET.decode())
    texts.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    return encoded(
        noise(900, 600), "PNG", pnginfo=texts, exif=exif_block({ExifTags.Base.Make: SECRET.decode()})
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_copies_carry_nothing_but_pixels(kind: str) -> None:
    if kind == "JPEG":
        data = rich_jpeg()
    elif kind == "PNG":
        data = rich_png()
    else:
        data = encoded(
            noise(900, 600), kind, exif=exif_block({ExifTags.Base.Make: SECRET.decode()}), xmp=SECRET
        )
    assert SECRET in data
    for copy in make_copies(data):
        picture = shown(copy)
        assert not picture.getexif()
        assert set(picture.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }
        assert picture.info["jfif_density"] == (1, 1)
        assert SECRET not in copy
        # Compressed pixels may spell a short word by chance, so words are looked for before them.
        headers = copy[: copy.index(b"\xff\xda")]
        for trace in (b"Exif", b"ICC_PROFILE", b"http", b"Photoshop", b"MPF"):
            assert trace not in headers
        assert not re.search(rb"\xff[\xe1-\xef\xfe]", headers), "application segments or comments"
