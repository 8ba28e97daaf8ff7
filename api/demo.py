"""The demo in a database: the street, its people and a month of tickets, loaded once.

All of it comes in one transaction, so a half-loaded demo can't exist; a load that was killed leaves nothing
but files without rows, which are swept like those of any upload.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal, select, union_all
from sqlmodel import col

from api import clock
from api.adapters.files import FileStore, open_store
from api.adapters.passwords import hash_password
from api.db import Database, ReadSession, WriteSession
from api.domain.grids import GridLevel
from api.models import Category, Grid, Installation, Person, Photo, ReferenceVersion, Ticket, metadata
from api.queries.reference import load_reference
from api.services.demo_files import read_street
from api.services.demo_patrols import play_patrols
from api.services.demo_street import person_id, store_street
from api.services.demo_tickets import play_month
from api.settings import DEMO_PASSWORD, Settings, SettingsRefused

logger = logging.getLogger(__name__)

ZONE = "Asia/Shanghai"
"""Where the demo street lies, whatever zone the installation writes its texts in."""

_LOCK = 7_102_026
"""Advisory lock that two starts at once meet at; any number that nothing else here uses."""

_PATIENCE = "10min"

_FILLED_BY_MIGRATIONS = frozenset({ReferenceVersion.table_name, Installation.table_name})
"""Tables that are never empty."""


class DatabaseNotEmpty(SettingsRefused):
    """The database holds data that are not the demo's."""


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the demo database holds. `is_new` tells that it was loaded just now."""

    is_new: bool
    communities: int
    unit_grids: int
    classes: int
    people: int
    tickets: int
    photos: int


async def ensure_demo(
    settings: Settings, *, now: datetime | None = None, progress: Callable[[str], None] | None = None
) -> DemoSummary:
    """Load the demo into an empty, migrated database; where it is loaded already, change nothing.

    The month of tickets ends at `now`, the present by default. `progress` is told in a few words what is being
    done. Two at once load it once. Raises SettingsRefused outside the demo, and DatabaseNotEmpty when there are
    other data: invented people with a known password must never stand beside real ones.
    """
    if not settings.demo:
        raise SettingsRefused(
            "The demo's people have a known password: they are loaded only with GRIDPATROL_DEMO=true."
        )
    tell = progress or logger.info
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.write() as session:
            await _wait_for_our_turn(session)
            is_new = not await _is_loaded(session)
            if is_new:
                await _refuse_other_data(session)
                now = now or clock.now()
                tell("calendars, classes, grids, units, rules and people")
                await load_reference_data(session, now)
                await load_tickets(session, open_store(settings.files_location), now, progress=tell)
                tell("plans, posts, and the patrols of the last days")
                await load_patrols(session, now)
            return await _summary(session, is_new=is_new)
    finally:
        await database.close()


async def load_reference_data(session: WriteSession, now: datetime) -> None:
    """Store the demo street without tickets: calendars, classes, grids, units, rules, policies, people."""
    password_hash = await hash_password(DEMO_PASSWORD)
    await store_street(session, read_street(), password_hash, now, ZoneInfo(ZONE))


async def load_tickets(
    session: WriteSession,
    files: FileStore,
    now: datetime,
    *,
    progress: Callable[[str], None] = logger.info,
) -> None:
    """Make the month of tickets before `now` on a street that was stored in this transaction or before."""
    reference = await load_reference(session, ZoneInfo(ZONE))
    await play_month(session, reference, files, read_street(), now, ZoneInfo(ZONE), progress)


async def load_patrols(session: WriteSession, now: datetime) -> None:
    """Make the patrols of the last days before `now`, by officers who are where their tickets say that they were."""
    reference = await load_reference(session, ZoneInfo(ZONE))
    await play_patrols(session, reference, read_street(), now, ZoneInfo(ZONE))


async def _wait_for_our_turn(session: WriteSession) -> None:
    # The other load takes longer than a request may, and so does ours.
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        await session.execute(select(func.set_config(name, _PATIENCE, literal(True))))  # noqa: FBT003  of this transaction only
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


async def _is_loaded(session: ReadSession) -> bool:
    """Tell whether the demo's administrator is there: by id, so that a changed name does not matter."""
    found = select(col(Person.id)).where(col(Person.id) == person_id("admin"))
    return (await session.execute(found)).scalar_one_or_none() is not None


async def _refuse_other_data(session: ReadSession) -> None:
    tables = [table for table in metadata.sorted_tables if table.name not in _FILLED_BY_MIGRATIONS]
    filled = union_all(
        *(
            select(literal(table.name).label("name")).where(select(literal(1)).select_from(table).exists())
            for table in tables
        )
    )
    names = sorted((await session.execute(filled)).scalars())
    if names:
        raise DatabaseNotEmpty(
            f"The database holds data that are not the demo's (in {', '.join(names)}); the demo needs an empty one."
        )


async def _summary(session: ReadSession, *, is_new: bool) -> DemoSummary:
    row = (
        await session.execute(
            select(
                select(func.count()).where(col(Grid.level) == GridLevel.COMMUNITY).scalar_subquery(),
                select(func.count()).where(col(Grid.level) == GridLevel.UNIT_GRID).scalar_subquery(),
                select(func.count(col(Category.id))).scalar_subquery(),
                select(func.count(col(Person.id))).scalar_subquery(),
                select(func.count(col(Ticket.id))).scalar_subquery(),
                select(func.count(col(Photo.id))).scalar_subquery(),
            )
        )
    ).one()
    return DemoSummary(is_new, *row)
