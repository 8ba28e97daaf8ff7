"""People on the wire: as administrators and supervisors see them, and as they should be."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from api.domain.access import ROLE_NAMES, Role
from api.domain.limits import Language
from api.domain.people import (
    DUTIES_MAX,
    OFFICER_NUMBER_MAX,
    PASSWORD_MAX,
    PERSON_NAME_MAX,
    POST_MAX,
    USERNAME_MAX,
    USERNAME_PATTERN,
    Duty,
    PersonDraft,
)
from api.domain.phones import PHONE_MAX, PHONE_PATTERN, masked_phone
from api.language import name_in
from api.pages import PageQuery
from api.queries.personnel import PeopleFilter, StoredPerson
from api.schemas.base import Code, Day, Input, OneLine, Output

Username = Annotated[str, Field(max_length=USERNAME_MAX, pattern=USERNAME_PATTERN, examples=["officer01"])]
"""Lower case: two accounts never differ by that alone."""
Name = Annotated[str, Field(min_length=1, max_length=PERSON_NAME_MAX), OneLine]
Post = Annotated[str, Field(min_length=1, max_length=POST_MAX), OneLine]
Phone = Annotated[str, Field(max_length=PHONE_MAX, pattern=PHONE_PATTERN, examples=["13812345678"])]
Password = Annotated[
    str, Field(min_length=1, max_length=PASSWORD_MAX, json_schema_extra={"format": "password"})
]


class DutyInput(Input):
    """A duty on a grid (一格两员)."""

    code: Code = Field(description="The grid; a community stands for all unit grids in it.")
    from_on: Day
    to_on: Day | None = Field(default=None, description="The last day; null: it goes on.")
    is_phone_public: bool = Field(
        default=False, description="Residents may see the phone number (网格责任公示)."
    )


class PersonInput(Input):
    """A whole person."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new person has none, or 0."
    )
    name: Name
    role: Role
    unit: Code | None = Field(description="Where she works; unit members and leads need one.")
    phone: Phone | None
    officer_number: Annotated[str, Field(min_length=1, max_length=OFFICER_NUMBER_MAX), OneLine] | None = (
        Field(description="工号")
    )
    post: Post | None = Field(default=None, description="职务, as the office calls it.")
    grids: Annotated[list[DutyInput], Field(max_length=DUTIES_MAX)] = Field(
        description="Duties that are not over. Those left out end yesterday; those that are over stay as they were."
    )
    valid_until: Day | None = Field(description="The last day on which she may sign in; null: no end.")
    is_active: bool
    password: Password | None = Field(
        default=None, description="The first password of a new account. Without one nobody signs in yet."
    )

    def draft(self, username: str) -> PersonDraft:
        """Return what is meant, not checked yet."""
        return PersonDraft(
            username=username,
            name=self.name,
            role=self.role,
            unit=self.unit,
            phone=self.phone,
            officer_number=self.officer_number,
            post=self.post,
            valid_until=self.valid_until,
            is_active=self.is_active,
            duties=tuple(Duty(one.code, one.from_on, one.to_on, one.is_phone_public) for one in self.grids),
        )


class PeopleQuery(PageQuery):
    """Which people are wanted."""

    model_config = ConfigDict(extra="forbid")

    unit: Annotated[Code | None, Field(description="Code of a unit.")] = None
    role: Role | None = None
    active: Annotated[bool | None, Field(description="Whether the account is in use.")] = None
    q: Annotated[
        str | None,
        Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$", description="Part of a name or number."),
    ] = None

    def wanted(self) -> PeopleFilter:
        """Return the filters alone."""
        return PeopleFilter(self.unit, self.role, self.active, self.q)


class PasswordInput(Input):
    """A new password."""

    password: Password


class OwnPasswordInput(Input):
    """A new password, by whoever knows the old one."""

    old_password: Annotated[
        str, Field(min_length=1, max_length=1000, json_schema_extra={"format": "password"})
    ]
    new_password: Password


class DutyShown(Output):
    """A duty on a grid that is not over."""

    code: str
    from_on: date
    to_on: date | None
    is_phone_public: bool


class PersonListed(Output):
    """A person as the list shows her."""

    id: UUID
    username: str
    name: str
    role: Role
    role_name: str
    unit: str | None
    officer_number: str | None
    post: str | None
    phone_masked: str | None = Field(description="Enough of the phone number to recognise it.")
    grids: list[DutyShown]
    valid_until: date | None
    is_active: bool
    has_password: bool
    version: int


class PeoplePage(Output):
    """A page of people by user name."""

    items: list[PersonListed]
    next: str | None


class PersonWhole(PersonListed):
    """A person with her phone number; that you read it is kept."""

    phone: str | None


def person_listed(stored: StoredPerson, language: Language) -> PersonListed:
    """Show a person without her phone number."""
    draft = stored.draft
    return PersonListed(
        id=stored.id,
        username=draft.username,
        name=draft.name,
        role=draft.role,
        role_name=name_in(language, *ROLE_NAMES[draft.role]),
        unit=draft.unit,
        officer_number=draft.officer_number,
        post=draft.post,
        phone_masked=masked_phone(draft.phone),
        grids=[
            DutyShown(
                code=duty.grid,
                from_on=duty.from_on,
                to_on=duty.to_on,
                is_phone_public=duty.is_phone_public,
            )
            for duty in draft.duties
        ],
        valid_until=draft.valid_until,
        is_active=draft.is_active,
        has_password=stored.has_password,
        version=stored.version,
    )


def person_whole(stored: StoredPerson, language: Language) -> PersonWhole:
    """Show a person with her phone number."""
    return PersonWhole(**person_listed(stored, language).model_dump(), phone=stored.draft.phone)
