"""Which areas cover a place, and which place (点位) something is at: compared with asking every shape in turn."""

import math
import random
from datetime import date
from itertools import pairwise

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from api.domain.areas import AreaFacts, AreaIndex, AreaKind
from api.domain.geo import Place, distance_m, metres_per_degree
from api.domain.map_shapes import area_m2
from api.domain.places import PlaceFacts, PlaceIndex

# Vertices lie on multiples of a power of two, so that the middle of an edge is exactly on the edge.
UNIT = 2.0**-14
WEST, SOUTH = 116.5, 39.75
SIDE = 12


def at(column: float, row: float) -> tuple[float, float]:
    return WEST + UNIT * column, SOUTH + UNIT * row


def box(chance: random.Random) -> shapely.Polygon:
    column, row = chance.randint(0, SIDE - 2), chance.randint(0, SIDE - 2)
    width, height = chance.randint(2, SIDE - column), chance.randint(2, SIDE - row)
    outline = shapely.box(*at(column, row), *at(column + width, row + height))
    if min(width, height) > 2 and chance.random() < 0.5:
        hole = shapely.box(*at(column + 1, row + 1), *at(column + width - 1, row + height - 1))
        return shapely.Polygon(outline.exterior.coords, [hole.exterior.coords])
    return outline


def area(chance: random.Random) -> BaseGeometry:
    """Return a box, perhaps with a hole, or several boxes side by side or apart."""
    if chance.random() < 0.6:
        return box(chance)
    return shapely.union_all([box(chance), box(chance)])


def anything(chance: random.Random) -> BaseGeometry:
    """Return an area, a line, a point, or several of one."""
    nodes = [at(chance.randint(0, SIDE), chance.randint(0, SIDE)) for _ in range(3)]
    match chance.randint(0, 4):
        case 0:
            return shapely.Point(nodes[0])
        case 1:
            return shapely.MultiPoint(nodes)
        case 2:
            return shapely.LineString(nodes) if nodes[0] != nodes[1] else shapely.Point(nodes[2])
        case _:
            return area(chance)


def telling_places(shapes: list[BaseGeometry], chance: random.Random) -> list[Place]:
    """Return vertices, middles of edges and places at random, some of them outside."""
    found: list[tuple[float, float]] = []
    for shape in shapes:
        vertices: list[tuple[float, float]] = [(x, y) for x, y in shapely.get_coordinates(shape).tolist()]
        found += vertices
        found += [((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in pairwise(vertices)]
    found += [at(chance.uniform(-3, SIDE + 3), chance.uniform(-3, SIDE + 3)) for _ in range(40)]
    return [Place(*one) for one in found]


def touches(shape: BaseGeometry, place: Place) -> bool:
    return shape.distance(shapely.Point(place.longitude, place.latitude)) <= 1e-9


def flat_distance_m(shape: BaseGeometry, place: Place) -> float:
    scale, here = metres_per_degree(place.latitude), (place.longitude, place.latitude)
    return shapely.transform(shape, lambda degrees: (degrees - here) * scale).distance(shapely.Point(0, 0))


@given(seed=st.integers(0, 2**32), count=st.integers(0, 8))
def test_the_areas_that_cover_a_place_are_found_smallest_first(seed: int, count: int) -> None:
    chance = random.Random(seed)
    areas = [
        (
            AreaFacts(f"a{chance.randint(0, 99):02}-{number}", chance.choice(list(AreaKind)), "", ""),
            area(chance),
        )
        for number in range(count)
    ]
    index = AreaIndex(areas)
    for place in telling_places([shape for _, shape in areas], chance):
        covering = [(area_m2(shape), facts.code) for facts, shape in areas if touches(shape, place)]
        assert [facts.code for facts in index.covering(place, None)] == [code for _, code in sorted(covering)]


@given(
    seed=st.integers(0, 2**32), count=st.integers(0, 8), accuracy_m=st.sampled_from([None, 0.0, 40.0, 200.0])
)
def test_something_is_at_the_smallest_area_around_it_or_at_the_nearest_place_that_reaches_it(
    seed: int, count: int, accuracy_m: float | None
) -> None:
    chance = random.Random(seed)
    places = [
        (
            PlaceFacts(
                f"p{chance.randint(0, 99):02}-{number}",
                "shop",
                "",
                "",
                reach_m=chance.choice([0.0, 30.0, 100.0, 300.0]),
                is_active=chance.random() < 0.9,
            ),
            anything(chance),
        )
        for number in range(count)
    ]
    index = PlaceIndex(places)
    active = [(facts, shape) for facts, shape in places if facts.is_active]
    for place in telling_places([shape for _, shape in places], chance):
        covering = [
            (area_m2(shape), facts.code) for facts, shape in active if shape.area and touches(shape, place)
        ]
        if covering:
            expected = min(covering)[1]
        else:
            reaching = [
                (metres, facts.code)
                for facts, shape in active
                if max(metres := flat_distance_m(shape, place), accuracy_m or 0.0) <= facts.reach_m
            ]
            shortest = min(reaching, default=(math.inf, ""))[0]
            expected = min((code for metres, code in reaching if metres <= shortest + 1e-6), default=None)
        found = index.at(place, accuracy_m)
        assert (found.code if found else None) == expected


@given(seed=st.integers(0, 2**32), radius_m=st.floats(0, 2_000), limit=st.integers(1, 5))
def test_places_near_a_point_come_nearest_first(seed: int, radius_m: float, limit: int) -> None:
    chance = random.Random(seed)
    places = [(PlaceFacts(f"p{number}", "shop", "", ""), anything(chance)) for number in range(6)]
    index, here = PlaceIndex(places), Place(*at(chance.uniform(0, SIDE), chance.uniform(0, SIDE)))
    found = index.near(here, radius_m, limit)
    distances = {facts.code: flat_distance_m(shape, here) for facts, shape in places}
    assert [one.distance_m for one in found] == pytest.approx([distances[one.facts.code] for one in found])
    assert [one.distance_m for one in found] == sorted(one.distance_m for one in found)
    within = sorted(metres for metres in distances.values() if metres <= radius_m)
    assert [one.distance_m for one in found] == pytest.approx(within[:limit])


def test_distances_are_those_on_the_earth() -> None:
    shop, here = Place(116.404, 39.915), Place(116.4052, 39.9157)
    facts = PlaceFacts("shop", "shop", "", "", reach_m=30.0)
    index = PlaceIndex([(facts, shapely.Point(shop.longitude, shop.latitude))])
    assert index.distance_m("shop", here) == pytest.approx(distance_m(shop, here), rel=1e-3)
    assert index.distance_m("nowhere", here) is None


def test_of_places_equally_near_the_lowest_code_has_it() -> None:
    points = {"b": shapely.Point(at(0, 0)), "a": shapely.Point(at(0, 0)), "c": shapely.Point(at(0, 0))}
    index = PlaceIndex(
        (PlaceFacts(code, "shop", "", "", reach_m=50.0), shape) for code, shape in points.items()
    )
    found = index.at(Place(*at(0.1, 0)))
    assert found is not None
    assert found.code == "a"


def test_what_was_given_up_is_known_and_nowhere() -> None:
    gone = PlaceFacts("gone", "shop", "", "", reach_m=50.0, is_active=False)
    index = PlaceIndex([(gone, shapely.Point(at(0, 0)))])
    assert index.by_code["gone"] is gone
    assert index.at(Place(*at(0, 0))) is None
    assert index.near(Place(*at(0, 0)), 100, 5) == []
    assert len(index) == 1


@pytest.mark.parametrize(
    ("on", "codes"),
    [
        (None, ["both", "ended", "open"]),
        (date(2026, 9, 10), ["ended", "open"]),
        (date(2026, 9, 11), ["both", "ended", "open"]),
        (date(2026, 9, 30), ["both", "open"]),
        (date(2026, 10, 1), ["open"]),
    ],
)
def test_an_area_is_in_force_on_its_first_and_its_last_day_and_between(
    on: date | None, codes: list[str]
) -> None:
    spans: dict[str, tuple[date | None, date | None]] = {
        "both": (date(2026, 9, 11), date(2026, 9, 30)),
        "ended": (None, date(2026, 9, 11)),
        "open": (None, None),
    }
    square = shapely.box(*at(0, 0), *at(2, 2))
    off = (AreaFacts("off", AreaKind.OWNERSHIP, "", "", is_active=False), square)
    index = AreaIndex(
        [
            *(
                (AreaFacts(code, AreaKind.TEMPORARY, "", "", None, *span), square)
                for code, span in spans.items()
            ),
            off,
        ]
    )
    assert [facts.code for facts in index.covering(Place(*at(1, 1)), on)] == codes
    assert list(index.by_code) == ["both", "ended", "off", "open"]


def test_empty_indexes_find_nothing() -> None:
    assert AreaIndex().covering(Place(0, 0), None) == ()
    assert PlaceIndex().at(Place(0, 0)) is None
    assert PlaceIndex().near(Place(0, 0), 1_000, 5) == []
