"""The form of a check-in (签到) at a checkpoint, confirmed by its QR code or by the place alone."""

from collections.abc import Iterator

from api.domain.checkpoint_codes import Way
from api.domain.forms import CHECKPOINTS_CSV, YES, FormDefinition, FormKind, Row, choice, hint, row


def check_in_form() -> FormDefinition:
    """Return the form of a check-in; the checkpoints to choose from come as media. Collect reads no tags."""
    return FormDefinition(
        FormKind.CHECK_IN,
        "签到 Check in",
        "在签到点扫码或定位签到。Check in at a checkpoint, by its code or by your place.",
        survey=tuple(_survey()),
        choices=(
            choice("ways", Way.QR, "扫签到码", "Scan its code"),
            choice("ways", Way.GEOFENCE, "定位", "By place"),
        ),
        media=(CHECKPOINTS_CSV,),
    )


def _survey() -> Iterator[Row]:
    by_code, by_place = f"${{way}} = '{Way.QR}'", f"${{way}} = '{Way.GEOFENCE}'"
    yield row("select_one ways", "way", "签到方式", "How", required=YES)
    yield row(
        f"select_one_from_file {CHECKPOINTS_CSV}",
        "checkpoint",
        "签到点",
        "Checkpoint",
        required=YES,
        relevant=by_place,
        appearance="autocomplete",
    )
    # The place first: whoever scans a code that rotates must not wait for satellites then. Mock fixes keep the
    # accuracy of 0 that Collect gives them.
    yield row(
        "geopoint",
        "place",
        "位置",
        "Place",
        required=YES,
        parameters="capture-accuracy=10 warning-accuracy=50 allow-mock-accuracy=false",
    )
    yield row(
        "barcode",
        "code",
        "签到码",
        "Code of the checkpoint",
        required=YES,
        relevant=by_code,
        **hint("现场扫码，照片无效。", "Scan it on the spot; a photograph of it does not count."),
    )
    # Noted by the phone as it happens, and shown nowhere: a time that could be typed would confirm nothing.
    yield _noted("fixed_at", "place")
    yield _noted("scanned_at", "code", relevant=by_code)


def _noted(name: str, answered: str, **more: str) -> Row:
    """Return the time at which a question was answered, or answered anew."""
    return {
        "type": "dateTime",
        "name": name,
        "calculation": "now()",
        "trigger": f"${{{answered}}}",
        **more,
    }
