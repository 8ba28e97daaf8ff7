"""Remove what is left of old tracks: they are personal data."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, any_, delete, func, literal_column, select, update
from sqlmodel import col

from api.db import Database, WriteSession
from api.domain.reference import Reference
from api.models import PlacePass, Shift, TrackPoint

_PURGED_AT_ONCE = 50_000


async def purge_tracks(database: Database, reference: Reference, now: datetime) -> int:
    """Remove points, last positions and passes of places that are older than the policy keeps them; count the points.

    What they came to by grid and road stays: it names no place where somebody was at an instant.
    """
    before = now - timedelta(days=reference.policies.track_days)
    purged = 0
    while True:
        async with database.write() as session:
            gone = await _purge_points(session, before)
            if gone < _PURGED_AT_ONCE:
                await _forget_positions(session, before)
                await session.execute(delete(PlacePass).where(col(PlacePass.passed_at) < before))
        purged += gone
        if gone < _PURGED_AT_ONCE:
            return purged


async def _purge_points(session: WriteSession, before: datetime) -> int:
    # By row address: a batch reads the blocks that the index of times names, and looks nothing up in the other index.
    address: ColumnElement[Any] = literal_column("track_points.ctid")
    old = select(address).where(col(TrackPoint.at) < before).limit(_PURGED_AT_ONCE)
    chosen = address == any_(func.array(old.scalar_subquery()))
    done: Any = await session.execute(
        delete(TrackPoint).where(chosen).execution_options(synchronize_session=False)
    )
    return done.rowcount


async def _forget_positions(session: WriteSession, before: datetime) -> None:
    nothing = dict.fromkeys(
        ("last_at", "last_longitude", "last_latitude", "last_accuracy_m", "last_battery_share")
    )
    await session.execute(
        update(Shift)
        .where(col(Shift.last_at) < before)
        .values(nothing)
        .execution_options(synchronize_session=False)
    )
