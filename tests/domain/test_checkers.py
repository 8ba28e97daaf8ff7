"""Who goes and looks: never the fixer, seldom an insider, the nearest and least busy of the others, and it is told."""

import hashlib
from dataclasses import replace
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from api.domain.checker_words import reasons
from api.domain.checkers import (
    RELAXED_IN_ORDER,
    Avoided,
    Candidate,
    Choice,
    Duty,
    Weights,
    avoided,
    choose,
    draw,
    is_barred,
    is_drawn,
    judge,
)
from api.domain.geo import Place, distance_m
from api.domain.tasks import TaskKind

HERE = Place(116.404, 39.915)
WEIGHTS = Weights(load_m=500.0, rotation_m=1_000.0)
SOME = 6

ids = st.integers(1, SOME).map(lambda number: UUID(int=number))
places = st.builds(Place, st.floats(116.0, 117.0), st.floats(39.5, 40.5))
candidates_of_one = st.builds(
    Candidate,
    person_id=ids,
    is_regular=st.booleans(),
    home=st.none() | places,
    position=st.none() | places,
    load=st.integers(0, 5),
    recent=st.integers(0, 3),
)
staffs = st.lists(candidates_of_one, max_size=SOME, unique_by=lambda one: one.person_id)
duties = st.builds(
    Duty,
    kind=st.sampled_from(TaskKind),
    place=st.just(HERE),
    reporter_id=st.none() | ids,
    fixer_id=st.none() | ids,
    earlier_checker_id=st.none() | ids,
    passed_over=st.frozensets(ids, max_size=3),
    seed=st.text(max_size=8),
)
weights = st.builds(Weights, st.floats(0, 10_000), st.floats(0, 10_000))


def at(metres_north: float) -> Place:
    """Return a place so far north of here."""
    return Place(HERE.longitude, HERE.latitude + metres_north / 111_000)


def officer(number: int, metres_north: float = 0.0, *, is_regular: bool = False) -> Candidate:
    """Return an officer whose grid's middle is so far north."""
    return Candidate(UUID(int=number), is_regular, at(metres_north))


def duty(kind: TaskKind = TaskKind.CHECK) -> Duty:
    """Return a duty with a reporter (1), a fixer (2) and an earlier checker (3)."""
    return Duty(kind, HERE, UUID(int=1), UUID(int=2), UUID(int=3), seed="a")


def chosen(what: Duty, *staff: Candidate) -> Choice:
    """Return the choice that must be there."""
    choice = choose(what, staff, WEIGHTS)
    assert choice is not None
    return choice


@given(duties, staffs, weights)
def test_neither_the_fixer_nor_anybody_who_had_it_in_vain_ever_goes(
    what: Duty, staff: list[Candidate], counted: Weights
) -> None:
    choice = choose(what, staff, counted)
    able = {one.person_id for one in staff} - {what.fixer_id} - what.passed_over
    if what.kind is TaskKind.SECOND_CHECK:
        able -= {what.earlier_checker_id}
    assert (choice is None) == (not able)
    if choice is not None:
        assert choice.person_id in able
        assert not is_barred(what, choice.person_id)


@given(duties, staffs, weights)
def test_an_insider_goes_only_where_no_outsider_could_and_the_choice_says_so(
    what: Duty, staff: list[Candidate], counted: Weights
) -> None:
    choice = choose(what, staff, counted)
    assume(choice is not None)
    assert choice is not None
    able = [
        one for one in staff if not is_barred(what, one.person_id) and one.person_id not in what.passed_over
    ]
    gone = next(one for one in able if one.person_id == choice.person_id)
    assert set(choice.relaxed) == avoided(what, gone)
    # Brute force: of all who could go, the worst thing about her is no worse than about anybody else.
    worst = max((RELAXED_IN_ORDER.index(one) for one in choice.relaxed), default=-1)
    for one in able:
        assert max((RELAXED_IN_ORDER.index(why) for why in avoided(what, one)), default=-1) >= worst


@given(duties, staffs, weights, st.randoms(use_true_random=False))
def test_the_same_people_in_another_order_make_the_same_choice(
    what: Duty, staff: list[Candidate], counted: Weights, random: object
) -> None:
    shuffled = sorted(staff, key=lambda one: hashlib.sha256(f"{random} {one.person_id}".encode()).digest())
    assert choose(what, staff, counted) == choose(what, shuffled, counted)


@given(duties, staffs, weights)
def test_among_the_equally_fit_nobody_would_have_been_cheaper(
    what: Duty, staff: list[Candidate], counted: Weights
) -> None:
    choice = choose(what, staff, counted)
    assume(choice is not None)
    assert choice is not None
    worst = max((RELAXED_IN_ORDER.index(one) for one in choice.relaxed), default=-1)
    for one in staff:
        if is_barred(what, one.person_id) or one.person_id in what.passed_over:
            continue
        if max((RELAXED_IN_ORDER.index(why) for why in avoided(what, one)), default=-1) <= worst:
            assert judge(what, one, counted).cost_m >= choice.cost_m


@given(duties, staffs, weights)
def test_more_work_never_gets_anybody_a_task_that_she_would_not_have_got(
    what: Duty, staff: list[Candidate], counted: Weights
) -> None:
    choice = choose(what, staff, counted)
    assume(choice is not None and len(staff) > 1)
    assert choice is not None
    busier = [one if one.person_id == choice.person_id else replace(one, load=one.load + 1) for one in staff]
    again = choose(what, busier, counted)
    assert again is not None
    assert again.person_id == choice.person_id


def test_the_nearest_goes_by_where_she_is_or_else_by_the_middle_of_her_grid() -> None:
    near, far = officer(5, 300), officer(6, 900)
    assert chosen(duty(), near, far).person_id == near.person_id
    on_her_way = replace(far, position=at(100))
    choice = chosen(duty(), near, on_her_way)
    assert (choice.person_id, choice.is_from_position) == (far.person_id, True)
    assert choice.distance_m is not None
    assert abs(choice.distance_m - distance_m(at(100), HERE)) < 0.1


def test_load_and_rotation_outweigh_a_longer_way() -> None:
    near, far = officer(5, 300), officer(6, 700)
    assert chosen(duty(), replace(near, load=1), far).person_id == far.person_id
    assert chosen(duty(), replace(near, recent=1), far).person_id == far.person_id
    assert chosen(duty(), replace(near, load=1), replace(far, load=1)).person_id == near.person_id


def test_what_is_given_up_is_given_up_in_order() -> None:
    reporter, regular, earlier = officer(1), officer(4, is_regular=True), officer(3)
    look_back = duty(TaskKind.LOOK_BACK)
    outsider = officer(5, 50_000)
    assert chosen(look_back, reporter, regular, earlier, outsider).person_id == outsider.person_id
    first = chosen(look_back, reporter, regular, earlier)
    assert (first.person_id, first.relaxed) == (regular.person_id, (Avoided.REGULAR_OFFICER,))
    second = chosen(look_back, reporter, earlier)
    assert (second.person_id, second.relaxed) == (earlier.person_id, (Avoided.EARLIER_CHECKER,))
    last = chosen(look_back, reporter)
    assert (last.person_id, last.relaxed) == (reporter.person_id, (Avoided.REPORTER,))
    assert choose(look_back, [officer(2)], WEIGHTS) is None


def test_a_second_check_is_never_the_first_checkers_and_a_tip_is_verified_by_the_grids_own() -> None:
    assert choose(duty(TaskKind.SECOND_CHECK), [officer(3)], WEIGHTS) is None
    own, outsider = officer(4, 10, is_regular=True), officer(5, 20)
    verified = chosen(duty(TaskKind.VERIFICATION), own, outsider)
    assert (verified.person_id, verified.relaxed) == (own.person_id, ())


def test_somebody_whom_nobody_can_find_comes_last_but_comes() -> None:
    nowhere = Candidate(UUID(int=5), is_regular=False, home=None)
    assert chosen(duty(), nowhere, officer(6, 20_000)).person_id == UUID(int=6)
    choice = chosen(duty(), nowhere)
    assert (choice.person_id, choice.distance_m) == (nowhere.person_id, None)


def test_equals_take_turns_by_the_ticket() -> None:
    staff = [officer(number, 100) for number in range(10, 20)]
    gone = {chosen(replace(duty(), seed=f"ticket {number}"), *staff).person_id for number in range(200)}
    assert len(gone) == len(staff)


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_lot_is_the_same_each_time_and_a_larger_share_draws_all_that_a_smaller_one_does(
    seed: str, one: float, other: float
) -> None:
    assert 0 <= draw(seed) < 1
    assert draw(seed) == draw(seed)
    small, large = sorted((one, other))
    assert is_drawn(seed, large) or not is_drawn(seed, small)
    assert is_drawn(seed, 1.0)
    assert not is_drawn(seed, 0.0)


def test_of_many_tickets_the_share_is_drawn() -> None:
    drawn = sum(is_drawn(f"{number}", 0.05) for number in range(20_000))
    assert 900 < drawn < 1_100  # 1000 expected, standard deviation 31


@given(duties, staffs, weights)
def test_every_choice_can_be_told_in_both_languages(
    what: Duty, staff: list[Candidate], counted: Weights
) -> None:
    choice = choose(what, staff, counted)
    kept = {"nobody": "no_staff"} if choice is None else choice.as_json()
    for extra in ({}, {"lot": 0.01, "share": 0.05}, {"named_by": "supervisor"}):
        zh, en = (reasons({**kept, **extra}, language) for language in ("zh", "en"))
        assert len(zh) == len(en) > 0
        assert all([*zh, *en])
