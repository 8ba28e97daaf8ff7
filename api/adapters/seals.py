"""Texts that callers keep for us and can't change: compressed, and sealed with a key that all processes share."""

import base64
import binascii
import hashlib
import hmac
import zlib

_SEAL_BYTES = 16
"""Half a SHA-256: who guesses needs 2^127 tries on average."""

LONGEST = 8_000
"""Characters of the longest sealed text that is taken back."""

_LARGEST_BYTES = 256 * 1024
"""Bound of what a sealed text may hold; only ours are ever unpacked."""


class Seal:
    """Seals and opens texts for one purpose."""

    def __init__(self, key: str, purpose: str) -> None:
        self._key = hmac.digest(key.encode(), purpose.encode(), hashlib.sha256)

    def close(self, content: bytes) -> str:
        """Return the sealed text, fit for a URL and a header."""
        packed = zlib.compress(content, level=9)
        return base64.urlsafe_b64encode(self._mark(packed) + packed).rstrip(b"=").decode()

    def open(self, text: str) -> bytes | None:
        """Return what was sealed; None when this is not one of our texts."""
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        mark, packed = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if len(text) > LONGEST or not hmac.compare_digest(mark, self._mark(packed)):
            return None
        return zlib.decompressobj().decompress(packed, _LARGEST_BYTES)

    def _mark(self, packed: bytes) -> bytes:
        return hmac.digest(self._key, packed, hashlib.sha256)[:_SEAL_BYTES]
