"""Rules of the feed: how changes become one, what a cursor is good for, whom a batch concerns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.access import Role, TicketScope, Viewer
from api.domain.errors import ResyncNeeded
from api.domain.feed import (
    BEGINNING,
    Audience,
    Change,
    FeedCursor,
    Held,
    Home,
    Landmark,
    Position,
    Walk,
    Window,
    begin,
    check_cursor,
    compact,
    fingerprint,
    turned_to,
    walked,
)

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
HOME = Home(UUID(int=1), UUID(int=2), 7)
TICKETS = [UUID(int=number) for number in range(1, 7)]


def viewer(role: Role = Role.OFFICER, *, unit_id: int | None = None, grids: tuple[str, ...] = ()) -> Viewer:
    return Viewer(uuid4(), uuid4(), "x", "x", role, unit_id, grids)


def landmark(number: int) -> Landmark:
    return Landmark(Position(number // 3 + 1, number), f"{number:016x}")


def window(ticket_numbers: list[int], *, is_all: bool = True) -> Window:
    """Return a window of changes of these tickets, and a last row that is nobody's concern."""
    changes = [
        Change(landmark(number), TICKETS[ticket], has_left=number % 2 == 1)
        for number, ticket in enumerate(ticket_numbers)
    ]
    return Window(changes, landmark(len(ticket_numbers)), is_all)


sequences = st.lists(st.integers(0, 5), max_size=40)


@given(sequences, st.integers(1, 7))
def test_a_page_names_each_ticket_once_in_the_order_of_its_first_change(
    tickets: list[int], room: int
) -> None:
    found = compact(window(tickets), room)
    assert list(found.ticket_ids) == list(dict.fromkeys(TICKETS[one] for one in tickets))[:room]


@given(sequences, st.integers(1, 7))
def test_page_after_page_names_every_change_and_ends(tickets: list[int], room: int) -> None:
    whole = window(tickets)
    behind, told, pages = BEGINNING, set[UUID](), 0
    while True:
        rest = Window(
            [one for one in whole.changes if one.landmark.position > behind], whole.last, is_all=True
        )
        found = compact(rest, room)
        pages += 1
        for change in rest.changes:
            if found.up_to is not None and change.landmark.position <= found.up_to.position:
                assert change.ticket_id in found.ticket_ids, "no change is passed over"
        told.update(found.ticket_ids)
        if found.is_all:
            break
        assert len(found.ticket_ids) == room
        assert found.up_to is not None
        assert found.up_to.position > behind, "each page gets on"
        behind = found.up_to.position
    assert told == {TICKETS[one] for one in tickets}
    assert found.up_to == whole.last
    assert pages <= len(tickets) + 1


@given(sequences)
def test_a_ticket_that_left_at_some_time_is_said_to_have_left(tickets: list[int]) -> None:
    found = compact(window(tickets), 200)
    assert found.has_left == {TICKETS[one] for number, one in enumerate(tickets) if number % 2}


def test_a_window_of_others_concerns_moves_the_cursor() -> None:
    others = Window((), landmark(9), is_all=False)
    assert compact(others, 5).up_to == landmark(9)
    assert not compact(others, 5).is_all


def cursor_of(who: Viewer) -> FeedCursor:
    return walked(begin(HOME, who, landmark(4), NOW, 30, 1), None)


def test_a_cursor_is_good_where_it_was_made() -> None:
    who = viewer(grids=("3101",))
    check_cursor(cursor_of(who), HOME, landmark(4), who, NOW + timedelta(days=30), 30)


@pytest.mark.parametrize(
    ("home", "found", "after", "why"),
    [
        (replace(HOME, epoch=UUID(int=9)), landmark(4), timedelta(), "restored"),
        (replace(HOME, cluster=8), landmark(4), timedelta(), "restored"),
        (HOME, None, timedelta(), "restored"),
        (HOME, replace(landmark(4), fingerprint="another"), timedelta(), "restored"),
        (HOME, Landmark(Position(9, 4), landmark(4).fingerprint), timedelta(), "restored"),
        (HOME, landmark(4), timedelta(days=30, seconds=1), "too_old"),
    ],
)
def test_a_cursor_of_other_data_or_long_ago_is_refused(
    home: Home, found: Landmark | None, after: timedelta, why: str
) -> None:
    who = viewer()
    with pytest.raises(ResyncNeeded) as refused:
        check_cursor(cursor_of(who), home, found, who, NOW + after, 30)
    assert refused.value.facts["why"] == why


@pytest.mark.parametrize("changed", [{"role": Role.UNIT_LEAD, "unit_id": 3}, {"unit_id": 4}])
def test_a_cursor_of_another_role_or_unit_is_refused(changed: dict[str, object]) -> None:
    who = viewer(Role.UNIT_MEMBER, unit_id=3)
    with pytest.raises(ResyncNeeded) as refused:
        check_cursor(cursor_of(who), HOME, landmark(4), replace(who, **changed), NOW, 30)
    assert refused.value.facts["why"] == "scope"


def test_an_empty_database_has_no_landmark_to_be_looked_for() -> None:
    who = viewer()
    fresh = walked(begin(HOME, who, Landmark(), NOW, 30, 1), None)
    check_cursor(fresh, HOME, None, who, NOW, 30)


codes = st.frozensets(st.sampled_from(["1", "12", "123", "2", "3"]))


@given(st.lists(codes, min_size=2, max_size=5))
def test_however_grids_change_on_the_way_the_walk_ends_with_the_present_ones(
    changes: list[frozenset[str]],
) -> None:
    cursor = cursor_of(viewer())
    may_hold = frozenset[str]()
    for present in changes:
        target = Held(Role.OFFICER, None, present)
        before, cursor = cursor, turned_to(cursor, target)
        if cursor.walk is not None and cursor != before:
            assert cursor.walk.after is None
            assert may_hold <= cursor.held.grid_codes, "what it may hold is not forgotten"
            may_hold |= present
            cursor = walked(cursor, UUID(int=5))
            concerned = set(cursor.held.differs(target).grid_prefixes)
            assert cursor.held.grid_codes - present <= concerned, "what was lost is walked through"
            assert present - cursor.held.grid_codes <= concerned, "and what was gained"
    if cursor.walk is not None:
        cursor = walked(cursor, None)
    assert cursor.held.grid_codes == changes[-1]
    assert turned_to(cursor, cursor.held) == cursor


def test_a_walk_through_everything_begins_again_when_grids_change_on_the_way() -> None:
    who = viewer(grids=("1",))
    cursor = walked(begin(HOME, who, landmark(4), NOW, 30, 1), UUID(int=5))
    turned = turned_to(cursor, Held(Role.OFFICER, None, frozenset({"2"})))
    assert turned.walk == Walk(Held(Role.OFFICER, None, frozenset({"2"})), is_whole=True)
    assert turned.held.grid_codes == {"1"}, "what it met so far may have to go"


def test_the_same_number_in_a_rewound_database_has_another_fingerprint() -> None:
    assert fingerprint(UUID(int=1), NOW) == fingerprint(UUID(int=1), NOW)
    assert fingerprint(UUID(int=1), NOW) != fingerprint(UUID(int=2), NOW)
    assert fingerprint(UUID(int=1), NOW) != fingerprint(UUID(int=1), NOW + timedelta(microseconds=1))


SOMEBODY = UUID(int=77)
BATCH = Audience(
    unit_ids=frozenset({1, 2}),
    escalated_unit_ids=frozenset({2}),
    grid_codes=("310101001", "310105002"),
    place_codes=frozenset({"market"}),
    person_ids=frozenset({SOMEBODY}),
    has_tickets=True,
)


@pytest.mark.parametrize(
    ("who", "is_woken"),
    [
        (viewer(Role.DISPATCHER), True),
        (viewer(Role.UNIT_MEMBER, unit_id=1), True),
        (viewer(Role.UNIT_MEMBER, unit_id=3), False),
        (replace(viewer(Role.UNIT_MEMBER, unit_id=3), paired_places=("market", "mall")), True),
        (replace(viewer(Role.UNIT_MEMBER, unit_id=3), paired_places=("mall",)), False),
        (replace(viewer(Role.UNIT_LEAD, unit_id=3), unit_ids_below=(2,)), True),
        (replace(viewer(Role.UNIT_LEAD, unit_id=3), unit_ids_below=(1,)), False),
        (viewer(grids=("310101",)), True),
        (viewer(grids=("310101001",)), True),
        (viewer(grids=("3101010011",)), False),
        (viewer(grids=("310102", "310106")), False),
        (viewer(), False),
        (replace(viewer(), person_id=SOMEBODY), True),
        (replace(viewer(Role.UNIT_MEMBER, unit_id=3), person_id=SOMEBODY), True),
    ],
)
def test_a_batch_wakes_whom_it_may_concern(who: Viewer, *, is_woken: bool) -> None:
    assert BATCH.concerns(who) is is_woken


def test_a_batch_of_people_alone_wakes_them_alone() -> None:
    alone = Audience(frozenset(), frozenset(), (), frozenset(), frozenset({SOMEBODY}), has_tickets=False)
    assert not alone.concerns(viewer(Role.DISPATCHER))
    assert alone.concerns(replace(viewer(Role.DISPATCHER), person_id=SOMEBODY))


@given(codes, codes)
def test_what_two_scopes_differ_in_is_what_one_of_them_has(
    one: frozenset[str], other: frozenset[str]
) -> None:
    held, target = Held(Role.OFFICER, None, one), Held(Role.OFFICER, None, other)
    assert held.differs(target) == TicketScope(grid_prefixes=tuple(sorted(one ^ other)))
    assert (held | target).grid_codes == one | other
