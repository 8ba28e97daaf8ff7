"""What comes out of a picture, and how large one may be: all that the house outside of the decoders knows of pictures.

Nothing here loads a decoder. Those are loaded where pictures are decoded (`image_worker`), and nowhere else.
"""

from dataclasses import dataclass, field
from datetime import datetime

from api.domain.geo import Place
from api.domain.pictures import PicturePrint


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """The largest picture that is taken, inclusive."""

    max_bytes: int = 25 * 1024 * 1024
    max_pixels: int = 50_000_000


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a picture says about itself. All but the first five fields is a claim of whoever made the file."""

    media_type: str
    """From the content: `image/jpeg`, `image/png`, `image/webp` or `image/heic`."""
    size_bytes: int
    sha256: str
    """Of the whole file, 64 hexadecimal digits."""
    width: int
    """Pixels of the picture when it stands upright; so is `height`."""
    height: int
    orientation: int
    """How the stored pixels have to be turned, 1..8 as in Exif. Always 1 for HEIC, whose decoder turns it."""
    taken_at: datetime | None
    """Aware: in the offset that the camera wrote, else in the default zone of the call."""
    place: Place | None
    """Where the camera was."""
    make: str | None
    model: str | None
    software: str | None


@dataclass(frozen=True, slots=True)
class ProcessedImage:
    """Facts and copies from one decoding."""

    facts: ImageFacts
    thumb: bytes = field(repr=False)
    """JPEG, longest side 320 px."""
    screen: bytes = field(repr=False)
    """JPEG, longest side 1600 px."""
    print: PicturePrint = field(repr=False)
