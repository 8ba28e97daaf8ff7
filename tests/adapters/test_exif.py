"""What cameras write, rightly and wrongly: a fact is read or absent, and nothing is ever an error."""

import math
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags

from api.adapters.exif import MAX_EXIF_BYTES, MAX_TEXT, ExifFacts, read_exif
from tests.adapters.picture_files import Value, exif_block

CHINA = timezone(timedelta(hours=8))
NOON = "2026:11:22 12:00:00"
LATITUDE, LONGITUDE = (39.0, 54.0, 54.0), (116.0, 24.0, 14.4)


def taken_at(written: Value, offset: Value | None = None) -> datetime | None:
    details: dict[int, Value] = {ExifTags.Base.DateTimeOriginal: written}
    if offset is not None:
        details[ExifTags.Base.OffsetTimeOriginal] = offset
    return read_exif(exif_block(details=details), CHINA).taken_at


def place(gps: dict[int, Value]) -> tuple[float, float] | None:
    found = read_exif(exif_block(gps=gps), CHINA).place
    return found and (found.longitude, found.latitude)


@pytest.mark.parametrize(
    ("offset", "hours"),
    [("+08:00", 8), ("-03:30", -3.5), ("+00:00", 0), ("+0530", 5.5), ("+14:00", 14)],
)
def test_the_camera_s_own_offset_counts(offset: str, hours: float) -> None:
    assert taken_at(NOON, offset) == datetime(2026, 11, 22, 12, tzinfo=timezone(timedelta(hours=hours)))


@pytest.mark.parametrize("offset", [None, "", "   :  ", "+99:00", "+15:00", "+08:60", "China", b"\xff\xfe"])
def test_without_a_usable_offset_the_default_zone_counts(offset: Value | None) -> None:
    assert taken_at(NOON, offset) == datetime(2026, 11, 22, 12, tzinfo=CHINA)


@pytest.mark.parametrize(
    "written",
    ["2026:11:22 12:00:00\0\0", "2026-11-22T12:00:00", "2026/11/22 12:00:00.25", " 2026:11:22 12:00:00下午"],
)
def test_dates_in_the_manner_of_some_makers_are_read(written: str) -> None:
    assert taken_at(written.encode()) == datetime(2026, 11, 22, 12, tzinfo=CHINA)


@pytest.mark.parametrize(
    "written",
    [
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "2026:02:30 12:00:00",
        "2026:13:01 12:00:00",
        "2026:11:22 24:00:00",
        "2026:11:22 12:60:00",
        "2026:11:22",
        "9999:12:31 23:59:59",
        "0001:01:01 00:00:00",
        "20261122120000",
        "yesterday",
        "",
    ],
)
def test_a_date_that_is_none_is_absent(written: str) -> None:
    assert taken_at(written) is None


@pytest.mark.parametrize(
    ("north_south", "east_west", "signs"),
    [
        ("N", "E", (1, 1)),
        ("S", "E", (1, -1)),
        ("N", "W", (-1, 1)),
        ("S", "W", (-1, -1)),
        ("s\0", "w ", (-1, -1)),
    ],
)
def test_places_on_all_quarters_of_the_earth_are_read(
    north_south: str, east_west: str, signs: tuple[int, int]
) -> None:
    found = place({1: north_south, 2: LATITUDE, 3: east_west, 4: LONGITUDE})
    assert found == pytest.approx((116.404 * signs[0], 39.915 * signs[1]))


def test_minutes_may_carry_the_fraction() -> None:
    assert place({1: "N", 2: (39.0, 54.9, 0.0), 3: "E", 4: (116.0, 24.24, 0.0)}) == pytest.approx(
        (116.404, 39.915)
    )


@given(longitude=st.floats(-180, 180), latitude=st.floats(-90, 90))
def test_any_place_survives_being_written(longitude: float, latitude: float) -> None:
    def parts(degrees: float) -> tuple[float, float, float]:
        minutes, degrees = math.modf(abs(degrees))
        seconds, minutes = math.modf(minutes * 60)
        return degrees, minutes, round(seconds * 60, 4)

    found = place(
        {
            1: "S" if latitude < 0 else "N",
            2: parts(latitude),
            3: "W" if longitude < 0 else "E",
            4: parts(longitude),
        }
    )
    if found is None:
        assert abs(longitude) + abs(latitude) < 1e-6
    else:
        assert found == pytest.approx((longitude, latitude), abs=1e-6)


@pytest.mark.parametrize("datum", ["WGS-84", "WGS84 ", "wgs 84", "EPSG:4326", "CGCS2000"])
def test_the_datum_may_be_named(datum: str) -> None:
    assert place({1: "N", 2: LATITUDE, 3: "E", 4: LONGITUDE, 18: datum}) is not None


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {2: LATITUDE, 4: LONGITUDE},
        {1: "N", 2: LATITUDE, 4: LONGITUDE},
        {1: "N", 3: "E"},
        {1: "X", 2: LATITUDE, 3: "E", 4: LONGITUDE},
        {1: "NS", 2: LATITUDE, 3: "E", 4: LONGITUDE},
        {1: "E", 2: LATITUDE, 3: "N", 4: LONGITUDE},
        {1: "N", 2: ((0, 0), (0, 0), (0, 0)), 3: "E", 4: LONGITUDE},
        {1: "N", 2: (39.0, 54.0, (1, 0)), 3: "E", 4: LONGITUDE},
        {1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: LONGITUDE},
        {1: "N", 2: (90.0, 0.0, 1.0), 3: "E", 4: LONGITUDE},
        {1: "N", 2: LATITUDE, 3: "E", 4: (181.0, 0.0, 0.0)},
        {1: "N", 2: (39.0, 61.0, 0.0), 3: "E", 4: LONGITUDE},
        {1: "N", 2: "39.915", 3: "E", 4: "116.404"},
        {1: "N", 2: b"\x27\x36\x36", 3: "E", 4: LONGITUDE},
        {1: 78, 2: LATITUDE, 3: "E", 4: LONGITUDE},
        {1: (78.0,), 2: LATITUDE, 3: "E", 4: LONGITUDE},
        {1: "N", 2: 39, 3: "E", 4: 116},
        {1: "N", 2: (*LATITUDE, 1.0), 3: "E", 4: LONGITUDE},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: LATITUDE, 3: "E", 4: LONGITUDE, 18: "TOKYO"},
        {1: "N", 2: LATITUDE, 3: "E", 4: LONGITUDE, 18: "GCJ-02"},
    ],
)
def test_a_place_that_can_t_be_trusted_is_absent(gps: dict[int, Value]) -> None:
    assert place(gps) is None


def test_one_broken_fact_does_not_spoil_the_others() -> None:
    block = exif_block(
        {ExifTags.Base.Make: "Huawei", ExifTags.Base.Orientation: 77},
        {ExifTags.Base.DateTimeOriginal: "0000:00:00 00:00:00"},
        {1: "N", 2: LATITUDE, 3: "E", 4: LONGITUDE},
    )
    facts = read_exif(block, CHINA)
    assert (facts.make, facts.orientation, facts.taken_at) == ("Huawei", 1, None)
    assert facts.place is not None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"Xiaomi", "Xiaomi"),
        (b"Xiaomi\0\0hidden", "Xiaomi"),
        (b"  Mi \r\n\t 14  ", "Mi 14"),
        ("华为".encode(), "华为"),
        (b"Caf\xe9", "Café"),
        (b"", None),
        (b"\0\0", None),
        (b" \x07 ", None),
        (b"x" * 5000, "x" * MAX_TEXT),
    ],
)
def test_names_are_bounded_text_without_control_characters(written: bytes, read: str | None) -> None:
    assert read_exif(exif_block({ExifTags.Base.Software: written}), CHINA).software == read


@pytest.mark.parametrize("orientation", [0, 9, -1, "6", b"\x06", 65535, (6.0,), (6.0, 6.0), ((6, 0),)])
def test_an_orientation_that_does_not_exist_means_upright(orientation: Value) -> None:
    assert read_exif(exif_block({ExifTags.Base.Orientation: orientation}), CHINA).orientation == 1


@pytest.mark.parametrize("block", [None, "Exif", b"", b"Exif\0\0", b"II", b"garbage" * 9, b"\xff" * 500, 7])
def test_what_is_no_exif_gives_no_facts(block: object) -> None:
    assert read_exif(block, CHINA) == ExifFacts()


def test_a_block_of_unheard_of_length_is_not_looked_at() -> None:
    block = exif_block({ExifTags.Base.Make: "Huawei"})
    assert read_exif(block + bytes(MAX_EXIF_BYTES - len(block)), CHINA).make == "Huawei"
    assert read_exif(block + bytes(MAX_EXIF_BYTES), CHINA) == ExifFacts()


def test_directories_that_point_to_themselves_end() -> None:
    entry = struct.pack("<HHII", ExifTags.IFD.Exif, 4, 1, 8) + struct.pack(
        "<HHII", ExifTags.IFD.GPSInfo, 4, 1, 8
    )
    block = b"II*\0" + struct.pack("<IH", 8, 2) + entry + struct.pack("<I", 8)
    assert read_exif(block, CHINA) == ExifFacts()


RICH = exif_block(
    {ExifTags.Base.Make: "Huawei", ExifTags.Base.Orientation: 6},
    {ExifTags.Base.DateTimeOriginal: NOON, ExifTags.Base.OffsetTimeOriginal: "+08:00"},
    {1: "N", 2: LATITUDE, 3: "E", 4: LONGITUDE},
)


def sound(facts: ExifFacts) -> bool:
    """Tell whether every fact could be stored and sent."""
    if facts.taken_at is not None:
        facts.taken_at.astimezone(UTC)
    texts = [text for text in (facts.make, facts.model, facts.software) if text is not None]
    return 1 <= facts.orientation <= 8 and all(
        text.isprintable() and 0 < len(text) <= MAX_TEXT for text in texts
    )


@given(
    st.lists(st.tuples(st.integers(0, len(RICH) - 1), st.integers(0, 255)), max_size=12),
    st.integers(0, len(RICH)),
)
def test_damaged_exif_is_never_an_error(changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(RICH)
    for at, value in changes:
        damaged[at] = value
    assert sound(read_exif(bytes(damaged), CHINA))
    assert sound(read_exif(bytes(damaged[:length]), CHINA))


@given(st.binary(max_size=400))
def test_random_exif_is_never_an_error(block: bytes) -> None:
    assert sound(read_exif(b"Exif\0\0II*\0\x08\0\0\0" + block, CHINA))
