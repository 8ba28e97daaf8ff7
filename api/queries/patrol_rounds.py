"""The rounds of all plans that begin in some days, each judged by the plan of its time."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import shapely

from api.db import ReadSession
from api.domain.geo import Place
from api.domain.measuring import day_span
from api.domain.patrol_plans import targets_of
from api.domain.reference import Reference
from api.domain.rounds import Round, Target, rounds_of
from api.domain.visits import VisitKind
from api.queries.patrol_plans import PERIOD_MAX, find_editions, find_seen


async def find_rounds(
    session: ReadSession,
    reference: Reference,
    days: tuple[date, date],
    zone: ZoneInfo,
    now: datetime,
    *,
    plan: str | None = None,
    within: tuple[str, ...] = ("",),
) -> dict[str, list[Round]]:
    """Return the rounds by code of plan, in order; those of one plan, or in grids whose codes begin so."""
    since, until = day_span(days[0], zone)[0], day_span(days[1], zone)[1]
    gap_ms = reference.policies.visit_gap_s * 1_000
    is_within = _within(reference, within)
    found: dict[str, list[Round]] = {}
    for edition in await find_editions(session, since, until):
        draft = edition.draft
        if plan not in {None, draft.code} or not draft.is_active:
            continue
        targets = [target for target in targets_of(draft, reference) if is_within(target)]
        seen = await find_seen(session, draft, targets, gap_ms, since, until + PERIOD_MAX)
        found.setdefault(draft.code, []).extend(
            one
            for one in rounds_of(draft.rules, targets, seen, *days, zone, now)
            if edition.judges(one.until)
        )
    return dict(sorted(found.items()))


def _within(reference: Reference, prefixes: tuple[str, ...]) -> Callable[[Target], bool]:
    """Return what tells whether a target lies in these grids; a place does where the middle of it does."""
    if "" in prefixes:
        return lambda _: True
    shapes = {facts.code: shape for facts, shape in reference.places.shapes()}

    def is_within(target: Target) -> bool:
        if target.kind is VisitKind.GRID:
            return target.code.startswith(prefixes)
        middle = shapely.point_on_surface(shapes[target.code])
        code = reference.locate(Place(middle.x, middle.y)).code
        return code is not None and code.startswith(prefixes)

    return is_within
