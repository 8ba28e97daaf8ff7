"""People as an administrator writes them down, what is wrong with such an entry, and what a password must be."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from api.domain.access import UNIT_ROLES, Role
from api.domain.errors import FieldWrong
from api.domain.reference import GridFacts, UnitFacts

USERNAME_PATTERN, USERNAME_MAX = r"^[a-z0-9][a-z0-9._-]*$", 64
PERSON_NAME_MAX, POST_MAX, OFFICER_NUMBER_MAX = 100, 100, 40
DUTIES_MAX = 500
"""That are not over, of one person."""

PASSWORD_MIN, PASSWORD_MAX = 10, 200
"""Characters. Length is what makes a password hard to guess; kinds of characters are nobody's business."""

COMMON_PASSWORDS = frozenset(
    {"1234567890", "0123456789", "qwertyuiop", "1q2w3e4r5t", "password123", "administrator", "gridpatrol"}
)
"""Long enough and still among the first that a guesser tries."""


class Deed(StrEnum):
    """What is kept of an account's life."""

    CREATED = "created"
    CHANGED = "changed"
    PASSWORD_SET = "password_set"  # noqa: S105  a deed, not a password
    PHONE_READ = "phone_read"
    DEVICE_REVOKED = "device_revoked"


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty on a grid (一格两员), both days included; without a last one it goes on."""

    grid: str
    from_on: date
    to_on: date | None = None
    is_phone_public: bool = False

    def overlaps(self, other: "Duty") -> bool:
        """Tell whether both are on the same grid on some day."""
        return (
            self.grid == other.grid
            and self.from_on <= (other.to_on or date.max)
            and other.from_on <= (self.to_on or date.max)
        )


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """A whole person as she should be; `unit` is a code, `valid_until` the last day on which she may sign in.

    `duties` are those that are not over yet, in the order of grid and day.
    """

    username: str
    name: str
    role: Role
    unit: str | None
    phone: str | None
    officer_number: str | None
    post: str | None
    valid_until: date | None
    is_active: bool
    duties: tuple[Duty, ...]

    @property
    def is_administrator(self) -> bool:
        """Whether this is somebody who can let the others in, today and on every day after it."""
        return self.role is Role.ADMINISTRATOR and self.is_active and self.valid_until is None


@dataclass(frozen=True, slots=True)
class DutyChanges:
    """What becomes of duties: those that end yesterday, never were, begin, and are now otherwise."""

    ended: tuple[Duty, ...] = ()
    undone: tuple[Duty, ...] = ()
    begun: tuple[Duty, ...] = ()
    changed: tuple[Duty, ...] = ()


def duty_changes(before: Iterable[Duty], after: Iterable[Duty], today: date) -> DutyChanges:
    """Compare duties that are not over with those that should be; a duty is known by its grid and first day."""
    old = {(duty.grid, duty.from_on): duty for duty in before}
    new = {(duty.grid, duty.from_on): duty for duty in after}
    left_out = [duty for key, duty in old.items() if key not in new]
    return DutyChanges(
        ended=tuple(duty for duty in left_out if duty.from_on < today),
        undone=tuple(duty for duty in left_out if duty.from_on >= today),
        begun=tuple(duty for key, duty in new.items() if key not in old),
        changed=tuple(duty for key, duty in new.items() if key in old and old[key] != duty),
    )


def leaves_work(before: PersonDraft, after: PersonDraft) -> bool:
    """Tell whether somebody who handled tickets of her unit can't any more: she left it, or her account ended."""
    could = before.is_active and before.role in UNIT_ROLES
    can = after.is_active and after.role in UNIT_ROLES and after.unit == before.unit
    return could and not can


def check_person(
    draft: PersonDraft, units: Mapping[str, UnitFacts], grids: Mapping[str, GridFacts]
) -> UnitFacts | None:
    """Return the draft's unit, None for none; FieldWrong for what can't be meant.

    `units` and `grids` are those of the office by code; a grid that ended is among them for those who have it.
    """
    check_duties(draft, grids)
    return check_unit_of(draft, units)


def check_unit_of(draft: PersonDraft, units: Mapping[str, UnitFacts]) -> UnitFacts | None:
    """Return the draft's unit, None for none; FieldWrong for one that is not there, or missing for the role."""
    if draft.unit is None:
        if draft.role in UNIT_ROLES:
            raise FieldWrong("/unit", "unit_needed", f"The role {draft.role} works for a unit.")
        return None
    unit = units.get(draft.unit)
    if unit is None or (draft.is_active and not unit.is_active):
        raise FieldWrong("/unit", "unit_unknown", "There is no such unit.", unit=draft.unit)
    return unit


def check_duties(draft: PersonDraft, grids: Collection[str]) -> None:
    """Raise FieldWrong for duties on grids that are not there, that end before they begin, or that overlap."""
    for index, duty in enumerate(draft.duties):
        if duty.grid not in grids:
            raise FieldWrong(f"/grids/{index}/code", "grid_unknown", "There is no such grid.", grid=duty.grid)
        if duty.to_on is not None and duty.to_on < duty.from_on:
            raise FieldWrong(f"/grids/{index}/to_on", "duty_backwards", "A duty ends after it began.")
        if any(duty.overlaps(other) for other in draft.duties[:index]):
            raise FieldWrong(
                f"/grids/{index}", "duty_repeated", "Two duties on one grid are on the same day."
            )


def check_password(password: str, username: str, pointer: str) -> None:
    """Raise FieldWrong for a password that a guesser finds early: short, common, or made of the user name."""
    told = f"A password has at least {PASSWORD_MIN} characters and is not easily guessed."
    plain = password.casefold()
    is_guessed = (
        plain in COMMON_PASSWORDS or username.casefold() in plain or len(set(plain)) < PASSWORD_MIN // 2
    )
    if len(password) < PASSWORD_MIN or is_guessed:
        raise FieldWrong(pointer, "password_weak", told)
