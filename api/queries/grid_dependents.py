"""Questions about what hangs on grids by their codes: people on duty, rules, open tickets."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import func, or_, select
from sqlmodel import col

from api.db import ReadSession
from api.models import DispatchRule, Grid, GridPerson, Person, Ticket
from api.queries.filters import IS_OPEN


async def find_people_on_grids(session: ReadSession, today: date) -> dict[str, frozenset[str]]:
    """Return the user names of the active people with a duty that is not over, by the code of its grid."""
    statement = (
        select(col(Grid.code), func.array_agg(col(Person.username).distinct()))
        .join(GridPerson, col(GridPerson.grid_id) == col(Grid.id))
        .join(Person, col(Person.id) == col(GridPerson.person_id))
        .where(or_(col(GridPerson.to_on).is_(None), col(GridPerson.to_on) >= today), col(Person.is_active))
        .group_by(col(Grid.code))
    )
    return {code: frozenset(usernames) for code, usernames in await session.execute(statement)}


async def find_rules_for_grids(session: ReadSession) -> dict[str, Sequence[str]]:
    """Return the ids of the rules in force that name a grid, by the beginning of grid codes that they name."""
    statement = (
        select(col(DispatchRule.grid_prefix), func.array_agg(col(DispatchRule.id)))
        .where(col(DispatchRule.is_active), col(DispatchRule.grid_prefix) != "")
        .group_by(col(DispatchRule.grid_prefix))
    )
    return {prefix: sorted(rule_ids) for prefix, rule_ids in await session.execute(statement)}


async def count_open_tickets(session: ReadSession, codes: Collection[str]) -> dict[str, int]:
    """Count the open tickets in each of these grids; those without any are left out."""
    statement = (
        select(col(Ticket.grid_code), func.count())
        .where(IS_OPEN, col(Ticket.grid_code).in_(codes))
        .group_by(col(Ticket.grid_code))
    )
    return {code: count for code, count in await session.execute(statement) if code is not None}
