"""Tours in the documents: blocks of commands, each perhaps with what it printed when the tour was written."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_FENCED = re.compile(r"^```bash\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
_MARK = "\x1e"
"""Printed after each block, so that its output can be told from the next one's."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One block of a tour: its commands and the output that the document shows."""

    commands: str
    shown: str


def tour_in(document: Path) -> list[Stop]:
    """Return the ```bash blocks of a document in order; ```text right behind one is its output."""
    return [Stop(found[1], found[2] or "") for found in _FENCED.finditer(document.read_text("utf-8"))]


def walk(stops: Sequence[Stop], url: str) -> Iterator[str]:
    """Run all blocks in one bash, as a reader would in one terminal; yield what each printed."""
    script = "set -eu -o pipefail\n" + "".join(f"{stop.commands}printf '\\x1e'\n" for stop in stops)
    done = subprocess.run(  # noqa: S603  our own documents
        ["/bin/bash", "-c", script],
        cwd=ROOT,
        env=os.environ | {"GRIDPATROL_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    yield from done.stdout.split(_MARK)[: len(stops)]
