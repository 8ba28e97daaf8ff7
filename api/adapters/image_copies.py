"""The copies that people look at: upright, sRGB, opaque, and with nothing in them but pixels."""

from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageCms

from api.adapters.image_prints import print_of
from api.domain.pictures import PicturePrint

THUMB_SIDE, SCREEN_SIDE = 320, 1600
"""Longest sides in pixels. A smaller picture keeps its size."""

THUMB_QUALITY, SCREEN_QUALITY = 80, 85

MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""Longer colour profiles are dropped; the largest of printing presses have about 2.7 MB."""

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  untyped in Pillow
_WHITE = (255, 255, 255)
_DIRECT_MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
_TRANSPOSE = Image.Transpose
_TURNS = {
    2: _TRANSPOSE.FLIP_LEFT_RIGHT,
    3: _TRANSPOSE.ROTATE_180,
    4: _TRANSPOSE.FLIP_TOP_BOTTOM,
    5: _TRANSPOSE.TRANSPOSE,
    6: _TRANSPOSE.ROTATE_270,
    7: _TRANSPOSE.TRANSVERSE,
    8: _TRANSPOSE.ROTATE_90,
}


class Copies(NamedTuple):
    """Progressive JPEG files without metadata."""

    thumb: bytes
    screen: bytes


def draw_copies(image: Image.Image, orientation: int) -> tuple[Copies, PicturePrint]:
    """Draw both copies of a decoded picture, turned as the Exif `orientation` (1..8) asks; return its print, too.

    The thumb is made from the screen copy, and the print from the thumb. Works on the small picture as early as it
    can: turning, flattening and colour conversion never see the full one.
    """
    profile = image.info.get("icc_profile")
    screen = _shrink(_direct(image), SCREEN_SIDE)
    screen = _to_srgb(_opaque(screen), profile)
    if orientation in _TURNS:
        screen = screen.transpose(_TURNS[orientation])
    thumb = _shrink(screen, THUMB_SIDE)
    copies = Copies(thumb=_encode(thumb, THUMB_QUALITY), screen=_encode(screen, SCREEN_QUALITY))
    return copies, print_of(thumb)


def fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return `size` scaled down until no side is longer than `longest`; never up, never below one pixel."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _direct(image: Image.Image) -> Image.Image:
    """Return the picture in a mode whose values are colours, so that it can be resampled."""
    if image.mode.startswith("I"):
        # 16 bits of grey. Pillow clips them to 255 instead of scaling, hence the detour.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode not in {"LA", "RGBA"} and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in _DIRECT_MODES:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _shrink(image: Image.Image, longest: int) -> Image.Image:
    size = fit(image.size, longest)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode not in {"LA", "RGBA"}:
        return image
    with_alpha = image.convert("RGBA")
    paper = Image.new("RGB", image.size, _WHITE)
    paper.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return paper


def _to_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Convert to sRGB by the embedded profile; without a usable one the numbers are taken as sRGB already."""
    if isinstance(profile, bytes) and len(profile) <= MAX_PROFILE_BYTES:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if not ImageCms.getProfileDescription(source).startswith("sRGB"):
                converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
                if converted is not None:
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            # A broken profile, or one for other channels than the picture has. Colours may be
            # slightly off then; refusing a proof for that would help nobody.
            pass
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")


def _encode(image: Image.Image, quality: int) -> bytes:
    # The encoder copies comments and densities from `info`, which came from the original.
    image.info = {}
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality, progressive=True, optimize=True)
    return buffer.getvalue()
