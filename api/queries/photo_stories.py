"""Photos as signals see them: beside their tickets, and beside pictures that may be the same."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Integer,
    Select,
    and_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import BIT
from sqlmodel import col

from api.db import ReadSession
from api.domain.evidence import Purpose
from api.domain.geo import Place
from api.domain.pictures import PicturePrint, probes
from api.domain.signal_photos import PhotoStory, TicketStory
from api.models import Person, Photo, PhotoPrint, Ticket
from api.models.photos import BANDS_SQL

OWN_MAX: Final = 40
"""Earlier photos of one person that a picture is laid over."""
OF_EACH_COLLEAGUE_MAX: Final = 5
OF_UNIT_MAX: Final = 40
ALIKE_MAX: Final = 20
SAME_FILE_MAX: Final = 3
OF_TICKET_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class ExaminedPhoto:
    """A photo with its ticket, and with what is known of the person who sent it."""

    story: PhotoStory
    ticket: TicketStory
    unit_id: int | None
    file_key: str
    has_print: bool


async def find_examined(session: ReadSession, photo_ids: Collection[UUID]) -> list[ExaminedPhoto]:
    """Return those of these photos that belong to a ticket."""
    statement: Any = (
        _select_stories()
        .add_columns(
            col(Ticket.dispatched_at),
            col(Ticket.rectified_at),
            func.ST_X(col(Ticket.place)).label("ticket_x"),
            func.ST_Y(col(Ticket.place)).label("ticket_y"),
            col(Person.unit_id),
            col(Photo.file_key),
            col(PhotoPrint.photo_id).is_not(None).label("has_print"),
        )
        .join(Ticket, col(Ticket.id) == col(Photo.ticket_id))
        .join(Person, col(Person.id) == col(Photo.uploaded_by_id))
        .where(col(Photo.id).in_(photo_ids))
    )
    return [
        ExaminedPhoto(
            _story(row),
            TicketStory(Place(row.ticket_x, row.ticket_y), row.dispatched_at, row.rectified_at),
            row.unit_id,
            row.file_key,
            row.has_print,
        )
        for row in await session.execute(statement)
    ]


async def find_shown_repairs(session: ReadSession, ticket_ids: Collection[UUID]) -> set[UUID]:
    """Return the photos of these tickets that may show a repair; evidence may, too."""
    statement = select(col(Photo.id)).where(
        col(Photo.ticket_id).in_(ticket_ids), col(Photo.purpose) != Purpose.BEFORE
    )
    return set((await session.execute(statement)).scalars())


async def find_comparable(
    session: ReadSession, photo: ExaminedPhoto, since: datetime, look_bits: int
) -> list[PhotoStory]:
    """Return the photos that a photo may be a copy of.

    Those of its ticket; the same file and, however old and whoever's they are, pictures whose hashes are alike, all of
    them up to `pictures.FOUND_BITS`; and since an instant the last ones of the person and of the person's unit.
    """
    ids = set((await session.execute(_candidates(photo, since))).scalars())
    if photo.story.print.phash is not None:
        ids |= set((await session.execute(select_alike(photo.story.print.phash, look_bits))).scalars())
    ids.discard(photo.story.id)
    if not ids:
        return []
    statement: Any = (
        _select_stories().where(col(Photo.id).in_(ids)).order_by(col(Photo.received_at), col(Photo.id))
    )
    return [_story(row) for row in await session.execute(statement)]


def _candidates(photo: ExaminedPhoto, since: datetime) -> CompoundSelect[Any]:
    story = photo.story
    earlier = and_(col(Photo.received_at) <= story.received_at, col(Photo.received_at) >= since)
    own = (
        select(col(Photo.id))
        .where(col(Photo.uploaded_by_id) == story.person_id, earlier)
        .order_by(col(Photo.received_at).desc())
        .limit(OWN_MAX)
    )
    same_file = (
        select(col(Photo.id))
        .where(col(Photo.sha256) == story.sha256, col(Photo.id) != story.id)
        .order_by(col(Photo.received_at))
        .limit(SAME_FILE_MAX)
    )
    of_ticket = select(col(Photo.id)).where(col(Photo.ticket_id) == story.ticket_id).limit(OF_TICKET_MAX)
    found = [own, same_file, of_ticket]
    if photo.unit_id is not None:
        found.append(_of_unit(photo.unit_id, story.person_id, earlier))
    each: Any = [part.subquery() for part in found]
    first, *others = (select(part.c.id) for part in each)
    return first.union(*others)


def _of_unit(unit_id: int, person_id: UUID, earlier: Any) -> Select[Any]:  # noqa: ANN401  a condition on photos
    last = (
        select(col(Photo.id), col(Photo.received_at))
        .where(col(Photo.uploaded_by_id) == col(Person.id), earlier)
        .order_by(col(Photo.received_at).desc())
        .limit(OF_EACH_COLLEAGUE_MAX)
        .lateral("last")
    )
    return (
        select(last.c.id)
        .select_from(Person)
        .join(last, true())
        .where(col(Person.unit_id) == unit_id, col(Person.id) != person_id)
        .order_by(last.c.received_at.desc())
        .limit(OF_UNIT_MAX)
    )


def select_alike(phash: int, look_bits: int) -> Select[Any]:
    """Return the statement for the most similar pictures: four looks into indexes, then bits are counted."""
    in_a_band = or_(
        *(
            literal_column(band, BigInteger).in_([literal_column(str(value), Integer) for value in values])
            for band, values in zip(BANDS_SQL, probes(phash), strict=True)
        )
    )
    apart = func.bit_count(cast(col(PhotoPrint.phash).op("#")(literal(phash, BigInteger)), BIT(64)))
    statement: Any = select(col(PhotoPrint.photo_id)).where(in_a_band, apart <= look_bits)
    return statement.order_by(apart, col(PhotoPrint.photo_id)).limit(ALIKE_MAX)


def _select_stories() -> Any:  # noqa: ANN401  a statement with columns of many types
    columns: list[Any] = [
        col(Photo.id),
        col(Photo.ticket_id),
        col(Photo.uploaded_by_id),
        col(Photo.purpose),
        col(Photo.sha256),
        col(Photo.received_at),
        col(Photo.captured_at),
        col(Photo.taken_at),
        col(Photo.software),
        *(
            axis(getattr(Photo, f"{name}_place")).label(f"{name}_{label}")
            for name in ("captured", "taken")
            for axis, label in ((func.ST_X, "x"), (func.ST_Y, "y"))
        ),
        col(PhotoPrint.phash),
        col(PhotoPrint.sketch),
    ]
    statement: Any = select(*columns)
    return statement.outerjoin(PhotoPrint, col(PhotoPrint.photo_id) == col(Photo.id))


def _story(row: Any) -> PhotoStory:  # noqa: ANN401  a row of the statement above
    return PhotoStory(
        id=row.id,
        ticket_id=row.ticket_id,
        person_id=row.uploaded_by_id,
        purpose=row.purpose,
        sha256=row.sha256,
        received_at=row.received_at,
        captured_at=row.captured_at,
        captured_place=_place(row.captured_x, row.captured_y),
        taken_at=row.taken_at,
        taken_place=_place(row.taken_x, row.taken_y),
        software=row.software,
        print=PicturePrint(row.phash, row.sketch),
    )


def _place(longitude: float | None, latitude: float | None) -> Place | None:
    return None if longitude is None or latitude is None else Place(longitude, latitude)
