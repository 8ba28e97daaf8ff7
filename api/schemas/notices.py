"""Notices on the wire: messages, each with the tickets that it tells of."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.domain.limits import Language
from api.domain.notices import LEVEL_NAMES, NoticeLevel, digest_text, most_urgent, notice_text
from api.domain.states import Clock
from api.language import name_in
from api.queries.notices import TICKETS_SHOWN_MAX, MessageFacts
from api.schemas.base import Output


class NoticedTicketShown(Output):
    """A ticket that a message tells of."""

    id: UUID
    number: str
    due_at: datetime | None = Field(description="When it was due as the notice was raised.")
    level: NoticeLevel
    rung: int = Field(description="The level that it was escalated to; 0 for the other notices.")
    stage: Clock = Field(description="The clock that the due time belongs to.")


class MessageShown(Output):
    """What the caller was told at once: one notice, or a digest of many."""

    id: str
    at: datetime = Field(description="When it was delivered.")
    level: NoticeLevel = Field(description="The most urgent of its notices.")
    level_name: str
    text: str = Field(description="The message in a sentence, in the language of the answer.")
    is_digest: bool
    count: int = Field(description="Notices in it whose tickets you see.")
    tickets: list[NoticedTicketShown] = Field(
        description=f"The most overdue first, {TICKETS_SHOWN_MAX} at most."
    )


class MessagePage(Output):
    """One page of messages, the newest first."""

    items: list[MessageShown]
    next: str | None


def message_shown(message: MessageFacts, language: Language) -> MessageShown:
    """Show a message."""
    level = most_urgent(message.counts)
    if message.is_digest:
        text = digest_text(message.counts, language)
    else:
        only = message.tickets[0]
        text = notice_text(only.level, only.clock, only.rung, only.number, language)
    return MessageShown(
        id=str(message.id),
        at=message.created_at,
        level=level,
        level_name=name_in(language, *LEVEL_NAMES[level]),
        text=text,
        is_digest=message.is_digest,
        count=sum(message.counts.values()),
        tickets=[
            NoticedTicketShown(
                id=ticket.ticket_id,
                number=ticket.number,
                due_at=ticket.due_at,
                level=ticket.level,
                rung=ticket.rung,
                stage=ticket.clock,
            )
            for ticket in message.tickets
        ],
    )
