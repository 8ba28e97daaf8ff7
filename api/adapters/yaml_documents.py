"""YAML as people keep it in git: plain data, read without tricks, with the line of every value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

_DEPTH_MAX = 20
"""Nesting that a document of plain data needs at most; deeper ones are built to do harm."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where PyYAML was built with it: ten times as fast."""


class _Plainly(yaml.SafeDumper):
    """Writes a value out wherever it stands, also where one object stands in two places."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  PyYAML's signature
        return True


class YamlUnreadable(Exception):  # noqa: N818  a refusal, like those of the domain
    """The text is not YAML, or more than plain data."""

    def __init__(self, words: str, line: int | None = None) -> None:
        """Say what is wrong, and in which line, counted from 1."""
        super().__init__(f"Line {line}: {words}" if line is not None else words)
        self.line = line


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """What a text says, and the line of each value (from 1) by its JSON pointer."""

    value: object
    lines: Mapping[str, int]


def read_yaml(content: bytes) -> YamlDocument:
    """Read one document of plain data in UTF-8; raises YamlUnreadable with the line.

    Aliases are refused (a few lines of them can stand for gigabytes), and so are tags, by which a text would choose
    what it is read as, and keys that appear twice, of which YAML readers silently keep one.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlUnreadable("this is not UTF-8.", line) from error
    try:
        _refuse_tricks(text)
        node = yaml.compose(text, Loader=_LOADER)
        if node is None:
            return YamlDocument(None, {})
        lines = dict(_lines(node, ""))
        # PyYAML's types leave the node open.
        value: object = yaml.constructor.SafeConstructor().construct_document(node)  # pyright: ignore[reportUnknownMemberType]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlUnreadable(f"{error.problem or error.context}.", mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # Such as a 13th month, or a character that YAML does not have.
        raise YamlUnreadable(f"{str(error).splitlines()[0].rstrip('.')}.") from error
    return YamlDocument(value, lines)


def write_yaml(value: object) -> str:
    """Write plain data in the order of its members, with one line per value; `read_yaml` reads it back."""
    return yaml.dump(value, Dumper=_Plainly, allow_unicode=True, sort_keys=False, width=10_000)


def _refuse_tricks(text: str) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            raise YamlUnreadable("aliases (*) are not taken.", line)
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
            raise YamlUnreadable("tags (!) are not taken.", line)
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_MAX:
            raise YamlUnreadable("this is nested too deeply.", line)
        if documents > 1:
            raise YamlUnreadable("a second document begins here.", line)


def _lines(node: yaml.Node, pointer: str) -> Iterator[tuple[str, int]]:
    """Yield the line of each value below a node, in front of them its own."""
    yield pointer, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            yield from _lines(child, f"{pointer}/{number}")
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if name in seen:
                raise YamlUnreadable(f"{name!r} is there twice.", key.start_mark.line + 1)
            seen.add(name)
            step = name.replace("~", "~0").replace("/", "~1")
            yield from _lines(child, f"{pointer}/{step}")
