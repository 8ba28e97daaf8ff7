"""The names of photo files."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.adapters.file_store import check_key
from api.domain.photos import Variant, file_name, folder_for, folder_of, key_in, type_of

SHA256 = st.binary(min_size=32, max_size=32).map(bytes.hex)
VARIANTS = st.sampled_from(Variant)


@given(st.uuids(), SHA256, st.uuids(), VARIANTS)
def test_a_key_tells_its_photo_and_its_folder(
    photo_id: UUID, sha256: str, attempt: UUID, variant: Variant
) -> None:
    folder = folder_for(photo_id, sha256, attempt)
    key = check_key(key_in(folder, variant))
    assert folder_of(key) == (photo_id, folder)


@given(st.uuids(), SHA256, st.uuids(version=4), st.uuids(version=4))
def test_two_attempts_never_share_a_folder(photo_id: UUID, sha256: str, one: UUID, other: UUID) -> None:
    assert (folder_for(photo_id, sha256, one) == folder_for(photo_id, sha256, other)) == (one == other)


def test_what_is_no_photos_file_has_no_folder() -> None:
    photo_id = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
    for key in (
        "exports/ab/cd/x",
        "photos/README",
        f"photos/01/00/{photo_id}",
        f"photos/1/00/{photo_id}/original",
        f"photos/01/00/{photo_id}x/original",
        f"other/photos/01/00/{photo_id}/original",
    ):
        assert folder_of(key) is None, key
    # The layout without a folder for each attempt, as example data have it.
    key = f"photos/01/00/{photo_id}/original"
    assert folder_of(key) == (UUID(photo_id), key.removesuffix("/original"))


def test_copies_are_jpeg_and_originals_what_they_were() -> None:
    photo_id = UUID(int=1)
    assert {type_of(variant, "image/heic") for variant in (Variant.THUMB, Variant.SCREEN)} == {"image/jpeg"}
    assert type_of(Variant.ORIGINAL, "image/heic") == "image/heic"
    assert file_name(photo_id, Variant.THUMB, "image/jpeg").endswith("0001-thumb.jpg")
    assert file_name(photo_id, Variant.ORIGINAL, "image/heic").endswith("0001-original.heic")
