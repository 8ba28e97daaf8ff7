"""How long the next attempt to sign in has to wait after others failed.

Failures are counted for the account and, apart from it, for the address they come from: the first slows
guessing at one person's password, the second trying one password on many accounts. An account's count
starts afresh when its owner signs in; otherwise counts fade with time.

The trade-off: whoever knows a user name can make the account's count grow, and a count that slows a guesser
slows the owner too. Three things keep the owner in. No wait is longer than `longest_wait`. An attempt made
during a wait is refused unseen and neither counts nor prolongs the wait, so hammering gains nothing. And a
phone that the owner has signed in on before has a count of its own, which strangers can't reach
(the idea of OWASP's device cookies). People who are signed in already notice nothing at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from math import ceil
from uuid import UUID

from api.domain.errors import TooManyAttempts


@dataclass(frozen=True, slots=True)
class Failures:
    """How many attempts failed, and when the last one did."""

    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Slowdown:
    """From the `free`th failure on the next attempt waits `first_wait`, and twice as long after each more."""

    free: int
    first_wait: timedelta
    longest_wait: timedelta
    forget_one_after: timedelta
    """Each such span without a failure takes one failure off the count."""

    def faded(self, failures: Failures, now: datetime) -> int:
        """Return how many failures still count."""
        return max(0, failures.count - max(0, (now - failures.last_at) // self.forget_one_after))

    def wait(self, failures: Failures, now: datetime) -> timedelta:
        """Return how long the next attempt has to wait from now; zero or less when it may be made."""
        beyond = self.faded(failures, now) - self.free
        if beyond < 0:
            return timedelta(0)
        # The count has no bound and 2**count would: past the longest wait only the longest wait matters.
        doublings = min(beyond, (self.longest_wait // self.first_wait).bit_length())
        return failures.last_at + min(self.first_wait * 2**doublings, self.longest_wait) - now

    def failed_again(self, failures: Failures, now: datetime) -> Failures:
        """Return the record with one more failure."""
        return Failures(self.faded(failures, now) + 1, max(failures.last_at, now))


@dataclass(frozen=True, slots=True)
class SlowdownPolicy:
    """The two slowdowns in force."""

    account: Slowdown
    address: Slowdown

    def rule(self, subject: str) -> Slowdown:
        """Return the slowdown for a subject."""
        return self.address if is_address(subject) else self.account


SLOWDOWNS = SlowdownPolicy(
    account=Slowdown(
        free=5,
        first_wait=timedelta(seconds=5),
        longest_wait=timedelta(minutes=15),
        forget_one_after=timedelta(hours=1),
    ),
    # Behind one address there may be an office or a mobile carrier: many people, an odd typing error each.
    address=Slowdown(
        free=20,
        first_wait=timedelta(seconds=5),
        longest_wait=timedelta(minutes=15),
        forget_one_after=timedelta(minutes=1),
    ),
)
"""Policy. A guesser gets about 4 attempts an hour on an account, and about one a minute from an address."""

FORGET_AFTER = timedelta(days=2)
"""A record this old says nothing any more, whatever its count: it can be deleted."""

_ACCOUNT, _ADDRESS, _DEVICE = "account:", "address:", "device:"
_IPV6_SITE_BITS = 64


def is_address(subject: str) -> bool:
    """Tell the count of an address from that of an account."""
    return subject.startswith(_ADDRESS)


def account_subject(username: str) -> str:
    """Name the count of an account; an account that does not exist has one too, so as not to stand out."""
    return _ACCOUNT + username


def device_subject(person_id: UUID, device_id: str) -> str:
    """Name the count of one account on one device that its owner has signed in on before."""
    return _DEVICE + sha256(f"{person_id} {device_id}".encode()).hexdigest()


def address_subject(host: str | None) -> str:
    """Name the count of a client's address; an IPv6 client commands its whole /64 and counts as one.

    None, or a name that is no address, is how a client on a local socket looks.
    """
    try:
        address = ip_address(host or "")
    except ValueError:
        return f"{_ADDRESS}local"
    return f"{_ADDRESS}{_site(address)}"


def _site(address: IPv4Address | IPv6Address) -> object:
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Network((int(address), _IPV6_SITE_BITS), strict=False)


def check_waits(
    records: Mapping[str, Failures], subjects: Sequence[str], policy: SlowdownPolicy, now: datetime
) -> None:
    """Raise TooManyAttempts when one of the subjects has to wait; one without a record has not failed."""
    waits = [policy.rule(subject).wait(records[subject], now) for subject in subjects if subject in records]
    longest = max(waits, default=timedelta(0))
    if longest > timedelta(0):
        seconds = ceil(longest.total_seconds())
        raise TooManyAttempts(f"Too many attempts failed; try again in {seconds} s.", retry_after_s=seconds)
