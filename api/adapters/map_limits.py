"""How large a map may be, and how a file is refused."""

from typing import Final

from api.domain.imports import Finding
from api.domain.map_files import MapUnreadable

FILE_BYTES_MAX: Final = 256 * 2**20
"""Of a file as it lies on a disk; what is sent to the API is bounded by its settings."""
INFLATED_BYTES_MAX: Final = 512 * 2**20
"""Of all that is unpacked from an archive."""
FEATURES_MAX: Final = 200_000
VERTICES_MAX: Final = 5_000_000


def unreadable(code: str, detail: str, line: int | None = None) -> MapUnreadable:
    """Return a refusal of one finding."""
    return MapUnreadable([Finding(code, detail, line=line)])


def too_large(detail: str) -> MapUnreadable:
    """Return the refusal of a file that is larger than any office needs."""
    return unreadable("file_too_large", detail)
