"""A market with a unit of its own, inside two areas, on the spot of the example report; for tests of who gets it."""

from datetime import date
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import col

from api.domain.areas import AreaKind
from api.models import Area, Place, PlaceType, Unit
from tests.conftest import House

POINT = {"longitude": "116.41024449916938", "latitude": "39.91640428150164", "crs": "gcj02"}
"""Where the example report is, 116.404, 39.915 in WGS-84: in the market, in both areas."""

MARKET, MARKETS = "t-market", "t-markets"
ROW, QUARTER = "t-row", "t-quarter"
"""The smaller and the larger area."""


def square(half_a_side: float) -> str:
    """Return a square around the example report; half a side in degrees."""
    west, south, east, north = (
        116.404 - half_a_side,
        39.915 - half_a_side,
        116.404 + half_a_side,
        39.915 + half_a_side,
    )
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    return f"SRID=4326;MULTIPOLYGON((({ring})))"


async def build_market(
    house: House,
    *,
    market_unit: str | None = None,
    row_unit: str | None = None,
    row_until: date | None = None,
) -> None:
    """Build the market and draw the areas around it; with these units they belong to somebody."""
    async with house.database.write() as session:
        found = await session.execute(select(col(Unit.code), col(Unit.id)))
        unit_ids: dict[str | None, int | None] = {None: None, **{row.code: row.id for row in found}}
        named: dict[str, Any] = {"name_zh": "试点市场", "name_en": "Test market"}
        await session.execute(insert(PlaceType).values(code=MARKETS, is_active=True, **named))
        await session.execute(
            insert(Place).values(
                code=MARKET,
                type=MARKETS,
                address="",
                geometry=square(0.0002),
                reach_m=0.0,
                unit_id=unit_ids[market_unit],
                attributes={},
                is_active=True,
                version=1,
                **named,
            )
        )
        for code, half_a_side, unit in ((ROW, 0.0004, row_unit), (QUARTER, 0.002, None)):
            await session.execute(
                insert(Area).values(
                    code=code,
                    kind=AreaKind.OWNERSHIP if unit else AreaKind.DISPATCH,
                    name_zh=f"片区{code}",
                    name_en=f"Area {code}",
                    geometry=square(half_a_side),
                    unit_id=unit_ids[unit],
                    leader="",
                    task="",
                    valid_from=None,
                    valid_to=row_until if code == ROW else None,
                    minimum_staff=0,
                    is_active=True,
                    version=1,
                )
            )
