"""Where the chaos test plays: the demo street without tickets, in an own cluster under a folder of its own."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr

from api import migrate
from api.adapters.passwords import hash_password
from api.db import Database
from api.services.demo_files import read_street
from api.services.demo_street import store_street
from api.settings import DEMO_PASSWORD, PREFIX, Settings

OFFICERS = tuple(f"officer{number:02}" for number in range(1, 33))
UNITS = ("cityscape", "sanitation", "municipal", "greening", "water", "street")
MEMBERS = tuple(f"member-{unit}" for unit in UNITS)
DESK = ("dispatcher", "supervisor")


def chaos_settings(home: Path, database_url: str) -> Settings:
    """Return the settings of the city; tokens are short-lived, so that phones have to refresh them in the storm."""
    return Settings(
        demo=True,
        database_url=database_url,
        home=home,
        token_key=SecretStr(uuid4().hex + uuid4().hex),
        access_token_ttl_s=90,
        refresh_repeat_s=60,
        log_level="warning",
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables by which our commands work in this city."""
    return {
        f"{PREFIX}DEMO": "true",
        f"{PREFIX}DATABASE_URL": settings.required_database_url,
        f"{PREFIX}HOME": str(settings.home),
        f"{PREFIX}TOKEN_KEY": settings.token_key.get_secret_value(),
        f"{PREFIX}ACCESS_TOKEN_TTL_S": str(settings.access_token_ttl_s),
        f"{PREFIX}REFRESH_REPEAT_S": str(settings.refresh_repeat_s),
        f"{PREFIX}LOG_LEVEL": settings.log_level,
    }


async def fill(settings: Settings) -> None:
    """Make the tables and the street in an empty database."""
    await asyncio.to_thread(migrate.upgrade, settings)
    database = Database(settings.required_database_url)
    try:
        async with database.write() as session:
            password_hash = await hash_password(DEMO_PASSWORD)
            await store_street(session, read_street(), password_hash, datetime.now(UTC), settings.zone)
    finally:
        await database.close()
