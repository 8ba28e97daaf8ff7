"""Uploads that come in pieces (tus 1.0): what their headers say, and in which parts their bytes are kept.

The bytes of an upload lie as parts in the file store until the last one is there. A phone may send them in
pieces of any size; parts are merged as they come, so that there are few of them whatever it does.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from api.domain.errors import FieldWrong, TooManyUploads
from api.domain.policies import Policies

PART_BYTES = 512 * 1024
"""Largest part: what one request that is being received holds in memory, and what a kill may cost a phone."""

ALGORITHMS = ("sha1", "sha256")
"""Checksums that are understood; tus wants the first of every server."""

METADATA_LENGTH = 4_000
"""Characters of Upload-Metadata, far more than a photo's facts take."""

_MEGABYTE = 1_000_000
_KEY = re.compile(r"uploads/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/.+")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of an upload's bytes as one file in the store."""

    start: int
    size_bytes: int
    file_key: str

    @property
    def end(self) -> int:
        """The offset behind its last byte."""
        return self.start + self.size_bytes


def parts_to_merge(parts: Sequence[Part], size_bytes: int) -> int:
    """Return how many of the last parts a new one of this size takes into itself.

    Every part stays at least twice as large as the next, or the two would not fit into one. So an upload of n
    bytes has at most 2 n / `PART_BYTES` parts and some twenty more, and as whatever is merged grows by half at
    least, no byte is written more often than some thirty times, if a phone sends each of them alone.
    """
    merged, whole = 0, size_bytes
    for part in reversed(parts):
        if part.size_bytes >= 2 * whole or part.size_bytes + whole > PART_BYTES:
            break
        whole += part.size_bytes
        merged += 1
    return merged


def part_key(upload_id: UUID, start: int, attempt: UUID) -> str:
    """Return the key of a part's file; no two attempts share one, even at the same offset."""
    return f"uploads/{upload_id}/{start}-{attempt.hex[-16:]}"


def upload_of(key: str) -> UUID | None:
    """Return the upload that a key belongs to; None for the key of something else."""
    found = _KEY.fullmatch(key)
    return UUID(found[1]) if found else None


def read_metadata(header: str) -> dict[str, str]:
    """Return what Upload-Metadata says: pairs with commas between, each a name and its value in Base64.

    Raises FieldWrong (`metadata_wrong`) for a header that is none; a name without a value stands for "".
    """
    told: dict[str, str] = {}
    for pair in header.split(","):
        name, _, encoded = pair.strip().partition(" ")
        if not _NAME.fullmatch(name) or name in told:
            raise _metadata_wrong(f"{name[:40]!r} is no name, or is there twice.")
        try:
            told[name] = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise _metadata_wrong(f"The value of {name} is not UTF-8 text in Base64.") from None
    return told


def _metadata_wrong(detail: str) -> FieldWrong:
    return FieldWrong("/header/upload-metadata", "metadata_wrong", detail)


class Checksum:
    """What Upload-Checksum promises of the bytes that one request brings."""

    def __init__(self, header: str) -> None:
        """Read a header such as `sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=`; FieldWrong (`checksum_wrong`) if it is none."""
        algorithm, _, encoded = header.strip().partition(" ")
        if algorithm not in ALGORITHMS:
            raise _checksum_wrong(f"Checksums are {' or '.join(ALGORITHMS)}.")
        try:
            self._promised = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise _checksum_wrong("The checksum is not Base64.") from None
        # A guard against bytes that a network garbled, not against an adversary, who would send another one.
        self._seen = hashlib.new(algorithm, usedforsecurity=False)
        if len(self._promised) != self._seen.digest_size:
            raise _checksum_wrong(f"A {algorithm} checksum has {self._seen.digest_size} bytes.")

    def update(self, data: bytes) -> None:
        """Take the next bytes into account."""
        self._seen.update(data)

    def holds(self) -> bool:
        """Tell whether the bytes so far are those that were promised."""
        return hmac.compare_digest(self._promised, self._seen.digest())


def _checksum_wrong(detail: str) -> FieldWrong:
    return FieldWrong("/header/upload-checksum", "checksum_wrong", detail, algorithms=ALGORITHMS)


@dataclass(frozen=True, slots=True)
class OpenUploads:
    """How many uploads of a person are open, and how many bytes they announced together."""

    count: int
    size_bytes: int


def check_quota(present: OpenUploads, size_bytes: int, policies: Policies) -> None:
    """Raise TooManyUploads when one more of this size is more than the office allows one person."""
    bytes_max = policies.uploads_open_max_mb * _MEGABYTE
    if present.count >= policies.uploads_open_max or present.size_bytes + size_bytes > bytes_max:
        raise TooManyUploads(
            "Finish or delete other uploads first.",
            open=present.count,
            open_max=policies.uploads_open_max,
            open_bytes=present.size_bytes,
            open_bytes_max=bytes_max,
        )
