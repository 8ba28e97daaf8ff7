"""The hash chain of a ticket's events: whatever is changed afterwards shows, and at which event."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.domain.access import Role
from api.domain.history import GENESIS, Event, Head, first_break, sha256_of
from api.domain.lifecycle import Action, State

TICKET = UUID(int=1)

# Small alphabets: what is drawn here is hashed, not parsed, and two draws must only be able to differ.
uuids = st.integers(0, 99).map(lambda number: UUID(int=number))
instants = st.integers(0, 10**14).map(
    lambda count: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=count)
)
texts = st.text("ab已。\n", max_size=3)

FACTS = st.dictionaries(texts, st.none() | st.integers(0, 9) | texts, max_size=2)

FIELDS: dict[str, st.SearchStrategy[object]] = {
    "ticket_id": uuids,
    "seq": st.integers(1, 99),
    "action": st.sampled_from(Action),
    "from_state": st.none() | st.sampled_from(State),
    "to_state": st.sampled_from(State),
    "actor_id": st.none() | uuids,
    "actor_role": st.sampled_from(Role) | st.just("system"),
    "at": instants,
    "device_at": st.none() | instants,
    "note": texts,
    "photo_ids": st.lists(uuids, max_size=3).map(tuple),
    "facts": FACTS,
}
"""What each field of an event may hold."""

Chain = list[tuple[Event, str]]


def chained(events: Sequence[Event]) -> Chain:
    """Return the events with their hashes, each on the one before."""
    chain: Chain = []
    previous = GENESIS
    for event in events:
        previous = sha256_of(event, previous)
        chain.append((event, previous))
    return chain


def head_of(chain: Chain) -> Head:
    return Head(len(chain), chain[-1][1])


STEPS = (
    (None, Action.REPORT, State.REPORTED, Role.OFFICER),
    (State.REPORTED, Action.FILE, State.FILED, "system"),
    (State.FILED, Action.DISPATCH, State.ASSIGNED, "system"),
    (State.ASSIGNED, Action.ACCEPT, State.IN_PROGRESS, Role.UNIT_MEMBER),
    (State.IN_PROGRESS, Action.RECTIFY, State.RECTIFIED, Role.UNIT_MEMBER),
)


@st.composite
def chains(draw: st.DrawFn, fewest: int = 1) -> Chain:
    """Draw the beginning of one ticket's history, with notes and facts of its own."""
    return chained(
        [
            Event(
                ticket_id=TICKET,
                seq=seq,
                action=action,
                from_state=source,
                to_state=target,
                actor_id=None if role == "system" else UUID(int=seq),
                actor_role=role,
                at=datetime(2026, 11, 23, seq, tzinfo=UTC),
                note=draw(texts),
                facts=draw(FACTS),
            )
            for seq, (source, action, target, role) in enumerate(
                STEPS[: draw(st.integers(fewest, len(STEPS)))], start=1
            )
        ]
    )


def test_each_field_of_an_event_is_drawn_here() -> None:
    assert list(FIELDS) == [field.name for field in fields(Event)]


@given(chains())
def test_an_untouched_history_verifies(chain: Chain) -> None:
    assert first_break(chain) is None
    assert first_break(chain, head_of(chain)) is None


@pytest.mark.parametrize("name", FIELDS)
@given(data=st.data(), chain=chains())
def test_tampering_with_any_field_shows_at_its_event(name: str, data: st.DataObject, chain: Chain) -> None:
    seq = data.draw(st.integers(1, len(chain)), "seq")
    event, sha256 = chain[seq - 1]
    other = data.draw(FIELDS[name], "other")
    assume(other != getattr(event, name))
    chain[seq - 1] = (replace(event, **{name: other}), sha256)
    assert first_break(chain) == seq
    assert first_break(chain, head_of(chain)) == seq


@given(data=st.data(), chain=chains())
def test_a_forger_who_mends_the_hash_of_an_event_breaks_the_next_one_or_the_head(
    data: st.DataObject, chain: Chain
) -> None:
    head = head_of(chain)
    seq = data.draw(st.integers(1, len(chain)), "seq")
    event, _ = chain[seq - 1]
    forged = replace(event, note=event.note + "。")
    chain[seq - 1] = (forged, sha256_of(forged, chain[seq - 2][1] if seq > 1 else GENESIS))
    assert first_break(chain, head) == min(seq + 1, len(chain))


@given(data=st.data(), chain=chains())
def test_a_changed_hash_shows_at_its_event(data: st.DataObject, chain: Chain) -> None:
    seq = data.draw(st.integers(1, len(chain)), "seq")
    event, sha256 = chain[seq - 1]
    chain[seq - 1] = (event, sha256[::-1])
    assume(sha256 != sha256[::-1])
    assert first_break(chain) == seq


@given(data=st.data(), chain=chains(fewest=2))
def test_a_removed_event_shows_where_it_was(data: st.DataObject, chain: Chain) -> None:
    head = head_of(chain)
    seq = data.draw(st.integers(1, len(chain)), "seq")
    del chain[seq - 1]
    assert first_break(chain, head) == seq


@given(data=st.data(), chain=chains(fewest=2))
def test_exchanged_events_show_at_the_first_of_them(data: st.DataObject, chain: Chain) -> None:
    seq = data.draw(st.integers(1, len(chain) - 1), "seq")
    chain[seq - 1], chain[seq] = chain[seq], chain[seq - 1]
    assert first_break(chain) == seq


@given(chains())
def test_only_the_ticket_itself_knows_that_the_end_was_cut_off_or_added(chain: Chain) -> None:
    shorter = chain[:-1]
    assert first_break(shorter) is None
    assert first_break(shorter, head_of(chain)) == len(chain)
    if shorter:
        assert first_break(chain, head_of(shorter)) == len(chain)


@given(chains(), st.integers(-14, 14))
def test_the_same_instant_in_another_zone_is_the_same_event(chain: Chain, hours: int) -> None:
    elsewhere = timezone(timedelta(hours=hours))
    moved = [(replace(event, at=event.at.astimezone(elsewhere)), sha256) for event, sha256 in chain]
    assert first_break(moved) is None


def test_the_order_of_facts_is_not_part_of_an_event() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    one = Event(TICKET, 1, "file", "reported", "filed", None, "system", at, facts={"a": 1, "b": 2})
    other = replace(one, facts={"b": 2, "a": 1})
    assert sha256_of(one, GENESIS) == sha256_of(other, GENESIS)


def test_the_canonical_form_is_fixed_for_good() -> None:
    """A change of this hash would break the histories of every office."""
    event = Event(
        ticket_id=TICKET,
        seq=1,
        action="rectify",
        from_state="in_progress",
        to_state="rectified",
        actor_id=UUID(int=2),
        actor_role="unit_member",
        at=datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=8))),
        device_at=datetime(2026, 11, 23, 1, 29, 58, 250_000, tzinfo=UTC),
        note="已劝离",
        photo_ids=(UUID(int=3),),
        facts={"unit": "cityscape", "rule": None},
    )
    assert sha256_of(event, GENESIS) == "6de749607cf52c8d6eec8b6eaf6b040d89e93f190b0d7e77241a778dc37925a8"
