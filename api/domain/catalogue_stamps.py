"""Stamps of the catalogue: what a phone holds, said so briefly that it can send it along.

A catalogue is shared out into parts: the classes, by a hash of their codes, into a fixed number; the units likewise;
and the own grids, the majors, the lifecycle and the policies, each whole. A stamp holds a digest of what each part
shows. Whoever gets a stamp back compares part by part with what the catalogue shows now: no older catalogue has to be
kept, a stamp never grows too old, and it does not matter what made the difference: an edit, other duties, another
language, or a new release that shows more.

What a phone has to forget is told from the codes that are known but not in force. That is only right if the phone
can't hold a code that is not known any more, as it would after a backup was restored. So a stamp says how many codes
were known when it was made, and holds a digest of them; since rows are never deleted, they still come first.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self

CLASS_PARTS = 32
"""Five classes in each, of a usual catalogue: so many come along when one of them changes."""

UNIT_PARTS = 8

_SHAPE = b"\x01"
"""Raised when parts are cut in another way: phones with an older stamp get everything."""

_DIGEST_BYTES = 6
"""Of 2^48 changes one goes unnoticed, until the next."""

_COUNT_BYTES = 4
_KNOWN_BYTES = _COUNT_BYTES + _DIGEST_BYTES
_WHOLE_PARTS = 4
_LENGTH = len(_SHAPE) + 2 * _KNOWN_BYTES + (_WHOLE_PARTS + CLASS_PARTS + UNIT_PARTS) * _DIGEST_BYTES

LONGEST = 1_000
"""Characters of the longest text that is read as a stamp; ours are shorter by half."""


def part_of(code: str, parts: int) -> int:
    """Return the part in which a code lies, of so many."""
    return zlib.crc32(code.encode()) % parts


def digest_of(shown: Iterable[bytes]) -> bytes:
    """Return the digest of what a part shows, item by item."""
    summed = hashlib.sha256()
    for item in shown:
        summed.update(len(item).to_bytes(_COUNT_BYTES) + item)
    return summed.digest()[:_DIGEST_BYTES]


def digests_of(shown: Mapping[str, bytes], parts: int) -> tuple[bytes, ...]:
    """Return the digests of so many parts of what is shown by code."""
    lying: list[list[bytes]] = [[] for _ in range(parts)]
    for code in sorted(shown):
        lying[part_of(code, parts)] += [code.encode(), shown[code]]
    return tuple(digest_of(part) for part in lying)


@dataclass(frozen=True, slots=True)
class Known:
    """The codes of one kind that were ever known, in the order in which they came."""

    count: int
    digest: bytes

    @classmethod
    def of(cls, codes: Sequence[str]) -> Self:
        """Note that these are known."""
        return cls(len(codes), digest_of(code.encode() for code in codes))

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """Return what `packed` returned the bytes of."""
        return cls(int.from_bytes(packed[:_COUNT_BYTES]), packed[_COUNT_BYTES:])

    def packed(self) -> bytes:
        """Return it as bytes, always as many."""
        return self.count.to_bytes(_COUNT_BYTES) + self.digest

    def are_first_of(self, codes: Sequence[str]) -> bool:
        """Tell whether these codes begin with those that were noted."""
        return self.count <= len(codes) and self.digest == digest_of(
            code.encode() for code in islice(codes, self.count)
        )


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a phone holds: a digest for each part, and what was known when it was told so."""

    known_classes: Known
    known_units: Known
    majors: bytes
    grids: bytes
    lifecycle: bytes
    policies: bytes
    classes: tuple[bytes, ...]
    units: tuple[bytes, ...]

    def text(self) -> str:
        """Return the stamp as phones keep it: fit for a URL."""
        known = (self.known_classes.packed(), self.known_units.packed())
        digests = (self.majors, self.grids, self.lifecycle, self.policies, *self.classes, *self.units)
        return base64.urlsafe_b64encode(b"".join([_SHAPE, *known, *digests])).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the stamp that a text holds; None for anything but one of ours."""
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(packed) != _LENGTH or not packed.startswith(_SHAPE):
            return None
        units_at = len(_SHAPE) + _KNOWN_BYTES
        digests_at = units_at + _KNOWN_BYTES
        digests = [packed[at : at + _DIGEST_BYTES] for at in range(digests_at, len(packed), _DIGEST_BYTES)]
        majors, grids, lifecycle, policies, *shared_out = digests
        return cls(
            known_classes=Known.unpacked(packed[len(_SHAPE) : units_at]),
            known_units=Known.unpacked(packed[units_at:digests_at]),
            majors=majors,
            grids=grids,
            lifecycle=lifecycle,
            policies=policies,
            classes=tuple(shared_out[:CLASS_PARTS]),
            units=tuple(shared_out[CLASS_PARTS:]),
        )


def differing(held: Sequence[bytes], present: Sequence[bytes]) -> frozenset[int]:
    """Return the numbers of the parts that show something else."""
    return frozenset(number for number, digest in enumerate(present) if held[number] != digest)
