"""Whatever the order of delivery, what waits goes on in the straight order; circles are found."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.domain.device_clock import CLOCK_SKEW, EPOCH, DeviceClock
from api.domain.sync import Waiter, cycle_through, next_ready

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
ME = UUID(int=1)
REPORT = UUID(int=100)


def waiter(number: int) -> Waiter:
    """Return the step of a chain with this number; the first was made on top of the report."""
    after = UUID(int=100 + number - 1)
    return Waiter(UUID(int=100 + number), ME, after, NOW + timedelta(minutes=number))


class Desk:
    """What the service does with the domain's answers, without a database."""

    def __init__(self) -> None:
        self.waiting: dict[UUID, Waiter] = {}
        self.done: set[tuple[UUID, UUID]] = set()
        self.taken: list[UUID] = []

    def receive(self, number: int) -> None:
        """Take what was delivered; 0 is the report."""
        if number == 0:
            self.done.add((ME, REPORT))
        elif (ME, waiter(number).id) not in self.done:
            self.waiting[waiter(number).id] = waiter(number)
        while (ME, REPORT) in self.done and (one := next_ready(self.waiting.values(), self.done)):
            del self.waiting[one.id]
            self.done.add((ME, one.id))
            self.taken.append(one.id)


@given(st.data(), st.integers(1, 8))
def test_any_order_and_any_repetition_leads_to_the_straight_order(data: st.DataObject, length: int) -> None:
    straight = list(range(length + 1))
    delivered = data.draw(st.permutations(straight + data.draw(st.lists(st.sampled_from(straight)))))
    desk = Desk()
    for number in delivered:
        desk.receive(number)
    assert desk.taken == [waiter(number).id for number in straight[1:]]
    assert desk.waiting == {}


@given(st.permutations(range(1, 6)))
def test_of_those_that_may_go_on_the_oldest_goes_first(order: list[int]) -> None:
    waiters = [Waiter(UUID(int=n), ME, None, NOW + timedelta(seconds=n)) for n in order]
    first = next_ready(waiters, set())
    assert first is not None
    assert first.id == UUID(int=1)


def test_what_others_did_under_the_same_id_lets_nobody_go_on() -> None:
    assert next_ready([waiter(2)], {(UUID(int=2), UUID(int=101))}) is None


@given(st.integers(1, 9), st.integers(0, 5))
def test_a_circle_is_found_from_each_of_its_items_and_from_nowhere_else(size: int, tail: int) -> None:
    after = {UUID(int=n): UUID(int=(n + 1) % size) for n in range(size)}
    after |= {UUID(int=size + n): UUID(int=size + n - 1 if n else 0) for n in range(tail)}
    for number in range(size):
        assert set(cycle_through(UUID(int=number), after)) == {UUID(int=n) for n in range(size)}
    for number in range(size, size + tail):
        assert cycle_through(UUID(int=number), after) == ()


@given(
    st.timedeltas(timedelta(days=-36_500), timedelta(days=20_000)),
    st.timedeltas(timedelta(), timedelta(days=365)),
)
def test_a_time_told_by_a_wrong_clock_is_moved_by_as_much_as_it_goes_wrong(
    skew: timedelta, ago: timedelta
) -> None:
    told = NOW - ago - skew
    clock = DeviceClock.read(NOW - skew, NOW)
    assert clock.corrected(told, NOW) == (told if abs(skew) <= CLOCK_SKEW else NOW - ago)


@given(
    st.timedeltas(timedelta(days=-36_500), timedelta(days=20_000)),
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  zones come apart
)
def test_no_correction_moves_a_time_into_the_future_or_before_1970(skew: timedelta, told: datetime) -> None:
    corrected = DeviceClock(skew).corrected(told, NOW)
    assert corrected == told or EPOCH <= corrected <= NOW + CLOCK_SKEW
