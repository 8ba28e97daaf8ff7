"""Which files a photo is kept in, and how they are called."""

import re
from enum import StrEnum
from uuid import UUID

COPY_TYPE = "image/jpeg"
"""Media type of the copies that the server draws."""

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic"}
_KEY = re.compile(r"photos/[0-9a-f]{2}/[0-9a-f]{2}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/.+")


class Variant(StrEnum):
    """A form in which a photo can be fetched."""

    THUMB = "thumb"
    """Longest side 320 px, nothing in it but pixels."""
    SCREEN = "screen"
    """Longest side 1600 px, nothing in it but pixels."""
    WATERMARKED = "watermarked"
    """As `screen`, with a watermark: ticket, time, grid, place, officer's number. Drawn when it is asked for."""
    ORIGINAL = "original"
    """The file as it was sent, with all that the camera wrote into it."""


STORED = tuple(variant for variant in Variant if variant is not Variant.WATERMARKED)
"""Files that every photo has; what is drawn later may be there or not."""


def folder_for(photo_id: UUID, sha256: str, attempt: UUID) -> str:
    """Return the folder for one attempt to store a photo.

    No two attempts share a folder, even with the same content: so a file's age says whether its writer may
    still be alive, and what a dead attempt left behind can be removed without a look at the living ones.
    """
    # The end of an id is random in every version of UUID that phones make; the start of version 7 is a clock.
    fan = photo_id.hex[-4:]
    return f"photos/{fan[:2]}/{fan[2:]}/{photo_id}/{sha256[:16]}-{attempt.hex[-16:]}"


def key_in(folder: str, variant: Variant) -> str:
    """Return the key of a photo's file."""
    return f"{folder}/{variant}"


def watermarked_key(folder: str, fingerprint: str) -> str:
    """Return the key of a photo's copy whose watermark has this fingerprint (`watermarks.fingerprint`)."""
    return f"{folder}/{Variant.WATERMARKED}-{fingerprint}"


def folder_of(key: str) -> tuple[UUID, str] | None:
    """Return the photo and the folder that a key belongs to; None for the key of something else."""
    found = _KEY.fullmatch(key)
    return (UUID(found[1]), key.rpartition("/")[0]) if found else None


def type_of(variant: Variant, original_type: str) -> str:
    """Return the media type of a photo's file."""
    return original_type if variant is Variant.ORIGINAL else COPY_TYPE


def file_name(photo_id: UUID, variant: Variant, media_type: str) -> str:
    """Return the name under which a browser saves a photo's file: ASCII, without quotes."""
    return f"{photo_id}-{variant}.{_ENDINGS.get(media_type, 'bin')}"
