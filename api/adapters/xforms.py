"""XForms, as ODK Collect reads them, out of the rows of an XLSForm."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class XForm:
    """A form as a phone downloads it, and the hash by which phones know it again."""

    content: bytes
    md5: str


def make_xform(workbook: Mapping[str, Any]) -> XForm:
    """Return the XForm of a workbook's sheets; the same sheets make the same bytes.

    Takes tens of milliseconds of one core for a city's catalogue: call it in a thread. pyxform checks what it makes;
    an error of its own means that our rows are wrong.
    """
    # Here, where it is needed: loading pyxform takes a third of a second, which every command would pay at its start.
    from pyxform import xls2xform  # noqa: PLC0415

    made: Any = xls2xform  # its types are open
    content: bytes = made.convert(dict(workbook), validate=False).xform.encode()
    return XForm(content, file_md5(content))


def file_md5(content: bytes) -> str:
    """Return the hash by which OpenRosa tells whether a file has changed; it guards against nothing else."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
