"""The demo street's places and areas: of many types, on the street, and away from where examples report."""

import json
from datetime import date

import pytest
import shapely

from api.domain.area_files import area_draft, area_feature
from api.domain.areas import AreaFacts, AreaIndex, AreaKind
from api.domain.geo import Place
from api.domain.place_drafts import PlaceDraft
from api.domain.place_files import place_draft, place_feature
from api.domain.places import PlaceFacts, PlaceIndex
from api.services.demo_places import demo_areas, demo_place_types, demo_places
from tests.domain.test_demo_street import BY_CODE, STREET

TODAY = date(2026, 11, 23)
PLACES = [draft for entry in demo_places() if (draft := place_draft(entry, None))]
AREAS = [draft for entry in demo_areas(TODAY) if (draft := area_draft(entry, None))]
TYPES = {kind.code: kind for kind in demo_place_types()}


def test_there_are_about_forty_places_of_a_dozen_types_or_more() -> None:
    assert len(PLACES) == len(demo_places()) == 41
    assert len({place.type for place in PLACES}) >= 12
    assert {place.shape.geom_type for place in PLACES} == {"Point", "LineString", "Polygon"}


def test_types_have_names_in_both_languages_and_cover_the_places() -> None:
    assert len(TYPES) >= 30
    for names in ([kind.name_zh for kind in TYPES.values()], [kind.name_en for kind in TYPES.values()]):
        assert len(set(names)) == len(names)
    assert {place.type for place in PLACES} <= TYPES.keys()


def test_codes_and_names_are_unique() -> None:
    for texts in (
        [place.code for place in PLACES],
        [place.name_zh for place in PLACES],
        [place.name_en for place in PLACES],
        [area.code for area in AREAS],
    ):
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("place", PLACES, ids=[place.code for place in PLACES])
def test_a_place_lies_on_the_street(place: PlaceDraft) -> None:
    assert BY_CODE[STREET].shape.covers(place.shape)
    assert place.shape.is_valid


def test_the_example_place_is_at_none_of_them() -> None:
    index = PlaceIndex(
        (PlaceFacts(place.code, place.type, "", "", reach_m=place.reach_m), place.shape) for place in PLACES
    )
    assert index.at(Place(116.404, 39.915)) is None
    for place in PLACES:
        on_it = place.shape.representative_point()
        assert index.at(Place(on_it.x, on_it.y)) is not None


def test_the_station_has_owners_and_a_segment_that_is_in_force_today() -> None:
    assert [area.kind for area in AREAS].count(AreaKind.OWNERSHIP) == 2
    (segment,) = (area for area in AREAS if area.kind is AreaKind.TEMPORARY)
    assert segment.facts({}, 1).is_in_force(TODAY)
    assert len(segment.duties) < segment.minimum_staff
    index = AreaIndex((AreaFacts(area.code, area.kind, "", ""), area.shape) for area in AREAS)
    (station,) = (place for place in PLACES if place.code == "station-huaiyin")
    on_it = station.shape.representative_point()
    assert index.covering(Place(on_it.x, on_it.y), None)[0].code == "station-railway"
    assert all(BY_CODE[STREET].shape.buffer(1e-9).covers(area.shape) for area in AREAS)


def test_somebody_is_paired_and_somebody_signed() -> None:
    assert sum(bool(place.pairings) for place in PLACES) >= 5
    kinds = {agreement.kind for place in PLACES for agreement in place.agreements}
    assert len(kinds) >= 3


def test_features_written_out_are_what_was_read() -> None:
    for draft in PLACES:
        written = place_feature(draft)
        assert shapely.from_geojson(json.dumps(written["geometry"])).equals(draft.shape)
        assert "signer_phone" not in json.dumps(written)
    for area in AREAS:
        assert area_feature(area)["properties"]["minimum_staff"] == area.minimum_staff
