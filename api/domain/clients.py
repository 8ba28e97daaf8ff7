"""Which versions of the app are still served: semantic versions, in their order (semver.org 2.0.0)."""

import re
from dataclasses import dataclass

from api.domain.errors import ClientTooOld, FieldWrong

VERSION_LENGTH = 100

_NUMBER = r"(0|[1-9][0-9]{0,8})"
_PART = r"(?:0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_PART}(?:\.{_PART})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)

_PreRelease = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class ClientVersion:
    """A version as it is compared: the numbers, then whether it is a release, then what it is before that."""

    numbers: tuple[int, int, int]
    is_release: bool
    before: _PreRelease = ()


def read_version(text: str) -> ClientVersion | None:
    """Return a semantic version such as `2.1.0` or `2.1.0-beta.2+build7`; None for what is none."""
    found = _VERSION.fullmatch(text) if len(text) <= VERSION_LENGTH else None
    if found is None:
        return None
    numbers = (int(found[1]), int(found[2]), int(found[3]))
    parts = found[4].split(".") if found[4] else []
    # Numbers come before words (semver 11.4.3).
    before = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)
    return ClientVersion(numbers, not before, before)


def check_client(told: str | None, minimum: str | None) -> None:
    """Raise ClientTooOld for a client that says it is older than `minimum`.

    Who says nothing is served: browsers and other systems have no such version. Raises FieldWrong
    (`client_version_wrong`) for what is no version.
    """
    if told is None:
        return
    version = read_version(told)
    if version is None:
        raise FieldWrong(
            "/header/client-version",
            "client_version_wrong",
            "A version looks like 2.1.0, as semver.org has it.",
        )
    oldest = read_version(minimum) if minimum is not None else None
    if minimum is not None and oldest is not None and version < oldest:
        raise ClientTooOld(
            "Update the app, then go on; what it holds can be sent by the new one.", minimum=minimum
        )
