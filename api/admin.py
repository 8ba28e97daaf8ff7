"""Make the first account of an empty installation: wiring for the command."""

from api import clock
from api.db import Database
from api.services.first_account import FirstAccount, create_administrator
from api.settings import Settings


async def make_administrator(settings: Settings, account: FirstAccount) -> None:
    """Store the account; what `create_administrator` refuses is raised as it is."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        await create_administrator(database, account, clock.now())
    finally:
        await database.close()
