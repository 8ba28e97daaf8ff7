"""Which tickets a month on the demo street has: the ordinary ones, and those that a demo must show.

Everything follows from the instant of the load and a fixed seed. Whatever would happen after that instant is
left out, so the youngest tickets stand in the middle of their lives. Since nights and holidays can leave a
state without a ticket, each state, each reason to wait and each kind of lateness has tickets of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from api.domain.reports import Source
from api.services.demo_draws import CALL_HOURS, PATROL_HOURS, Draws, Scenery
from api.services.demo_exceptions import exceptional
from api.services.demo_plots import Fraud, Plot

ORDINARY = 152
SELF_FIXED = 12

_SOURCES: Mapping[Source, int] = {
    Source.OFFICER: 76,
    Source.HOTLINE: 9,
    Source.CITIZEN: 6,
    Source.SUPERVISION: 4,
    Source.SUPERIOR: 3,
    Source.MEDIA: 2,
}


def plots(scenery: Scenery) -> list[Plot]:
    """Return all plots of the month, in no order of time."""
    draws = Draws(scenery)
    usual = [*_ordinary(draws), *_self_fixed(draws), *_waiting(draws), *_on_the_way(draws), *_late(draws)]
    return [*usual, *exceptional(draws), *_doubtful(draws)]


def _ordinary(draws: Draws) -> Iterator[Plot]:
    """Tickets as they come in, most of them long finished."""
    for _ in range(ORDINARY):
        source = draws.random.choices(list(_SOURCES), weights=list(_SOURCES.values()))[0]
        hours = PATROL_HOURS if source is Source.OFFICER else CALL_HOURS
        desk = source is not Source.OFFICER
        yield draws.plot(
            draws.moment(hours),
            draws.condition(),
            source=source,
            has_photo=draws.random.random() < 0.5,  # noqa: PLR2004  every other
            names_condition=not desk or draws.random.random() < 0.75,  # noqa: PLR2004  three in four callers
            intake_minutes=draws.random.randint(2, 18),
            is_rejected=desk and draws.random.random() < 0.14,  # noqa: PLR2004  one call in seven
            accept_minutes=draws.random.randint(4, 75),
            is_handed_over=draws.random.random() < 0.12,  # noqa: PLR2004  one in eight
            fix_share=draws.fix_share(),
            failed_checks=draws.random.choices((0, 1, 2), weights=(88, 10, 2))[0],
            check_minutes=draws.random.choices((20, 45, 80, 110, 200, 500), weights=(3, 5, 5, 3, 2, 1))[0],
        )


def _self_fixed(draws: Draws) -> Iterator[Plot]:
    """即查即改: what officers put right themselves."""
    allowed = [condition for condition in draws.conditions if condition.self_fix]
    for _ in range(SELF_FIXED):
        yield draws.plot(draws.moment(PATROL_HOURS), draws.random.choice(allowed), is_self_fix=True)


def _waiting(draws: Draws) -> Iterator[Plot]:
    """One or more tickets for each reason to wait for a person or a photo."""
    for minutes, source in ((4, Source.HOTLINE), (11, Source.CITIZEN), (52, Source.SUPERVISION)):
        yield draws.plot(draws.ago(minutes=minutes), draws.condition(), source=source, intake_minutes=None)
    for minutes in (9, 47):
        yield draws.plot(
            draws.ago(minutes=minutes), draws.condition(), spot=draws.outside(), intake_minutes=None
        )
    several = [c for c in draws.conditions if len(draws.siblings(c)) > 1]
    for minutes in (6, 38):
        yield draws.plot(
            draws.ago(minutes=minutes),
            draws.random.choice(several),
            names_condition=False,
            intake_minutes=None,
        )
    for minutes in (25, 190):
        yield draws.plot(
            draws.ago(minutes=minutes), draws.condition(), awaits_photo=True, intake_minutes=None
        )
    # Nobody owns what lies outside the street, so a class without a rule waits for a dispatcher's word.
    for hours, condition in zip((1, 20), draws.without_rule(), strict=False):
        yield draws.plot(
            draws.ago(hours=hours),
            condition,
            spot=draws.outside(),
            intake_minutes=5,
            names_grid=False,
            dispatch_minutes=None,
        )


def _on_the_way(draws: Draws) -> Iterator[Plot]:
    """Emergencies of the last hours, one for each state and light that the hour of the load might lack."""
    for minutes in (7, 19, 48):
        yield draws.emergency(minutes=minutes, accept_minutes=None)
    for minutes in (31, 62, 101):
        yield draws.emergency(minutes=minutes, accept_minutes=8, fix_share=None)
    for minutes in (70, 95, 118):
        yield draws.emergency(minutes=minutes, accept_minutes=6, fix_share=0.4, check_minutes=None)
    for minutes in (160, 230):
        yield draws.emergency(
            minutes=minutes, accept_minutes=5, fix_share=0.3, failed_checks=1, check_minutes=None
        )
    for minutes in (115, 105, 99):
        first = draws.emergency(minutes=minutes, accept_minutes=9, fix_share=None)
        yield first
        again = draws.plot(draws.ago(minutes=minutes - 58), first.condition, spot=draws.beside(first.spot))
        yield replace(again, accept_minutes=None)


def _late(draws: Draws) -> Iterator[Plot]:
    """Tickets that are overdue: some by minutes, some by hours, some by days."""
    for minutes in (4, 9, 17, 41):
        yield draws.emergency(minutes=120 + minutes, accept_minutes=12, fix_share=None)
    yield draws.emergency(minutes=120 + 66, accept_minutes=None)
    slow = [c for c in draws.conditions if c.limit.unit.counts_working_time and c.limit.value <= 5]  # noqa: PLR2004
    for days in range(1, 10):
        condition = draws.random.choice(slow)
        start = draws.start_due_between(condition, draws.ago(days=days + 1), draws.ago(days=days))
        accepts = None if days % 4 == 0 else 35
        yield draws.plot(start, condition, accept_minutes=accepts, fix_share=None)


def _doubtful(draws: Draws) -> Iterator[Plot]:
    """Repairs that are claimed with the wrong photo, and a report from a mock location: what signals are for."""
    shown = [condition for condition in draws.common if condition.after_photo]
    # Who borrows a picture borrows it from the plot before, which has to be over by then.
    told = ((5, Fraud.EDITED), (6, Fraud.ELSEWHERE), (9, None), (5, Fraud.BORROWED), (4, Fraud.MOCKED))
    for days, fraud in told:
        at, condition = draws.by_day(days), draws.random.choice(shown)
        yield draws.plot(at, condition, accept_minutes=12, fix_share=0.1, check_minutes=25, fraud=fraud)
