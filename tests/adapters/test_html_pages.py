"""Pages from templates: what is put in stays text, and the policy fits the style."""

import re
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.html_pages import Markup, PageTemplate, Style, joined
from api.adapters.qr_codes import qr_svg

PHONE = PageTemplate("phone.html")

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)


@given(texts, texts)
def test_whatever_is_put_in_stays_text(number: str, phone: str) -> None:
    filled = PHONE.fill(number=number, phone=phone)
    assert filled.count("<") == 2
    assert filled.count('"') == 4
    assert unescape(filled) == f'<a class="phone" href="tel:{number}">{phone}</a>'


def test_markup_is_put_in_as_it_is() -> None:
    filled = PHONE.fill(number="1", phone=Markup("<b>1</b>"))
    assert "<b>1</b>" in filled
    assert isinstance(filled, Markup)
    assert PHONE.fill(number="1", phone=joined([filled, filled])).count("<a ") == 3


def test_a_name_without_a_value_is_a_fault() -> None:
    with pytest.raises(KeyError):
        PHONE.fill(number="1")


@pytest.mark.parametrize("name", ["page.css", "sheets.css"])
def test_a_style_loads_nothing(name: str) -> None:
    assert not re.search(r"url\(|@import|</", Style(name).text)


def test_a_code_is_a_drawing_with_a_quiet_zone_and_no_size_of_its_own() -> None:
    drawing = ET.fromstring(qr_svg("https://grids.example.cn/v1/public/grids/990101001001"))  # noqa: S314  our own
    _, _, width, height = map(int, drawing.attrib["viewBox"].split())
    assert width == height == 33 + 2 * 4
    assert "width" not in drawing.attrib
    assert qr_svg("https://a.example") != qr_svg("https://b.example")
