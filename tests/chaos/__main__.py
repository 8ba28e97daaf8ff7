"""`make chaos MINUTES=10`: the long form of the chaos test, with its report; exits with 1 when anything was found."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.report import Report
from tests.chaos.storm import run_storm


def main() -> None:
    """Run the storm; keep the city's logs when something was found."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=10, help="of storm; what comes after it takes its time"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything that chance decides here")
    parser.add_argument(
        "--json", type=Path, default=Path("var/chaos.json"), help="where the report goes as JSON"
    )
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="gridpatrol-chaos-"))
    home.chmod(0o711)  # the server's user has to pass
    is_well = False
    try:
        report = asyncio.run(_until_stopped(home, asked.minutes * 60, asked.seed))
        is_well = report.findings.are_none()
        print(report.as_text(), flush=True)  # noqa: T201  what the command is for
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_bytes(report.as_json())
    finally:
        if is_well:
            shutil.rmtree(home)
        else:
            print(f"logs and data are kept in {home}", file=sys.stderr)  # noqa: T201  the same
    sys.exit(0 if is_well else 1)


async def _until_stopped(home: Path, storm_s: float, seed: int) -> Report:
    """End everything in order on SIGTERM, too."""
    storm = asyncio.create_task(run_storm(home, storm_s, seed))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, storm.cancel)
    return await storm


if __name__ == "__main__":
    main()
