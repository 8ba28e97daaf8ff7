"""Pages for people, from templates in `api/data`: whatever is put into one is escaped unless it is markup already."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

_FOLDER = Path(__file__).resolve().parent.parent / "data" / "public"


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


class PageTemplate:
    """A piece of HTML with `$names` in it."""

    def __init__(self, name: str) -> None:
        """Read a file of `api/data/public`."""
        self._template = Template((_FOLDER / name).read_text("utf-8"))

    def fill(self, **values: str) -> Markup:
        """Put in a value for every name. Plain text is escaped, in attributes too; KeyError for a name without one."""
        return Markup(
            self._template.substitute(
                {
                    name: value if isinstance(value, Markup) else escape(value)
                    for name, value in values.items()
                }
            )
        )


def joined(pieces: Iterable[Markup]) -> Markup:
    """Put pieces of markup one after the other."""
    return Markup("\n".join(pieces))


class Style:
    """A style sheet that stands in the page itself, and the policy under which a browser takes it and nothing else."""

    def __init__(self, name: str) -> None:
        """Read a file of `api/data/public`."""
        self.text = Markup((_FOLDER / name).read_text("utf-8"))
        digest = base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()
        self.policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
