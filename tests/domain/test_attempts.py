"""How long the next attempt has to wait."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.attempts import (
    SLOWDOWNS,
    Failures,
    Slowdown,
    account_subject,
    address_subject,
    check_waits,
    device_subject,
)
from api.domain.errors import TooManyAttempts

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ACCOUNT = SLOWDOWNS.account
NONE = timedelta(0)
SLOWDOWN = st.sampled_from([SLOWDOWNS.account, SLOWDOWNS.address])


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


@pytest.mark.parametrize(
    ("count", "wait_s"),
    [
        (0, 0),
        (1, 0),
        (4, 0),
        (5, 5),
        (6, 10),
        (7, 20),
        (8, 40),
        (11, 320),
        (12, 640),
        (13, 900),
        (10**6, 900),
    ],
)
def test_from_the_fifth_failure_on_each_wait_is_twice_as_long_up_to_a_quarter_of_an_hour(
    count: int, wait_s: int
) -> None:
    assert ACCOUNT.wait(Failures(count, NOW), NOW) == seconds(wait_s)


def test_a_wait_passes() -> None:
    failures = Failures(6, NOW)
    assert ACCOUNT.wait(failures, NOW + seconds(4)) == seconds(6)
    assert ACCOUNT.wait(failures, NOW + seconds(10)) == NONE
    assert ACCOUNT.wait(failures, NOW + seconds(60)) < NONE


def test_an_hour_without_a_failure_takes_one_off_the_account() -> None:
    assert ACCOUNT.faded(Failures(6, NOW), NOW + timedelta(minutes=59)) == 6
    assert ACCOUNT.faded(Failures(6, NOW), NOW + timedelta(hours=1)) == 5
    assert ACCOUNT.faded(Failures(6, NOW), NOW + timedelta(days=9)) == 0


def test_a_failure_that_another_machine_saw_in_the_future_counts_in_full() -> None:
    assert ACCOUNT.faded(Failures(6, NOW + timedelta(hours=3)), NOW) == 6
    assert ACCOUNT.failed_again(Failures(6, NOW + seconds(1)), NOW) == Failures(7, NOW + seconds(1))


@given(rule=SLOWDOWN, count=st.integers(0, 2**31), elapsed=st.timedeltas(NONE, timedelta(days=30)))
def test_nobody_ever_waits_longer_than_the_longest_wait(
    rule: Slowdown, count: int, elapsed: timedelta
) -> None:
    assert rule.wait(Failures(count, NOW), NOW + elapsed) <= rule.longest_wait


@given(
    rule=SLOWDOWN,
    count=st.integers(0, 100),
    earlier=st.timedeltas(NONE, timedelta(days=2)),
    later=st.timedeltas(NONE, timedelta(days=2)),
)
def test_waiting_never_makes_the_wait_longer(
    rule: Slowdown, count: int, earlier: timedelta, later: timedelta
) -> None:
    failures = Failures(count, NOW)
    waits = [max(NONE, rule.wait(failures, NOW + at)) for at in sorted([earlier, later])]
    assert waits[1] <= waits[0]


def guesses_in(span: timedelta, rule: Slowdown) -> int:
    """Count the attempts of a guesser who never misses the moment when the next one is allowed."""
    failures, now, guesses = Failures(0, NOW), NOW, 0
    while now < NOW + span:
        now += max(NONE, rule.wait(failures, now))
        failures = rule.failed_again(failures, now)
        guesses += 1
    return guesses


def test_a_patient_guesser_gets_about_a_hundred_guesses_a_day_on_an_account() -> None:
    assert guesses_in(timedelta(days=1), SLOWDOWNS.account) < 24 * 4 + 20


def test_a_patient_guesser_gets_about_one_guess_a_minute_from_an_address() -> None:
    assert guesses_in(timedelta(days=1), SLOWDOWNS.address) < 24 * 60 * 1.5


def test_the_longer_of_two_waits_is_told() -> None:
    address = address_subject("192.0.2.7")
    records = {account_subject("li"): Failures(6, NOW), address: Failures(22, NOW)}
    with pytest.raises(TooManyAttempts) as refused:
        check_waits(records, list(records), SLOWDOWNS, NOW)
    assert refused.value.retry_after_s == 20


def test_a_fraction_of_a_second_is_told_as_a_whole_one() -> None:
    subject = account_subject("li")
    with pytest.raises(TooManyAttempts) as refused:
        check_waits({subject: Failures(5, NOW)}, [subject], SLOWDOWNS, NOW + seconds(4.9))
    assert refused.value.retry_after_s == 1


def test_who_has_not_failed_does_not_wait() -> None:
    check_waits({}, [account_subject("li"), address_subject(None)], SLOWDOWNS, NOW)


def test_an_address_has_more_patience_than_an_account() -> None:
    address = address_subject("192.0.2.7")
    check_waits({address: Failures(19, NOW)}, [address], SLOWDOWNS, NOW)


def test_an_ipv6_client_counts_as_one_wherever_in_its_network_it_asks_from() -> None:
    assert (
        address_subject("2001:db8:1:2::1")
        == address_subject("2001:db8:1:2:ffff::9")
        == "address:2001:db8:1:2::/64"
    )
    assert address_subject("2001:db8:1:3::1") != address_subject("2001:db8:1:2::1")


def test_an_ipv4_address_in_ipv6_clothes_is_the_same_address() -> None:
    assert address_subject("::ffff:192.0.2.7") == address_subject("192.0.2.7") == "address:192.0.2.7"


@pytest.mark.parametrize("host", [None, "", "testclient"])
def test_a_client_without_an_address_is_local(host: str | None) -> None:
    assert address_subject(host) == "address:local"


def test_subjects_fit_their_column() -> None:
    for subject in (
        account_subject("名" * 64),
        device_subject(uuid4(), "机" * 100),
        address_subject("ff" * 99),
    ):
        assert len(subject) <= 128


def test_a_user_name_can_not_pose_as_an_address() -> None:
    assert account_subject("address:192.0.2.7") != address_subject("192.0.2.7")
