"""What hangs on grids that a file ends, and which unit grids have too few people: for the sender to look at."""

from collections.abc import Iterator, Mapping, Sequence

from api.domain.grid_changes import GridChange
from api.domain.grid_drafts import GridDraft
from api.domain.grids import GridLevel
from api.domain.imports import Finding

_NAMED_MAX = 10
_COMMON_SHARE_MIN = 0.5


def left_behind(
    change: GridChange,
    people: Mapping[str, frozenset[str]],
    rules: Mapping[str, Sequence[str]],
    open_tickets: Mapping[str, int],
) -> Iterator[Finding]:
    """Yield a warning for everything that goes on naming a code that ended.

    `people` has the user names on duty and `open_tickets` the number of tickets by the code of a grid, `rules` the ids
    of dispatch rules by the beginning of grid codes that they name: they are left when no code in force begins so.
    """
    for one in change.ended:
        code = one.before.code
        heirs = f"; {_listed(one.replaced_by)} took its area over" if one.replaced_by else ""
        if on_duty := sorted(people.get(code, ())):
            yield _warning(
                "grid_people_left", f"On duty in {code}, which ends: {_listed(on_duty)}{heirs}.", code
            )
        if count := open_tickets.get(code):
            yield _warning(
                "grid_tickets_left",
                f"Open tickets in {code}, which ends: {count}. They stay with its officers and its owner{heirs}.",
                code,
            )
    for prefix, rule_ids in sorted(rules.items()):
        has_ended = any(code.startswith(prefix) for code in change.ended_codes)
        if has_ended and not any(code.startswith(prefix) for code in change.after):
            yield _warning(
                "grid_rules_left",
                f"Dispatch rules for {prefix}, where no grid is left: {_listed(rule_ids)}.",
                prefix,
            )


def moved_away(change: GridChange) -> Iterator[Finding]:
    """Yield one warning that counts the grids whose new border has little in common with the old one.

    A code stands for one place. That many codes move at once mostly means that the file is in another coordinate
    system than its sender said: GCJ-02 read as WGS-84 moves a city by half a kilometre.
    """
    redrawn = [one for one in change.changed if "area" in one.fields]
    moved = [
        one.after.code
        for one in redrawn
        if one.before.shape.intersection(one.after.shape).area < _COMMON_SHARE_MIN * one.before.shape.area
    ]
    if moved:
        yield Finding(
            "grid_moved",
            f"Grids whose new border covers less than half of the old one: {len(moved)}; {_listed(moved)}. "
            "Is the file in the coordinate system that was named?",
            is_warning=True,
        )


def short_of_people(
    in_force: Mapping[str, GridDraft], people: Mapping[str, frozenset[str]], minimum: int
) -> Iterator[Finding]:
    """Yield one warning that counts the unit grids with fewer people on duty than `minimum` (一格两员).

    Whoever is on duty in a grid around a unit grid is on duty there, too.
    """
    short = [
        code
        for code, grid in sorted(in_force.items())
        if grid.level is GridLevel.UNIT_GRID and len(_on_duty(grid, in_force, people)) < minimum
    ]
    if short:
        yield Finding(
            "grid_people_few",
            f"Unit grids with fewer than {minimum} people on duty: {len(short)}; {_listed(short)}.",
            is_warning=True,
        )


def _on_duty(
    grid: GridDraft, in_force: Mapping[str, GridDraft], people: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    around: GridDraft | None = grid
    while around is not None:
        found |= people.get(around.code, frozenset())
        around = in_force.get(around.parent) if around.parent else None
    return found


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_MAX
    return ", ".join(names[:_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _warning(code: str, detail: str, key: str) -> Finding:
    return Finding(code, detail, key=key, is_warning=True)
