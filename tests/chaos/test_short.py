"""The chaos test in short: half a minute of storm, at least one kill of each kind, and nothing lost or doubled."""

import os
import subprocess
import sys
from pathlib import Path

import orjson

from tests.chaos.services import ROOT

STORM_MINUTES = 0.5
PATIENCE_S = 900
"""On two idle cores it takes a minute and a half; a machine that has other things to do takes longer."""


def test_nothing_is_lost_or_doubled_in_half_a_minute_of_chaos(tmp_path: Path) -> None:
    told = tmp_path / "chaos.json"
    # A process of its own, as `make chaos` is one: what it starts is tied to it, and ends with it.
    arguments = ["-m", "tests.chaos", "--minutes", str(STORM_MINUTES), "--json", str(told)]
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "examples/phone"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    report = orjson.loads(told.read_bytes())
    assert report["phones"] >= 30
    assert all(report["kills"].values()), said
    assert all(
        report["network"][fault] for fault in ("lost_answers", "doubled_late", "truncated_requests")
    ), said
    for kind in ("report", "step", "photo", "shift", "track", "checkin"):
        assert report["stored"][kind] > 0, said
    for done in ("point_again", "shift_pause", "answer_verification"):
        assert report["operations"][done] > 0, said
    assert not any(report["faults"].values()), said
