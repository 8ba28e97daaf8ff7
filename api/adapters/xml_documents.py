"""XML that strangers send: no document type, hence no entities, and neither deep nor wide.

The parser is expat itself. What defends against its traps is one handler that refuses a document type before anything
in it is looked at; depth and number are counted as elements open, so a bomb is refused before it is built.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from api.domain.errors import Unreadable
from api.domain.submissions import Element

DEPTH_MAX = 16
ELEMENTS_MAX = 2_000
ATTRIBUTES_MAX = 32
XML_BYTES_MAX = 256 * 1024
"""Of a whole document: a filled form takes a few thousand."""


@dataclass(slots=True)
class _Open:
    name: str
    attributes: Mapping[str, str]
    text: list[str] = field(default_factory=list[str])
    children: list[Element] = field(default_factory=list[Element])

    def closed(self) -> Element:
        # Text between elements is how a document is laid out; that of a leaf is an answer.
        text = "" if self.children else "".join(self.text).strip()
        return Element(self.name, self.attributes, text, tuple(self.children))


@dataclass(slots=True)
class _Builder:
    """Puts elements together as they come."""

    path: list[_Open] = field(default_factory=list[_Open])
    root: Element | None = None
    count: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.path) >= DEPTH_MAX or self.count > ELEMENTS_MAX or len(attributes) > ATTRIBUTES_MAX:
            raise Unreadable("This XML is deeper or larger than any form.")
        local = {_local(key): value for key, value in attributes.items()}
        self.path.append(_Open(_local(name), local))

    def end(self, _: str) -> None:
        element = self.path.pop().closed()
        if self.path:
            self.path[-1].children.append(element)
        else:
            self.root = element

    def characters(self, text: str) -> None:
        if self.path:
            self.path[-1].text.append(text)


def parse_xml(content: bytes) -> Element:
    """Return the root of a document; Unreadable for what is no XML, has a document type, or is too deep or large."""
    if len(content) > XML_BYTES_MAX:
        raise Unreadable(f"A form's XML has at most {XML_BYTES_MAX} bytes.")
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(content, True)  # noqa: FBT003  it takes no names
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two: an encoding that is none
        raise Unreadable("This can't be read as XML.") from error
    if builder.root is None:
        raise Unreadable("This can't be read as XML.")
    return builder.root


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse_doctype(*_: object) -> None:
    raise Unreadable("A form's XML has no document type and no entities.")
