"""Notices: whose turn it is, when they go out, when they stop being true, and what they say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.access import Role
from api.domain.deadlines import Light
from api.domain.escalation import Answerer
from api.domain.grids import GridLevel
from api.domain.lifecycle import ENDS, OPEN, STAGE_OF, Clock, State
from api.domain.limits import Limit, LimitUnit
from api.domain.notices import (
    LEVEL_NAMES,
    NoticeLevel,
    Receiver,
    Standing,
    Waiting,
    answering,
    bundled,
    deliver_at,
    digest_text,
    due_notice,
    escalation_notice,
    level_at,
    most_urgent,
    notice_text,
    responsible,
    still_holds,
)
from api.domain.policies import Policies
from api.domain.policy_values import StageLimit
from api.domain.reference import GridFacts, Reference
from api.domain.states import CLOCK_OF
from tests.domain.example_calendars import CHINA, china
from tests.domain.example_office import ALWAYS, GRID, UNITS, office

COMMUNITY = GRID[:12]
TICKET_ID = UUID(int=7)
DUE = china("2026-03-11 16:00").astimezone(UTC)
YELLOW = DUE - timedelta(hours=2)
WORKING, URGENT = Limit(4, LimitUnit.WORKING_HOUR), Limit(2, LimitUnit.URGENT_HOUR)

WATCHED = sorted(STAGE_OF)


def reference(*, at_once: bool = True) -> Reference:
    """Return an office whose second unit stands below the first, with a community around the grid."""
    policies = Policies(
        urgent_notices_at_once=at_once,
        intake_limit=StageLimit(15, "always"),
        check_limit=StageLimit(120, CHINA.code),
    )
    bare = office(CHINA, CHINA, policies)
    grids = {
        COMMUNITY: GridFacts(1, COMMUNITY, GridLevel.COMMUNITY, "社区", "community", None, 1),
        GRID: GridFacts(2, GRID, GridLevel.UNIT_GRID, "网格", "grid", COMMUNITY, 1),
    }
    units = UNITS | {2: replace(UNITS[2], parent_id=1, calendar_code=CHINA.code)}
    calendars = {CHINA.code: CHINA, ALWAYS.code: ALWAYS}
    return replace(bare, grids=grids, units=units, calendars=calendars)


OFFICE = reference()


def standing(state: State = State.IN_PROGRESS, **changes: object) -> Standing:
    clock = CLOCK_OF.get(state, Clock.RECTIFICATION)
    plain = Standing(
        ticket_id=TICKET_ID,
        state=state,
        unit_id=2,
        grid_code=GRID,
        is_checked=False,
        due_at=DUE,
        yellow_at=YELLOW,
        clock=clock,
        cycle=1,
        limit=WORKING,
    )
    return replace(plain, **changes)  # pyright: ignore[reportArgumentType]  fields of a standing, by name


def waiting(level: NoticeLevel = NoticeLevel.OVERDUE, **changes: object) -> Waiting:
    rung = 1 if level is NoticeLevel.ESCALATED else 0
    plain = Waiting(1, TICKET_ID, Clock.RECTIFICATION, 1, level, rung, DUE)
    return replace(plain, **changes)  # pyright: ignore[reportArgumentType]  fields of a notice, by name


def test_every_open_state_has_a_clock_and_no_end_has_one() -> None:
    assert CLOCK_OF.keys() == OPEN
    assert CLOCK_OF[State.SUSPENDED] is Clock.RECTIFICATION


@pytest.mark.parametrize("state", WATCHED)
def test_a_ticket_is_noticed_exactly_as_its_light_says(state: State) -> None:
    moment = timedelta(microseconds=1)
    lights = {
        YELLOW - moment: Light.GREEN,
        YELLOW: Light.GREEN,
        YELLOW + moment: Light.YELLOW,
        DUE: Light.YELLOW,
        DUE + moment: Light.RED,
        DUE + timedelta(days=400): Light.RED,
    }
    expected = {Light.GREEN: None, Light.YELLOW: NoticeLevel.NEAR_DUE, Light.RED: NoticeLevel.OVERDUE}
    for now, light in lights.items():
        assert level_at(standing(state), now) is expected[light]


@pytest.mark.parametrize("state", sorted(ENDS | {State.SUSPENDED}))
def test_what_waits_for_nobody_is_never_noticed(state: State) -> None:
    assert level_at(standing(state), DUE + timedelta(days=1)) is None
    assert due_notice(standing(state), OFFICE, DUE + timedelta(days=1)) is None


def test_without_a_due_time_there_is_nothing_to_say_and_without_a_yellow_share_no_warning() -> None:
    assert level_at(standing(due_at=None, yellow_at=None), DUE) is None
    assert level_at(standing(yellow_at=None), DUE) is None


@pytest.mark.parametrize(
    ("state", "receiver"),
    [
        (State.REPORTED, Receiver(Role.DISPATCHER)),
        (State.VERIFYING, Receiver(Role.OFFICER, grid_code=COMMUNITY)),
        (State.FILED, Receiver(Role.DISPATCHER)),
        (State.ASSIGNED, Receiver(Role.UNIT_MEMBER, unit_id=2)),
        (State.IN_PROGRESS, Receiver(Role.UNIT_MEMBER, unit_id=2)),
        (State.RECTIFIED, Receiver(Role.OFFICER, grid_code=COMMUNITY)),
    ],
)
def test_whoever_has_the_turn_is_told(state: State, receiver: Receiver) -> None:
    assert responsible(standing(state), OFFICE) == receiver


def test_every_state_that_is_watched_has_somebody_to_tell() -> None:
    for state, unit_id, grid_code, is_checked in product(WATCHED, (None, 2), (None, GRID), (False, True)):
        told = responsible(
            standing(state, unit_id=unit_id, grid_code=grid_code, is_checked=is_checked), OFFICE
        )
        assert (told.unit_id is not None) == (told.role in {Role.UNIT_MEMBER, Role.UNIT_LEAD})
        assert (told.grid_code is not None) == (told.role is Role.OFFICER)


def test_what_was_checked_waits_for_the_desk_and_what_lies_in_no_grid_for_a_supervisor() -> None:
    assert responsible(standing(State.RECTIFIED, is_checked=True), OFFICE) == Receiver(Role.DISPATCHER)
    assert responsible(standing(State.RECTIFIED, grid_code=None), OFFICE) == Receiver(Role.SUPERVISOR)


def test_a_grid_that_is_no_longer_in_force_is_told_of_by_its_own_code() -> None:
    gone = "990101009009009"
    assert responsible(standing(State.RECTIFIED, grid_code=gone), OFFICE).grid_code == gone


@pytest.mark.parametrize(
    ("answers", "unit_id", "receiver"),
    [
        (Answerer.UNIT_LEAD, 2, Receiver(Role.UNIT_LEAD, unit_id=2)),
        (Answerer.PARENT_UNIT, 2, Receiver(Role.UNIT_LEAD, unit_id=1)),
        (Answerer.SUPERVISOR, 2, Receiver(Role.SUPERVISOR)),
        (Answerer.LISTED_ORDER, 2, Receiver(Role.SUPERVISOR)),
        (Answerer.PARENT_UNIT, 1, Receiver(Role.SUPERVISOR)),
        (Answerer.UNIT_LEAD, None, Receiver(Role.SUPERVISOR)),
        (Answerer.UNIT_LEAD, 99, Receiver(Role.SUPERVISOR)),
    ],
)
def test_each_rung_has_who_answers_and_a_supervisor_where_there_is_nobody(
    answers: Answerer, unit_id: int | None, receiver: Receiver
) -> None:
    assert answering(answers, unit_id, OFFICE) == receiver
    notice = escalation_notice(standing(unit_id=unit_id), answers, 3, OFFICE, DUE)
    assert (notice.receiver, notice.level, notice.rung) == (receiver, NoticeLevel.ESCALATED, 3)


UNIT, OFFICERS, DESK = (
    Receiver(Role.UNIT_MEMBER, unit_id=2),
    Receiver(Role.OFFICER, grid_code=COMMUNITY),
    Receiver(Role.DISPATCHER),
)


@pytest.mark.parametrize(
    ("receiver", "now", "expected"),
    [
        (UNIT, "2026-03-11 09:00", "2026-03-11 09:00"),
        (UNIT, "2026-03-11 12:30", "2026-03-11 14:00"),
        (UNIT, "2026-03-11 18:00", "2026-03-12 08:00"),
        (UNIT, "2026-03-13 20:00", "2026-03-16 08:00"),
        (UNIT, "2026-02-14 19:00", "2026-02-24 08:00"),
        (OFFICERS, "2026-03-11 23:00", "2026-03-12 08:00"),
        (DESK, "2026-03-11 23:00", "2026-03-11 23:00"),
    ],
)
def test_a_notice_waits_until_its_receiver_is_at_work(receiver: Receiver, now: str, expected: str) -> None:
    assert deliver_at(receiver, WORKING, OFFICE, china(now)) == china(expected)


@pytest.mark.parametrize("unit", LimitUnit)
def test_limits_that_run_around_the_clock_are_told_at_once_unless_the_city_wants_its_people_to_sleep(
    unit: LimitUnit,
) -> None:
    night, morning = china("2026-03-11 23:00"), china("2026-03-12 08:00")
    at_once = not unit.counts_working_time
    assert deliver_at(UNIT, Limit(1, unit), OFFICE, night) == (night if at_once else morning)
    assert deliver_at(UNIT, Limit(1, unit), reference(at_once=False), night) == morning


def test_where_nobody_knows_the_receivers_hours_a_notice_goes_out_at_once() -> None:
    past_horizon = CHINA.stops_at + timedelta(days=3)
    assert deliver_at(UNIT, WORKING, OFFICE, past_horizon) == past_horizon
    night = china("2026-03-11 23:00")
    assert deliver_at(Receiver(Role.UNIT_MEMBER, unit_id=99), WORKING, OFFICE, night) == night
    assert deliver_at(UNIT, WORKING, replace(OFFICE, calendars={}), night) == night


@given(st.integers(0, 2 * 365 * 1_440))
def test_no_notice_is_held_back_inside_working_hours_nor_sent_outside_them(minute: int) -> None:
    now = china("2024-01-02 00:00").astimezone(UTC) + timedelta(minutes=minute)
    at = deliver_at(UNIT, WORKING, OFFICE, now)
    assert at >= now
    assert CHINA.working_time(now, at) == timedelta(0)
    assert CHINA.working_time(at, at + timedelta(minutes=1)) == timedelta(minutes=1)


@pytest.mark.parametrize("state", State)
def test_a_waiting_notice_holds_while_its_unit_still_has_the_ticket(state: State) -> None:
    now = DUE + timedelta(hours=1)
    with_unit = {State.ASSIGNED, State.IN_PROGRESS}
    assert still_holds(waiting(), standing(state), now) == (state in with_unit)
    # Somebody has to answer for what was escalated, whether it is suspended or not.
    escalated = waiting(NoticeLevel.ESCALATED)
    assert still_holds(escalated, standing(state), now) == (state in with_unit | {State.SUSPENDED})


def test_a_waiting_notice_dies_with_its_cycle_and_with_what_it_says() -> None:
    late, near = DUE + timedelta(hours=1), DUE - timedelta(hours=1)
    assert not still_holds(waiting(), standing(cycle=2), late)
    assert not still_holds(waiting(NoticeLevel.ESCALATED), standing(cycle=2), late)
    # Extended before anybody was told that it was overdue.
    assert not still_holds(waiting(), standing(), near)
    # Overdue before anybody was told that it was nearly due: there is another notice for that.
    assert still_holds(waiting(NoticeLevel.NEAR_DUE), standing(), near)
    assert not still_holds(waiting(NoticeLevel.NEAR_DUE), standing(), late)


@given(st.lists(st.none() | st.integers(-50, 50), max_size=30), st.integers(2, 10))
def test_every_notice_is_told_in_one_message_and_many_in_one_digest(
    dues: list[int | None], digest_from: int
) -> None:
    given_ = [
        waiting(id=number, due_at=None if due is None else DUE + timedelta(hours=due))
        for number, due in enumerate(dues)
    ]
    bundles = bundled(given_, digest_from)
    told = [one for bundle in bundles for one in bundle]
    assert sorted(one.id for one in told) == sorted(one.id for one in given_)
    assert len(bundles) == (min(1, len(given_)) if len(given_) >= digest_from else len(given_))
    known = [one.due_at for one in told if one.due_at is not None]
    assert known == sorted(known)
    assert all(one.due_at is None for one in told[len(known) :])


def test_a_message_is_as_urgent_as_the_most_urgent_of_its_notices() -> None:
    assert most_urgent([NoticeLevel.NEAR_DUE, NoticeLevel.OVERDUE]) is NoticeLevel.OVERDUE
    assert most_urgent(NoticeLevel) is NoticeLevel.ESCALATED
    assert set(LEVEL_NAMES) == set(NoticeLevel)


def test_every_notice_is_a_sentence_in_both_languages() -> None:
    clocks = set(CLOCK_OF.values())
    for level, clock in product(NoticeLevel, clocks):
        zh = notice_text(level, clock, 2, "E0406-20261122-000123", "zh")
        en = notice_text(level, clock, 2, "E0406-20261122-000123", "en")
        assert zh.endswith("。")
        assert en.endswith(".")
        assert "E0406-20261122-000123" in zh
        assert "E0406-20261122-000123" in en
    said = notice_text(NoticeLevel.OVERDUE, Clock.RECTIFICATION, 0, "N1", "zh")
    assert said == "案卷N1的处置已经超期。"
    said = notice_text(NoticeLevel.ESCALATED, Clock.CHECK, 2, "N1", "en")
    assert said == "Ticket N1 was escalated to level 2: please answer for it."


def test_a_digest_says_how_many_of_what() -> None:
    counts = {NoticeLevel.NEAR_DUE: 1, NoticeLevel.OVERDUE: 3, NoticeLevel.ESCALATED: 1}
    assert digest_text(counts, "zh") == "共5条提醒：升级1件、超期3件、即将到期1件。"
    assert digest_text(counts, "en") == "5 notices: 1 escalated, 3 overdue, 1 near due."
    assert digest_text({NoticeLevel.OVERDUE: 2}, "en") == "2 notices: 2 overdue."


def test_a_notice_carries_what_keeps_it_single_and_when_it_was_due() -> None:
    now: datetime = DUE + timedelta(minutes=1)
    notice = due_notice(standing(cycle=3), OFFICE, now)
    assert notice is not None
    key = (notice.ticket_id, notice.clock, notice.cycle, notice.level, notice.rung)
    assert key == (TICKET_ID, Clock.RECTIFICATION, 3, NoticeLevel.OVERDUE, 0)
    assert (notice.due_at, notice.raised_at, notice.deliver_at) == (DUE, now, now)


def test_an_urgent_limit_is_told_of_in_the_middle_of_the_night() -> None:
    night = china("2026-03-11 23:00")
    notice = due_notice(standing(due_at=night - timedelta(minutes=1), limit=URGENT), OFFICE, night)
    assert notice is not None
    assert notice.deliver_at == night
