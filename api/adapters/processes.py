"""Starting and ending other programs so that none outlives us, whatever happens to us."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

_BEGIN_UNDER = '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"'
"""Shell that becomes a command if its parent is still the one that it is told."""


@dataclass(frozen=True, slots=True)
class Push:
    """A signal, and how long a process has to end after it."""

    signal: signal.Signals
    patience_s: float


def tied_to_us(command: Sequence[str], at_our_end: signal.Signals) -> list[str]:
    """Return `command` so that the kernel signals it when the thread that starts it ends.

    Only the kernel can do that after our own SIGKILL. `setpriv` (util-linux, essential on Debian) asks for
    the signal and then becomes the command, so the process id is the command's own. Who ended before it could ask
    is not told any more: so the command is only begun while we are its parent. Where `setpriv` is
    missing the command starts untied; what it leaves behind is dealt with at the next start.
    """
    setpriv = shutil.which("setpriv", path=SYSTEM_PATH)
    if setpriv is None:
        return list(command)
    tie = [setpriv, "--pdeathsig", at_our_end.name.removeprefix("SIG"), "--"]
    return [*tie, "/bin/sh", "-c", _BEGIN_UNDER, "sh", str(os.getpid()), *command]


def end(process: subprocess.Popen[bytes], *pushes: Push) -> int:
    """End a child of ours with ever stronger signals and at last SIGKILL; return its exit code."""
    for push in pushes:
        if process.poll() is not None:
            break
        process.send_signal(push.signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(push.patience_s)
    if process.poll() is None:
        process.kill()
    return process.wait()
