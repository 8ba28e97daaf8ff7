"""Copies with a watermark: drawn when they are first asked for, and kept beside the other copies."""

from collections.abc import Sequence
from contextlib import suppress

from api.adapters.files import FileMissing, FileStore, KeyTaken, OpenFile
from api.adapters.image_processes import stamp_apart
from api.domain.photos import Variant, key_in, watermarked_key
from api.domain.watermarks import fingerprint


async def open_watermarked(files: FileStore, folder: str, lines: Sequence[str]) -> OpenFile:
    """Open the copy that says these lines, and draw it before if nobody asked for it yet.

    Raises FileMissing when there is no copy to draw it on, and ImageProcessLost. Two at once draw the same.
    """
    key = watermarked_key(folder, fingerprint(lines))
    try:
        return await files.open(key)
    except FileMissing:
        stamped = await stamp_apart(await files.get(key_in(folder, Variant.SCREEN)), lines)
    # Another process may have been faster, with another release of the drawing library.
    with suppress(KeyTaken):
        await files.put(key, stamped)
    return await files.open(key)
