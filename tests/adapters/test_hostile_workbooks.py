"""What is no workbook, protected, broken, or built to do harm is refused in words, and quickly."""

import contextlib
import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from api.adapters.spreadsheets import SpreadsheetUnreadable, read_workbook, write_workbook

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = "</sheetData></worksheet>"
SMALL = write_workbook([("a", [["code"], ["water"]])])


def rebuilt(change: Callable[[str, bytes], bytes], more: dict[str, bytes] | None = None) -> bytes:
    """Return a small workbook with its members changed."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(SMALL)) as archive,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for name in archive.namelist():
            other.writestr(name, change(name, archive.read(name)))
        for name, content in (more or {}).items():
            other.writestr(name, content)
    return written.getvalue()


def with_sheet(content: str) -> bytes:
    """Return a workbook whose sheet is this XML."""
    return rebuilt(lambda name, before: content.encode() if name == SHEET else before)


def refusal(content: bytes) -> str:
    """Return the code of the one thing that is wrong with a file."""
    with pytest.raises(SpreadsheetUnreadable) as refused:
        read_workbook(content)
    (finding,) = refused.value.findings
    assert str(refused.value) == finding.detail
    return finding.code


def test_what_is_no_workbook_is_refused() -> None:
    empty_archive = io.BytesIO()
    zipfile.ZipFile(empty_archive, "w").close()
    for content in (
        b"",
        b"code,name\n",
        b"PK\x03\x04",
        SMALL[:-40],
        SMALL[: len(SMALL) // 2],
        empty_archive.getvalue(),
    ):
        assert refusal(content) == "workbook_unreadable"


def test_an_archive_of_something_else_is_refused() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert refusal(written.getvalue()) == "workbook_unreadable"


def test_old_files_passwords_and_macros_are_refused_each_with_its_advice() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    assert refusal(ole) == "workbook_old"
    assert refusal(ole + "EncryptedPackage".encode("utf-16-le")) == "workbook_protected"
    assert refusal(rebuilt(lambda _, before: before, {"xl/vbaProject.bin": b"x"})) == "workbook_macros"


def test_a_protected_archive_is_refused() -> None:
    content = bytearray(SMALL)
    for signature, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.find(signature)
        while start >= 0:
            content[start + flags] |= 1
            start = content.find(signature, start + 1)
    assert refusal(bytes(content)) == "workbook_protected"


def test_an_archive_packed_in_another_way_is_refused() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
    assert refusal(written.getvalue()) == "workbook_unreadable"


def test_a_sheet_that_inflates_past_all_measure_is_refused_by_what_it_declares() -> None:
    assert refusal(with_sheet(HEAD + " " * 300_000_000 + TAIL)) == "file_too_large"
    # Within the bound, and still a thousand times its packed size.
    assert refusal(with_sheet(HEAD + " " * 20_000_000 + TAIL)) == "file_too_large"


def test_a_member_that_is_longer_than_it_declares_is_refused() -> None:
    content = bytearray(with_sheet(HEAD + " " * 100_000 + TAIL))
    for signature, size_at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = content.find(signature)
        while start >= 0:
            if int.from_bytes(content[start + size_at : start + size_at + 4], "little") > 100_000:
                content[start + size_at : start + size_at + 4] = (90).to_bytes(4, "little")
            start = content.find(signature, start + 1)
    assert refusal(bytes(content)) == "workbook_unreadable"


def test_an_archive_with_a_host_of_members_is_refused_before_its_list_is_read() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for number in range(10_001):
            archive.writestr(str(number), "")
    assert refusal(written.getvalue()) == "file_too_large"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_two_members_of_one_name_is_refused() -> None:
    assert refusal(rebuilt(lambda _, before: before, {SHEET: b"<x/>"})) == "workbook_unreadable"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_wherever_they_are_declared(encoding: str) -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]><x>&l9;</x>'.encode(encoding)
    assert refusal(rebuilt(lambda name, before: bomb if name == SHEET else before)) == "workbook_unreadable"
    assert (
        refusal(rebuilt(lambda name, before: bomb if name == "xl/styles.xml" else before))
        == "workbook_unreadable"
    )
    # The list of members may name any file as a sheet.
    assert refusal(rebuilt(lambda _, before: before, {"xl/sheet.bin": bomb})) == "workbook_unreadable"
    outside = b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
    assert (
        refusal(rebuilt(lambda name, before: outside if name == SHEET else before)) == "workbook_unreadable"
    )


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ('<row r="100001"/>', "file_too_large"),
        ('<row r="1048576"><c r="A1048576" s="1"/></row>', "file_too_large"),
        ("<row/>" * 100_001, "file_too_large"),
        ('<row r="1"><c r="XFD1"/></row>', "file_too_large"),
        ('<row r="1"><c r="GS1"/></row>', "file_too_large"),
        ('<row r="1">' + "<c/>" * 2_000_001 + "</row>", "file_too_large"),
        ('<row r="2"/><row r="1"/>', "workbook_unreadable"),
        ('<row r="x"/>', "workbook_unreadable"),
        ('<row r="-1"/>', "workbook_unreadable"),
        ('<row r="1"><c r="1A"/></row>', "workbook_unreadable"),
        ('<row r="1"><c r="A1" t="s"><v>99</v></c></row>', "workbook_unreadable"),
        ('<row r="1"><c r="A1"><v>' + "9" * 5_000 + "</v></c></row>", "workbook_unreadable"),
        ('<row r="1"><c r="A1"><v>1e999</v></c></row>', "cell_digits_lost"),
        ('<row r="1"><c r="A1" t="str"><v>' + "x" * 32_768 + "</v></c></row>", "cell_too_long"),
        ('<row r="1"><c r="A1"', "workbook_unreadable"),
    ],
    ids=lambda value: value[:30],
)
def test_sheets_past_all_measure_and_broken_ones_are_refused(rows: str, code: str) -> None:
    assert refusal(with_sheet(HEAD + rows + TAIL)) == code


def test_merged_areas_past_all_measure_are_refused_or_cut() -> None:
    cell = '<row r="1"><c r="A1" t="str"><v>x</v></c></row>'
    merged = '</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'
    (sheet,) = read_workbook(with_sheet(HEAD + cell + merged))
    assert sheet.rows[0].cells == ("x",) * 200
    many = '<row r="99999"><c r="A99999" t="str"><v>y</v></c></row>'
    assert refusal(with_sheet(HEAD + cell + many + merged)) == "file_too_large"
    nowhere = merged.replace("A1:XFD1048576", "here")
    assert refusal(with_sheet(HEAD + cell + nowhere)) == "workbook_unreadable"


def test_more_than_fifty_sheets_are_refused() -> None:
    assert refusal(write_workbook([(str(number), [["x"]]) for number in range(51)])) == "file_too_large"


def test_a_workbook_that_shows_nothing_is_refused() -> None:
    made = Workbook()
    made["Sheet"].sheet_state = "hidden"
    made.create_sheet("b")
    written = io.BytesIO()
    made.save(written)
    hidden = rebuilt_state(written.getvalue())
    assert refusal(hidden) == "workbook_empty"


def rebuilt_state(content: bytes) -> bytes:
    """Return a workbook with all its sheets hidden."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for name in archive.namelist():
            other.writestr(name, archive.read(name).replace(b'"visible"', b'"hidden"'))
    return written.getvalue()


def test_a_file_larger_than_all_measure_is_refused_unread() -> None:
    assert refusal(SMALL + bytes(64 * 2**20)) == "file_too_large"


@given(st.data())
def test_a_workbook_with_bytes_changed_is_read_or_refused_in_words(data: st.DataObject) -> None:
    content = bytearray(SMALL)
    for position in data.draw(st.lists(st.integers(0, len(SMALL) - 1), min_size=1, max_size=8)):
        content[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SpreadsheetUnreadable):
        read_workbook(bytes(content))
