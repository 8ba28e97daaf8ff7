"""XML that strangers send: read as it is meant, and refused before it can do harm."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.xml_documents import DEPTH_MAX, ELEMENTS_MAX, XML_BYTES_MAX, parse_xml
from api.domain.errors import Unreadable
from api.domain.submissions import Element

BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9))
    + b"]><a>&j;</a>"
)


def test_names_lose_their_namespaces_and_leaves_keep_their_text() -> None:
    document = b'<d xmlns="urn:a" xmlns:b="urn:b" b:id="1">\n <b:c> one\ntwo </b:c>\n <e/></d>'
    assert parse_xml(document) == Element(
        "d", {"id": "1"}, "", (Element("c", {}, "one\ntwo"), Element("e", {}, ""))
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_of_xml_are_read(encoding: str) -> None:
    declared = "UTF-16" if encoding == "utf-16" else "UTF-8"
    text = f'<?xml version="1.0" encoding="{declared}"?><d>水果摊 🍎</d>'
    assert parse_xml(text.encode(encoding)).text == "水果摊 🍎"


@pytest.mark.parametrize(
    "document",
    [
        BILLION_LAUGHS,
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1/">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;]><a/>',
        b"<!DOCTYPE a><a/>",
        b"<a>&nbsp;</a>",
        b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1),
        b"<a>" * 100_000,
        b"<a>" + b"<b/>" * ELEMENTS_MAX + b"</a>",
        b"<a " + b" ".join(f'x{n}="1"'.encode() for n in range(50)) + b"/>",
        b"<a>" + b"x" * XML_BYTES_MAX + b"</a>",
        b"",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>\x00</a>",
        b"<a>\xff</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a>+ADw-b+AD4-</a>',
        b"\x89PNG\r\n",
    ],
    ids=lambda document: repr(document[:40]),
)
def test_what_is_no_form_is_refused(document: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_xml(document)


def test_as_deep_and_wide_as_it_may_be_it_is_read() -> None:
    parse_xml(b"<a>" * DEPTH_MAX + b"</a>" * DEPTH_MAX)
    assert len(parse_xml(b"<a>" + b"<b/>" * (ELEMENTS_MAX - 1) + b"</a>").children) == ELEMENTS_MAX - 1


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    with suppress(Unreadable):
        parse_xml(document)
