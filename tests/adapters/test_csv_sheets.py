"""CSV is read in the encoding that was said, whatever program saved it, and written so that no formula runs."""

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.spreadsheets import SpreadsheetUnreadable, read_csv, write_csv
from api.domain.imports import Finding
from api.domain.sheets import Row

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
nasty = texts | st.sampled_from(
    [
        "=1+1",
        "'=1",
        "''=1",
        "'",
        "'a",
        "007",
        "#N/A",
        "'#N/A",
        "###",
        "#1",
        "-5",
        "+86 10",
        "@x",
        "\tx",
        "＝1",
        '"',
        ",;",
    ]
)


def findings(content: bytes, encoding: str = "utf-8") -> tuple[Finding, ...]:
    """Return what is wrong with a file."""
    with pytest.raises(SpreadsheetUnreadable) as refused:
        read_csv(content, encoding)
    return refused.value.findings


def told(content: bytes, encoding: str = "utf-8") -> list[tuple[str, int | None]]:
    """Return what is wrong with a file, short."""
    return [(finding.code, finding.line) for finding in findings(content, encoding)]


@given(st.lists(st.lists(nasty, max_size=5), max_size=6))
def test_what_is_written_is_read_back(rows: list[list[str]]) -> None:
    read = read_csv(write_csv([["code", "name"], *rows])).rows
    trimmed = [tuple("\0".join(row).rstrip("\0").split("\0")) if any(row) else () for row in rows]
    assert [row.cells for row in read[1:]] == [row for row in trimmed if row]


@given(nasty)
def test_nothing_that_is_written_is_reckoned_by_whoever_opens_it(text: str) -> None:
    written = write_csv([[text, "x"]])
    assert written.startswith(b"\xef\xbb\xbf")
    (row,) = csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize(
    "content",
    [
        "code,名称\nwater,水务局\n".encode(),
        "\ufeffcode,名称\r\nwater,水务局\r\n".encode(),
        "code;名称\rwater;水务局".encode(),
        'code\t名称\r\n"water"\t"水务局"\n'.encode(),
        '"co""de"'.replace('""', "").encode() + ",名称\nwater,水务局,,\n".encode(),
    ],
)
def test_files_of_all_programs_are_read(content: bytes) -> None:
    assert read_csv(content).rows == (Row(1, ("code", "名称")), Row(2, ("water", "水务局")))


def test_the_delimiter_is_that_of_the_first_line_that_has_one() -> None:
    rows = read_csv('单位台账\n\ncode;name;"a,b,c,d"\nwater;x,y;z\n'.encode()).rows
    assert rows == (
        Row(1, ("单位台账",)),
        Row(3, ("code", "name", "a,b,c,d")),
        Row(4, ("water", "x,y", "z")),
    )


def test_lines_are_counted_as_an_editor_shows_them() -> None:
    content = b'code,note\r\n"a","two\nlines"\r\n\r\nb,\r"c","x\r\ny"\nd,=1\n'
    assert told(content) == [("cell_formula", 8)]
    rows = read_csv(content.replace(b"=1", b"1")).rows
    assert [row.line for row in rows] == [1, 2, 5, 6, 8]
    assert rows[1].cells == ("a", "two\nlines")


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "GB2312"])
def test_gb18030_is_read_when_it_is_said(encoding: str) -> None:
    content = "code,名称\nwater,水务局\n".encode("gbk")
    assert read_csv(content, encoding).rows[1].cells == ("water", "水务局")
    assert told(content) == [("encoding_wrong", 1)]
    assert "gb18030" in findings(content)[0].detail


def test_a_byte_order_mark_wins_over_what_is_said() -> None:
    assert read_csv("\ufeffcode\n㐀".encode(), "gb18030").rows[1].cells == ("㐀",)


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (b"code\nwater\n\xff\n", "utf-8", ("encoding_wrong", 3)),
        (b"code\rwater\r\n\xff\n", "utf-8", ("encoding_wrong", 3)),
        (b"\xff\n", "utf-8", ("encoding_wrong", 1)),
        (b"code\n\xff\xff\n", "gb18030", ("encoding_wrong", 2)),
        ("code\n".encode("utf-16"), "utf-8", ("encoding_wrong", 1)),
        (b"code\n", "latin-1", ("encoding_unknown", None)),
        (b"code\nwa\0ter\n", "utf-8", ("csv_unreadable", 2)),
        (b"PK\x03\x04", "utf-8", ("csv_unreadable", None)),
        (b'code,name\na,"b\nc,d\ne,f\n', "utf-8", ("csv_unreadable", 2)),
        (b'code,name\na,"b"c\n', "utf-8", ("csv_unreadable", 2)),
        (b"code\n" + b"x" * 1_000_001, "utf-8", ("file_too_large", 2)),
        (b'code\na\n"' + b"x\n" * 600_000, "utf-8", ("csv_unreadable", 3)),
        (b"code\n" + b'"\n",' * 300_000, "utf-8", ("file_too_large", 2)),
        (b"code\n" + b"," * 200, "utf-8", ("file_too_large", 2)),
        (b"x\n" * 100_001, "utf-8", ("file_too_large", 100_001)),
        (b"code\n" + b"x" * 32_768, "utf-8", ("cell_too_long", 2)),
        (b"code\n#REF!\n", "utf-8", ("cell_error", 2)),
        (b"code\n########\n", "utf-8", ("cell_error", 2)),
        (b'code\n="007"\n', "utf-8", ("cell_formula", 2)),
    ],
    ids=lambda value: repr(value[:20]),
)  # fmt: skip
def test_what_can_not_be_read_is_told_with_its_line(
    content: bytes, encoding: str, expected: tuple[str, int | None]
) -> None:
    assert told(content, encoding) == [expected]


def test_a_file_larger_than_all_measure_is_refused_unread() -> None:
    assert told(bytes(64 * 2**20 + 1)) == [("file_too_large", None)]


def test_all_wrong_cells_are_told_at_once_with_their_columns_up_to_a_thousand() -> None:
    wrong = findings(b"code,name\n" + b"=1,#N/A\n" * 600)
    assert len(wrong) == 1_000
    assert [(one.line, one.column) for one in wrong[:3]] == [(2, "A"), (2, "B"), (3, "A")]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(SpreadsheetUnreadable):
            read_csv(content, encoding)
