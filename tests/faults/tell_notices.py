"""Raise notices, then hang in the middle of delivering them; started by a test as a process of its own, to be killed.

Arguments: database URL and the instant. Says `raised` when the notices are there, and `telling` when the first
message is written but not committed.
"""

import asyncio
import sys
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event

from api.db import Database
from api.queries.reference import load_reference
from api.services.messages import deliver_notices
from api.services.notices import raise_notices


def hang(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401  SQLAlchemy's signature
    """Stop for good where a message was written and its notices are about to be marked as told."""
    if statement.startswith("UPDATE notices SET message_id"):
        print("telling", flush=True)  # noqa: T201  what the test reads
        time.sleep(600)


async def tell(database_url: str, now: datetime) -> None:
    """Do a worker's round."""
    database = Database(database_url)
    async with database.snapshot() as session:
        reference = await load_reference(session, ZoneInfo("Asia/Shanghai"))
    await raise_notices(database, reference, now)
    print("raised", flush=True)  # noqa: T201  what the test reads
    event.listen(database.engine.sync_engine, "before_cursor_execute", hang)
    await deliver_notices(database, reference, now)


if __name__ == "__main__":
    asyncio.run(tell(sys.argv[1], datetime.fromisoformat(sys.argv[2])))
