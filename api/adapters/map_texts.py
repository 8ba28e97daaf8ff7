"""How the text in a map is written: UTF-8, or what the file or its sender says."""

import re
from enum import StrEnum
from typing import Final

from api.adapters.map_limits import unreadable

_SEPARATORS: Final = re.compile(r"[\s_-]+")


class MapEncoding(StrEnum):
    """What text in a map is read as; the values are Python's names."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"
    """The national standard; GBK and GB2312 are parts of it."""
    BIG5 = "cp950"
    WESTERN = "cp1252"
    """Windows' own, which holds ISO 8859-1 but for control characters."""

    @classmethod
    def named(cls, name: str) -> "MapEncoding | None":
        """Return the encoding of this name, as senders and `.cpg` files write it; None for one that is not read."""
        bare = _SEPARATORS.sub("", name.strip().lower()).removeprefix("ansi").removeprefix("cp")
        return _NAMES.get(bare)


_NAMES: Final = {
    name: encoding
    for encoding, names in (
        (MapEncoding.UTF_8, ("utf8", "65001", "utf8bom")),
        (MapEncoding.GB18030, ("gb18030", "gbk", "gb2312", "936", "54936", "euccn")),
        (MapEncoding.BIG5, ("big5", "950")),
        (MapEncoding.WESTERN, ("1252", "windows1252", "iso88591", "88591", "latin1", "ascii")),
    )
    for name in names
}


def required_encoding(name: str | None) -> MapEncoding | None:
    """Return the encoding that a sender names, None if none is named; raises MapUnreadable for one not read."""
    if name is None:
        return None
    encoding = MapEncoding.named(name)
    if encoding is None:
        raise unreadable(
            "encoding_unknown", f"{name!r} is not read: utf-8, gb18030, big5 and windows-1252 are."
        )
    return encoding


def decoded(content: bytes, encoding: MapEncoding | None) -> str:
    """Return the text of a whole file, without the mark at its front; raises MapUnreadable with the line."""
    try:
        return content.decode(encoding or MapEncoding.UTF_8).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise unreadable(
            "text_undecodable",
            f"Line {line} of the file is not {(encoding or MapEncoding.UTF_8).upper()}{hint(content, encoding)}.",
        ) from error


def hint(content: bytes, encoding: MapEncoding | None) -> str:
    """Return what to try, if undeclared bytes are text in the encoding that Chinese offices used before UTF-8."""
    if encoding is None:
        try:
            content.decode(MapEncoding.GB18030)
        except UnicodeDecodeError:
            return ""
        return ", but perhaps GBK: if so, say that its encoding is gb18030"
    return ""
