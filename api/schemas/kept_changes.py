"""What was done to the office's data, on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.domain.kept_changes import Noun
from api.pages import PageQuery
from api.queries.kept_changes import ChangeFacts
from api.schemas.base import Output, PrintableText


class ChangeListQuery(PageQuery):
    """Which changes are listed, the newest first."""

    noun: Noun | None = Field(default=None, description="Changes of one kind of thing.")
    code: Annotated[str, Field(min_length=1, max_length=80), PrintableText] | None = Field(
        default=None, description="Changes of one thing, by its code."
    )


class ChangeShown(Output):
    """A change."""

    id: int
    at: datetime
    by: str | None = Field(description="Who did it; null: the command line.")
    noun: Noun
    code: str
    fields: list[str] = Field(description="What differs.")
    before: dict[str, Any] | None = Field(description="Null: it was new.")
    after: dict[str, Any] | None = Field(description="Null: it ended.")


class ChangePage(Output):
    """A page of changes."""

    items: list[ChangeShown]
    next: str | None


def change_shown(facts: ChangeFacts) -> ChangeShown:
    """Show a change."""
    change = facts.change
    return ChangeShown(
        id=facts.id,
        at=facts.at,
        by=facts.by,
        noun=change.noun,
        code=change.code,
        fields=change.fields,
        before=None if change.before is None else dict(change.before),
        after=None if change.after is None else dict(change.after),
    )
