"""Which form of an answer an Accept header asks for."""

import pytest

from api.media_types import prefers_geojson, prefers_page


@pytest.mark.parametrize(
    "accept",
    [
        "application/geo+json",
        "application/geo+json, application/json;q=0.9",
        "application/json, application/geo+json",
        "Application/Geo+JSON; q=0.1",
        "application/geo+json;charset=utf-8;q=0.5, */*",
    ],
)
def test_geojson_is_sent_to_who_names_it(accept: str) -> None:
    assert prefers_geojson(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/*",
        "application/json",
        "text/html",
        "application/json, application/geo+json;q=0.9",
        "application/geo+json;q=0",
        "application/geo+json;q=nonsense",
        "application/geo+json;q=nan",
    ],
)
def test_everybody_else_gets_json(accept: str) -> None:
    assert not prefers_geojson(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html;q=0.5, */*;q=0.1",
    ],
)
def test_browsers_are_shown_a_page(accept: str) -> None:
    assert prefers_page(accept)


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0"]
)
def test_programs_are_sent_data(accept: str) -> None:
    assert not prefers_page(accept)
