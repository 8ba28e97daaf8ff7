"""What becomes of one ticket on the demo street: who does what, when, with which words and pictures.

A story is told deed by deed. The teller hears after each how the ticket stands, because nobody knows before
which unit the rules choose, and goes on from there. Nothing here touches a database.
"""

from api.domain.cases import Triage
from api.domain.lifecycle import Action, State
from api.services.demo_plots import Cast, Plot, Scene, Standing, Story
from api.services.demo_telling import Telling
from api.services.demo_turns import AFTER_CLOSING, AT_DESK, AT_WORK, WITH_UNIT, take_turn


def tell(cast: Cast, plot: Plot) -> Story:
    """Tell a ticket's story from its report to its end, or to where nobody goes on."""
    telling = Telling(cast, plot)
    standing = yield telling.report()
    if standing.state is State.REPORTED:
        if plot.intake_minutes is None:
            return
        telling.wait(plot.intake_minutes)
        standing = yield from take_turn(AT_DESK, telling, standing)
        if standing.state is not State.REPORTED:
            return
        standing = yield telling.intake()
    if standing.state is State.FILED and standing.triage != Triage.NO_DEADLINE:
        if plot.dispatch_minutes is None:
            return
        telling.wait(plot.dispatch_minutes)
        standing = yield telling.dispatch()
    if standing.state is State.ASSIGNED:
        standing = yield from take_turn(WITH_UNIT, telling, standing)
    if standing.state is State.ASSIGNED and plot.accept_minutes is not None:
        standing = yield from _repair(telling, standing)
    if standing.state is State.CLOSED and not plot.is_self_fix:
        yield from take_turn(AFTER_CLOSING, telling, standing)


def _repair(telling: Telling, standing: Standing) -> Scene:
    """Tell what the unit, its helpers and the checking officer do, once a unit has the ticket."""
    plot, dispatched_at = telling.plot, telling.at
    crew = telling.crew(standing)
    telling.work(crew, plot.accept_minutes or 0)
    standing = yield telling.step(crew.lead if plot.is_handed_over else crew.member, Action.ACCEPT)
    if plot.is_handed_over:
        telling.work(crew, 7)
        standing = yield telling.step(crew.lead, Action.HAND_OVER, handler=crew.member)
    standing = yield from take_turn(AT_WORK, telling, standing)
    if plot.fix_share is None or standing.state is not State.IN_PROGRESS:
        return standing
    for helper in standing.helpers:
        helping = telling.cast.crews[helper]
        telling.work(helping, telling.random.randint(3, 15))
        standing = yield telling.help(helping.member)
    telling.finish(crew, plot.fix_share, dispatched_at, standing.due_at)
    standing = yield telling.fix(crew.member)
    for _ in range(plot.failed_checks):
        telling.patrol(25)
        yield telling.check(Action.FAIL_CHECK)
        telling.work(crew, telling.random.randint(40, 170))
        standing = yield telling.fix(crew.member)
    if plot.check_minutes is not None:
        telling.patrol(plot.check_minutes)
        standing = yield telling.check(Action.PASS_CHECK)
    return standing
