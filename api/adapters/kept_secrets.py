"""Secrets that an installation makes for itself once and then keeps."""

import os
import secrets
import tempfile
from pathlib import Path

SECRET_BYTES = 32


def kept_secret(path: Path) -> str:
    """Return the secret kept in the file `path`; make one at the first call.

    64 hexadecimal digits (256 random bits), which need no quoting in URLs, SQL or shells. The file is
    readable by its owner only. Processes that ask for it at the same moment get the same secret: the
    file appears complete or not at all, and the first one stays. Raises `OSError` when the folder can't
    be written.
    """
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".new-") as draft:  # made with mode 0600
        draft.write(secrets.token_hex(SECRET_BYTES) + "\n")
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, path)
        except FileExistsError:
            pass  # another process was first: its secret is the one that is kept
        else:
            sync_folder(path.parent)
    return path.read_text("ascii").strip()


def sync_folder(path: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
