"""A phone that reports and exchanges until it is killed: `python busy_phone.py FOLDER ADDRESS DEVICE_ID`.

Prints the id of each report as soon as the phone has promised to keep it.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from api.adapters.demo_pictures import demo_picture
from gridphone import Phone


async def run(phone: Phone) -> None:
    """Report and exchange for ever."""
    number = 0
    while True:
        number += 1
        picture = demo_picture(
            number, taken_at=datetime.now(UTC), longitude=116.404, latitude=39.915, tidy=False
        )
        report = phone.report(
            category="E0406", condition=1, longitude=116.404, latitude=39.915, photos=[picture]
        )
        print(report, flush=True)  # noqa: T201  a program's answer
        await phone.exchange()


if __name__ == "__main__":
    asyncio.run(run(Phone(Path(sys.argv[1]), sys.argv[2], sys.argv[3])))
