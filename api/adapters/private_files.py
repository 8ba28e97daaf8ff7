"""Files with personal data: for their owner's eyes only."""

import os
from pathlib import Path

OWNER_ONLY = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, also where a file of that name was readable by others before.

    Raises OSError.
    """
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(opened, "wb") as file:
        os.fchmod(opened, OWNER_ONLY)
        file.write(content)
