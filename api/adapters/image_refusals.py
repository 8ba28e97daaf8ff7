"""Why a picture is not accepted. The first line of each docstring is the title a person reads."""

from typing import ClassVar


class ImageRefused(ValueError):  # noqa: N818  a refusal of what was sent, not a failure of ours
    """The picture was not accepted."""

    code: ClassVar[str] = "image_refused"


class NotAnImage(ImageRefused):
    """The file is not a picture."""

    code = "not_an_image"


class ImageTypeUnsupported(ImageRefused):
    """This kind of picture is not accepted: send JPEG, PNG, WebP or HEIC."""

    code = "image_type_unsupported"


class ImageTypeMismatch(ImageRefused):
    """The picture is of another type than was declared."""

    code = "image_type_mismatch"


class ImageTooLarge(ImageRefused):
    """The file is too large."""

    code = "image_too_large"


class ImageTooManyPixels(ImageRefused):
    """The picture has too many pixels."""

    code = "image_too_many_pixels"


class ImageTruncated(ImageRefused):
    """The picture is incomplete: send it again."""

    code = "image_truncated"


class ImageDamaged(ImageRefused):
    """The picture can't be decoded."""

    code = "image_damaged"


class ImageAnimated(ImageRefused):
    """Moving pictures are not accepted: evidence is one still picture."""

    code = "image_animated"


class ImageBomb(ImageRefused):
    """The file is built so that reading it would take far more memory or time than a picture needs."""

    code = "image_bomb"
