"""Stamps of the catalogue: what a phone holds, told in a few hundred characters."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from api.domain.catalogue_stamps import (
    CLASS_PARTS,
    LONGEST,
    UNIT_PARTS,
    Known,
    Stamp,
    differing,
    digest_of,
    digests_of,
    part_of,
)

codes = st.text(min_size=1, max_size=8)
catalogues = st.dictionaries(codes, st.binary(max_size=20), max_size=40)
digests = st.binary(min_size=6, max_size=6)
known = st.lists(codes, max_size=20).map(Known.of)
stamps = st.builds(
    Stamp,
    known_classes=known,
    known_units=known,
    majors=digests,
    grids=digests,
    lifecycle=digests,
    policies=digests,
    classes=st.tuples(*[digests] * CLASS_PARTS),
    units=st.tuples(*[digests] * UNIT_PARTS),
)


@given(stamps)
def test_a_stamp_is_read_as_it_was_written_and_is_short(stamp: Stamp) -> None:
    assert Stamp.read(stamp.text()) == stamp
    assert len(stamp.text()) < LONGEST / 2
    assert stamp.text().isascii()
    assert not set(stamp.text()) & set("+/=&?#% ")


@given(st.text() | st.text("ABCabc019-_", max_size=500))
def test_whatever_else_is_sent_is_no_stamp(text: str) -> None:
    assert Stamp.read(text) is None


@given(stamps, st.data())
def test_a_stamp_that_was_cut_or_drawn_out_is_none(stamp: Stamp, data: st.DataObject) -> None:
    text = stamp.text()
    assert Stamp.read(text[: data.draw(st.integers(0, len(text) - 2))]) is None
    assert Stamp.read(text + "AAAA") is None


@given(catalogues, catalogues)
def test_what_differs_lies_in_parts_that_differ(held: dict[str, bytes], present: dict[str, bytes]) -> None:
    parts = differing(digests_of(held, CLASS_PARTS), digests_of(present, CLASS_PARTS))
    for code in held.keys() | present.keys():
        if held.get(code) != present.get(code):
            assert part_of(code, CLASS_PARTS) in parts
    assert (held == present) == (not parts)


@given(catalogues)
def test_the_order_in_which_things_are_shown_makes_no_difference(shown: dict[str, bytes]) -> None:
    assert digests_of(shown, 4) == digests_of(dict(reversed(shown.items())), 4)


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_items_do_not_run_into_each_other(one: list[bytes], other: list[bytes]) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)


@given(st.lists(codes), st.lists(codes))
def test_what_was_known_stays_known_while_more_comes(before: list[str], more: list[str]) -> None:
    assert Known.of(before).are_first_of([*before, *more])


@given(st.lists(codes, min_size=1), st.lists(codes), st.data())
def test_what_was_known_and_is_not_any_more_is_noticed(
    before: list[str], more: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(before) - 1))
    other = [*before[:at], f"{before[at]}x", *before[at + 1 :]]
    assert not Known.of(before).are_first_of([*other, *more])
    assert not Known.of(before).are_first_of(before[:-1])


@given(stamps)
def test_stamps_that_tell_of_different_things_are_different(stamp: Stamp) -> None:
    assert replace(stamp, grids=bytes(6)).text() != replace(stamp, grids=b"\x01" * 6).text()
