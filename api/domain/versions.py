"""Versions of what several people edit: whoever changes something says which version was seen."""

from api.domain.errors import NotFound, VersionConflict, VersionNeeded


def check_version(noun: str, stored: int | None, seen: int | None, **named: str) -> None:
    """Refuse a change by somebody who did not see what is stored; `stored` is None where nothing is.

    Raises NotFound for a version of a thing that does not exist (`named` tells which), VersionNeeded where an
    existing one would be changed blindly, VersionConflict, with the present version, when somebody was faster.
    """
    if stored is None:
        if seen:
            raise NotFound(f"There is no such {noun}; to make it, send no version.", **named)
        return
    if seen is None:
        raise VersionNeeded("Name the version that you saw: `version` in the body, or If-Match.")
    if seen != stored:
        raise VersionConflict(f"The {noun} is at version {stored}; you saw version {seen}.", version=stored)
