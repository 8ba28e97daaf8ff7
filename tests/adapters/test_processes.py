"""Programs that are tied to us: begun by us alone, under their own process id."""

import signal
import subprocess
import sys
from pathlib import Path

from api.adapters.processes import tied_to_us


def test_the_process_that_is_started_becomes_the_command_with_its_very_arguments() -> None:
    told = "import os, sys; print(os.getpid(), sys.argv[1:])"
    arguments = ["two words", "$HOME", "", "'"]
    process = subprocess.Popen(  # noqa: S603  our own arguments
        tied_to_us([sys.executable, "-c", told, *arguments], signal.SIGKILL), stdout=subprocess.PIPE
    )
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output.decode().strip()) == (0, f"{process.pid} {arguments}")


def test_what_finds_itself_under_another_parent_is_not_begun(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    command = tied_to_us(["touch", str(begun)], signal.SIGKILL)
    # As when we end before the kernel was asked to tell: somebody else is the parent then.
    under_another = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *command]
    assert subprocess.run(under_another, check=False, timeout=60).returncode == 1  # noqa: S603  our own
    assert not begun.exists()
    subprocess.run(command, check=True, timeout=60)  # noqa: S603  our own
    assert begun.exists()
