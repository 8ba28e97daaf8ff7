"""Pictures from outside: checked before decoding, decoded once, and turned into facts and copies.

Order matters. Bytes are counted, then the skeleton of the file is walked (`image_headers`), then pixels are
counted, and only then a decoder sees the file. The decoder is chosen by content and called directly, so
that none of Pillow's other formats can be reached from outside.

Accepted are JPEG (of a multi-picture file, MPO, the first picture), PNG, WebP and HEIC (the primary
picture). Animations are refused rather than cut to a frame: which of the frames would be the proof?

What can't be told: a JPEG that was cut and then given a new end marker, or a WebP or HEIC whose end was
overwritten with zeros, may decode without complaint, because these formats carry no checksum.
"""

import hashlib
from datetime import UTC, tzinfo
from io import BytesIO

from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif.as_plugin import HeifImageFile

from api.adapters import image_headers
from api.adapters.exif import ExifFacts, read_exif
from api.adapters.image_copies import SCREEN_SIDE, THUMB_SIDE, Copies, draw_copies, fit
from api.adapters.image_facts import DEFAULT_LIMITS, ImageFacts, ImageLimits, ProcessedImage
from api.adapters.image_refusals import (
    ImageAnimated,
    ImageBomb,
    ImageDamaged,
    ImageRefused,
    ImageTooLarge,
    ImageTooManyPixels,
    ImageTruncated,
    ImageTypeMismatch,
    ImageTypeUnsupported,
    NotAnImage,
)
from api.domain.pictures import PicturePrint

__all__ = [
    "DEFAULT_LIMITS",
    "Copies",
    "ImageAnimated",
    "ImageBomb",
    "ImageDamaged",
    "ImageFacts",
    "ImageLimits",
    "ImageRefused",
    "ImageTooLarge",
    "ImageTooManyPixels",
    "ImageTruncated",
    "ImageTypeMismatch",
    "ImageTypeUnsupported",
    "NotAnImage",
    "ProcessedImage",
    "make_copies",
    "process_image",
    "read_image",
    "read_print",
]

_DECODERS: dict[str, type[ImageFile.ImageFile]] = {
    image_headers.JPEG: JpegImageFile,
    image_headers.PNG: PngImageFile,
    image_headers.WEBP: WebPImageFile,
    image_headers.HEIC: HeifImageFile,
}

_WORDS: tuple[tuple[type[ImageRefused], tuple[str, ...]], ...] = (
    (ImageBomb, ("decompressed data too large", "text chunks", "security limit")),
    (ImageTruncated, ("truncated", "end of file")),
)
"""Decoders say only in words what went wrong; tests hold these words against the libraries in use."""


def read_image(
    data: bytes, *, declared_type: str | None, default_zone: tzinfo, limits: ImageLimits = DEFAULT_LIMITS
) -> ImageFacts:
    """Return the facts of a picture that is complete and decodes, else raise a subclass of `ImageRefused`.

    `declared_type` is the media type that the sender gave, None if none. Exif times without an offset are
    taken to be in `default_zone`. Broken Exif is no reason to refuse: what can't be read is None.
    """
    opened = _Opened(data, declared_type, limits, THUMB_SIDE)
    return opened.facts(default_zone)


def make_copies(data: bytes, *, limits: ImageLimits = DEFAULT_LIMITS) -> Copies:
    """Return thumb and screen copy of a picture; raises as `read_image` does."""
    opened = _Opened(data, None, limits, SCREEN_SIDE)
    return draw_copies(opened.image, opened.exif().orientation)[0]


def read_print(data: bytes, *, limits: ImageLimits = DEFAULT_LIMITS) -> PicturePrint:
    """Return the print of a picture, or of a copy of one; raises as `read_image` does."""
    opened = _Opened(data, None, limits, SCREEN_SIDE)
    return draw_copies(opened.image, opened.exif().orientation)[1]


def process_image(
    data: bytes, *, declared_type: str | None, default_zone: tzinfo, limits: ImageLimits = DEFAULT_LIMITS
) -> ProcessedImage:
    """Return facts, copies and print with a single decoding; arguments and errors as for `read_image`.

    Measured beside the file itself: about 30 MB for a phone's JPEG of any size, 6 bytes per pixel for a progressive
    one, 7 for HEIC, and at worst 17 for a WebP with transparency: 0.2 GB at 12 megapixels, 0.9 GB at 50. What comes
    from outside is therefore decoded in a process with a bound (`image_processes`).
    """
    opened = _Opened(data, declared_type, limits, SCREEN_SIDE)
    facts = opened.facts(default_zone)
    copies, picture_print = draw_copies(opened.image, facts.orientation)
    return ProcessedImage(facts, copies.thumb, copies.screen, picture_print)


class _Opened:
    """A picture that passed every check and is decoded, at a reduced size where the format can do that."""

    def __init__(self, data: bytes, declared_type: str | None, limits: ImageLimits, side: int) -> None:
        """`side` is the longest side in pixels that is still needed."""
        if len(data) > limits.max_bytes:
            raise ImageTooLarge(f"{len(data)} bytes; at most {limits.max_bytes} are taken")
        header = image_headers.read_header(data)
        if not image_headers.keeps_declaration(header.media_type, declared_type):
            raise ImageTypeMismatch(f"the content is {header.media_type}")
        if header.size:
            _check_pixels(header.size, limits)
        self._data = data
        self._media_type = header.media_type
        try:
            self.image = _DECODERS[header.media_type](BytesIO(data))
            self._size = self.image.size
            _check_pixels(self._size, limits)
            if isinstance(self.image, JpegImageFile):
                # Decodes at 1/2, 1/4 or 1/8: several times faster, and every byte is still read.
                self.image.draft(None, fit(self._size, side))
            self.image.load()
        except (ImageRefused, MemoryError):
            raise
        except Exception as error:
            # Decoders raise nearly anything on hostile bytes; whatever it is, the picture is the reason.
            raise _refusal(error) from error

    def exif(self, default_zone: tzinfo = UTC) -> ExifFacts:
        # Asked after decoding, because a PNG may have its block behind the pixels.
        return read_exif(self.image.info.get("exif"), default_zone)

    def facts(self, default_zone: tzinfo) -> ImageFacts:
        exif = self.exif(default_zone)
        width, height = self._size
        if exif.orientation >= 5:  # noqa: PLR2004  5..8 lie on their side
            width, height = height, width
        return ImageFacts(
            media_type=self._media_type,
            size_bytes=len(self._data),
            sha256=hashlib.sha256(self._data).hexdigest(),
            width=width,
            height=height,
            orientation=exif.orientation,
            taken_at=exif.taken_at,
            place=exif.place,
            make=exif.make,
            model=exif.model,
            software=exif.software,
        )


def _check_pixels(size: tuple[int, int], limits: ImageLimits) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageDamaged("the picture has no pixels")
    if width * height > limits.max_pixels:
        raise ImageTooManyPixels(f"{width} x {height} pixels; at most {limits.max_pixels} are taken")


def _refusal(error: Exception) -> ImageRefused:
    said = str(error).lower()
    for kind, words in _WORDS:
        if any(word in said for word in words):
            return kind(
                "the decoder stopped: the file is built to be huge"
                if kind is ImageBomb
                else "data is missing"
            )
    return ImageDamaged("the picture can't be decoded")
