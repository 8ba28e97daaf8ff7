"""Keep what the track of a shift comes to: visits, roads gone, and places passed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import col

from api.db import WriteSession
from api.domain.coverage import Stay
from api.domain.measuring import Measured
from api.domain.patrol_plans import place_of
from api.domain.tracks import to_instant
from api.domain.visits import VisitKind
from api.models import PatrolVisit, PlacePass, RoadWalk, Shift


async def store_measured(session: WriteSession, shift: Shift, measured: Measured) -> None:
    """Store what the track of a shift comes to in the place of what it came to before."""
    await _store_visits(session, shift, measured)
    await _store_roads(session, shift, measured)
    await _store_passes(session, shift, measured)


async def _store_visits(session: WriteSession, shift: Shift, measured: Measured) -> None:
    await session.execute(delete(PatrolVisit).where(col(PatrolVisit.shift_id) == shift.id))
    kinds: list[tuple[VisitKind, Sequence[Stay]]] = [
        (VisitKind.GRID, measured.grids),
        (VisitKind.PLACE, measured.places),
    ]
    rows = [
        {
            "shift_id": shift.id,
            "person_id": shift.person_id,
            "kind": kind,
            **_where(kind, stay),
            "started_at": to_instant(stay.start_ms),
            "stopped_at": to_instant(stay.stop_ms),
            "dwell_s": stay.dwell_ms / 1_000,
            "walked_m": stay.walked_m,
        }
        for kind, stays in kinds
        for stay in stays
    ]
    if rows:
        await session.execute(insert(PatrolVisit), rows)


def _where(kind: VisitKind, stay: Stay) -> dict[str, Any]:
    code, buffer_m = place_of(stay.key) if kind is VisitKind.PLACE else (stay.key, 0.0)
    return {"code": code, "buffer_m": buffer_m}


async def _store_roads(session: WriteSession, shift: Shift, measured: Measured) -> None:
    await session.execute(delete(RoadWalk).where(col(RoadWalk.shift_id) == shift.id))
    rows = [
        {
            "shift_id": shift.id,
            "code": walk.key,
            "on_date": shift.started_on,
            "stretches": walk.stretches,
            "entered": list(walk.entered),
            "gone_m": walk.gone_m,
            "length_m": walk.length_m,
        }
        for walk in measured.roads
    ]
    if rows:
        await session.execute(insert(RoadWalk), rows)


async def _store_passes(session: WriteSession, shift: Shift, measured: Measured) -> None:
    await session.execute(delete(PlacePass).where(col(PlacePass.shift_id) == shift.id))
    rows = [
        {"shift_id": shift.id, "code": code, "passed_at": to_instant(at_ms)}
        for code, at_ms in measured.passed.items()
    ]
    if rows:
        await session.execute(insert(PlacePass), rows)
