"""From a report to a ticket: locate, file, dispatch, all in one transaction, once however often it is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Role, Viewer
from api.domain.answers import check_answers
from api.domain.cases import Case, Triage
from api.domain.catalogue import Condition
from api.domain.device_clock import RIGHT, DeviceClock
from api.domain.errors import FieldWrong, IdTaken
from api.domain.evidence import Brought, PhotoFacts, require
from api.domain.geo import Place, to_wgs84
from api.domain.lifecycle import Action, Need, find_step
from api.domain.reference import Reference
from api.domain.report_requests import ReportRequest
from api.domain.reports import Source
from api.domain.signal_fixes import report_signals
from api.domain.signals import Signal, with_weights
from api.domain.tickets import By, Told, advance
from api.models import Photo, Report, Ticket, WaitingItem, metadata
from api.queries.cases import lock_case_for_system
from api.queries.duplicates import open_duplicates
from api.queries.reports import ReportFacts
from api.services.cases import insert_case, update_case
from api.services.dispatch import stage_terms
from api.services.evidence import Attachment, attach_photos
from api.services.steps_intake import file_and_send
from api.services.tickets import check_device_time

SOURCES: dict[Role, frozenset[Source]] = {
    Role.OFFICER: frozenset({Source.OFFICER}),
    Role.DISPATCHER: frozenset({Source.HOTLINE, Source.CITIZEN, Source.SUPERIOR, Source.MEDIA}),
    Role.SUPERVISOR: frozenset({Source.SUPERVISION, Source.SUPERIOR, Source.MEDIA}),
}
"""Which sources each role may name; the first in the order of `Source` is the default."""


@dataclass(frozen=True, slots=True)
class FiledReport:
    """What a new report led to: its ticket in memory, so that nothing has to be read again.

    `is_awaited` when steps that came earlier wait for the ticket (`services.sync_release` takes them).
    """

    case: Case
    report: ReportFacts
    photos: tuple[PhotoFacts, ...]
    is_awaited: bool


async def file_report(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer,
    request: ReportRequest,
    now: datetime,
    zone: ZoneInfo,
    clock: DeviceClock = RIGHT,
) -> FiledReport | None:
    """Make a ticket of a report; None when this very report had been filed before, perhaps a moment ago.

    The report keeps what the phone said the time was, the ticket what that means by `clock`.

    An officer's report is filed by the system and dispatched by rule; others wait for a dispatcher. Raises
    FieldWrong, AnswersRefused, EvidenceMissing, IdTaken (the id was used for another report) and GeoError; nothing
    is stored then.
    """
    if await _filed_before(session, viewer, request):
        return None
    case = _new_case(reference, viewer, request, now, clock)
    signals = _signals(case, reference, request)
    radius_m = reference.policies.duplicate_radius_m
    duplicates = tuple(await open_duplicates(session, viewer, case.category, case.place, radius_m))
    attachment = await attach_photos(session, case.id, viewer.person_id, request.photo_ids, may_await=True)
    facts = ReportFacts(
        id=request.id,
        ticket_id=case.id,
        received_at=now,
        photo_ids=list(request.photo_ids),
        awaited_photo_ids=list(attachment.awaited),
        duplicates=[duplicate.as_json() for duplicate in duplicates],
        signals=[signal.as_json() for signal in signals],
        answers=dict(request.answers) if request.answers else None,
    )
    claimed = await _claim(session, viewer, request, facts)
    if claimed is None:
        # The same report came twice at once and the other was faster; its transaction has just ended.
        await _filed_before(session, viewer, request)
        return None
    _begin(case, reference, viewer, request, attachment, now)
    await insert_case(session, case, reference, zone)
    return FiledReport(case, facts, attachment.photos, is_awaited=claimed.is_awaited)


# Built once, on the table rather than the class: this is the hot way in.
_REPORTS = metadata.tables["reports"]
_CLAIM = (
    insert(_REPORTS)
    .on_conflict_do_nothing(index_elements=["id"])
    .returning(
        _REPORTS.c.id,
        select(col(WaitingItem.id))
        .where(
            col(WaitingItem.ticket_id) == bindparam("awaited_ticket", type_=Uuid()),
            col(WaitingItem.ended_at).is_(None),
        )
        .exists()
        .label("is_awaited"),
    )
)


@dataclass(frozen=True, slots=True)
class _Claimed:
    is_awaited: bool


async def _claim(
    session: WriteSession, viewer: Viewer, request: ReportRequest, facts: ReportFacts
) -> _Claimed | None:
    """Write the report unless its id is taken; parallel claims wait here for the first one's transaction."""
    values = {
        "awaited_ticket": facts.ticket_id,
        "reporter_id": viewer.person_id,
        "body_sha256": request.sha256(),
        "description": request.description,
        "observed_at": request.observed_at,
        "raw_longitude": request.longitude,
        "raw_latitude": request.latitude,
        "raw_crs": request.crs,
        "accuracy_m": request.accuracy_m,
        "provider": request.provider,
        "fixed_at": request.fixed_at,
        "is_mocked": request.is_mocked,
        **{name: getattr(facts, name) for name in ReportFacts.__slots__},
    }
    row = (await session.execute(_CLAIM, values)).one_or_none()
    return None if row is None else _Claimed(row.is_awaited)


async def photo_arrived(
    session: WriteSession, reference: Reference, photo_id: UUID, person_id: UUID, now: datetime
) -> UUID | None:
    """Give a stored photo to the report that waits for it; the last one awaited gets the ticket filed.

    Returns the ticket's id, or None when no report of this person waits for the photo. The caller holds the
    photo's lock (`services.evidence.lock_photos`), so a report filed at the same moment is not missed.
    """
    waiting = (
        select(col(Report.id), col(Report.ticket_id), col(Report.awaited_photo_ids))
        .where(col(Report.awaited_photo_ids).contains([photo_id]), col(Report.reporter_id) == person_id)
        # A photo belongs to one ticket: of several reports that name it, to that of the first.
        .order_by(col(Report.received_at), col(Report.id))
        .limit(1)
        .with_for_update()
    )
    row = (await session.execute(waiting)).one_or_none()
    if row is None:
        return None
    # A photo of a ticket that was merged meanwhile belongs to its master, as the others do.
    owner = func.coalesce(
        select(col(Ticket.merged_into_id)).where(col(Ticket.id) == row.ticket_id).scalar_subquery(),
        row.ticket_id,
    )
    await session.execute(update(Photo).where(col(Photo.id) == photo_id).values(ticket_id=owner))
    still_awaited = [awaited for awaited in row.awaited_photo_ids if awaited != photo_id]
    await session.execute(
        update(Report).where(col(Report.id) == row.id).values(awaited_photo_ids=still_awaited)
    )
    if not still_awaited:
        case = await lock_case_for_system(session, reference, row.ticket_id)
        if case.triage == Triage.PHOTOS_AWAITED and case.condition is not None:
            read_version = case.version
            # The upload may have begun before the report came; no step of a ticket is older than the one before.
            file_and_send(case, case.condition, reference, max(now, case.updated_at or now))
            await update_case(session, case, reference, read_version)
    return row.ticket_id


async def hold_tickets(session: WriteSession, ticket_ids: Iterable[UUID]) -> None:
    """Hold the names of tickets that may not exist yet until the transaction ends, in one order for all.

    Whoever files a ticket and whoever waits for it take turns, so that neither overlooks the other.
    """
    names = literal(sorted(map(str, ticket_ids)), ARRAY(Text))
    await session.execute(select(_held(func.unnest(names).column_valued("name"))))


_HOLD_SPACE = 3
"""Sets the names of tickets apart from other advisory locks on hashed texts."""


def _held(name: ColumnElement[str]) -> ColumnElement[Any]:
    return func.pg_advisory_xact_lock(func.hashtextextended(cast(name, Text), _HOLD_SPACE))


def _select_earlier() -> Select[Any]:
    """Return the statement with the parameters `name` and `report_id`, that holds the ticket's name as well."""
    held = select(_held(bindparam("name", type_=Text)).label("held")).subquery()
    is_same = col(Report.id) == bindparam("report_id")
    statement: Any = select(held.c.held, col(Report.reporter_id), col(Report.body_sha256))
    return statement.select_from(held.outerjoin(Report, is_same))


_EARLIER = _select_earlier()


async def _filed_before(session: WriteSession, viewer: Viewer, request: ReportRequest) -> bool:
    """Tell whether this very report was filed before; raises IdTaken where another one was."""
    row = (await session.execute(_EARLIER, {"name": str(request.id), "report_id": request.id})).one()
    if row.reporter_id is None:
        return False
    if row.reporter_id != viewer.person_id or row.body_sha256 != request.sha256():
        raise IdTaken("This report id was used before with another content.", report=request.id)
    return True


def _new_case(
    reference: Reference, viewer: Viewer, request: ReportRequest, now: datetime, clock: DeviceClock
) -> Case:
    """Check what was told against the catalogue and the earth, and find the grid."""
    check_device_time(request.observed_at, now, "/observed_at", clock)
    check_device_time(request.fixed_at, now, "/place/fixed_at", clock)
    category = reference.category(request.category, "/category")
    condition = reference.condition(category.code, request.condition, "/condition")
    check_answers(category.questions, request.answers)
    place = to_wgs84(request.longitude, request.latitude, request.crs)
    located = reference.locate(place, request.accuracy_m)
    return Case(
        # The ticket takes the report's id, so that a phone without network can already speak of its ticket.
        id=request.id,
        category=category.code,
        category_id=reference.category_ids[category.code],
        condition=condition,
        place=place,
        grid_code=located.code,
        place_code=_place_code(reference, request, place),
        reporter_id=viewer.person_id,
        source=_source(viewer, request.source),
        priority=request.priority,
        observed_at=clock.corrected(request.observed_at, now).astimezone(UTC),
        reported_at=now,
        address=request.address,
        description=request.description,
    )


def _place_code(reference: Reference, request: ReportRequest, place: Place) -> str | None:
    """Return the place that was named, or else the one that the problem is at; FieldWrong when there is none."""
    if request.at_place is None:
        found = reference.places.at(place, request.accuracy_m)
        return found.code if found else None
    named = reference.places.by_code.get(request.at_place)
    if named is None or not named.is_active:
        raise FieldWrong("/at_place", "place_unknown", "There is no such place.", place=request.at_place)
    return named.code


def _signals(case: Case, reference: Reference, request: ReportRequest) -> list[Signal]:
    distance_m = reference.places.distance_m(request.at_place, case.place) if request.at_place else None
    is_far = distance_m is not None and distance_m > reference.policies.place_reach_m
    found = report_signals(
        is_mocked=request.is_mocked,
        accuracy_m=request.accuracy_m,
        far_from_place_m=distance_m if is_far else None,
    )
    return with_weights(found, reference.policies.signal_weights)


def _source(viewer: Viewer, wanted: Source | None) -> Source:
    allowed = SOURCES[viewer.role]
    source = wanted or next(source for source in Source if source in allowed)
    if source not in allowed:
        raise FieldWrong(
            "/source",
            "source_not_yours",
            f"Your role does not report from {source}.",
            sources=sorted(allowed),
        )
    return source


def _begin(
    case: Case,
    reference: Reference,
    viewer: Viewer,
    request: ReportRequest,
    attachment: Attachment,
    now: datetime,
) -> None:
    """Take the first steps: report or self-fix; then file and dispatch, unless somebody has to look first."""
    photo_ids = tuple(photo.id for photo in attachment.photos)
    told = Told(request.description, photo_ids, request.observed_at)
    action = Action.SELF_FIX if request.self_fix else Action.REPORT
    step = find_step(None, action, viewer.role, reference.policies.closing)
    if request.self_fix:
        _require_self_fix(case.condition, step.needs, attachment.photos)
        case.is_self_fixed, case.filed_at, case.rectified_at = True, now, now
        case.fixed_by_id = viewer.person_id
    terms = stage_terms(reference, now, step)
    advance(case, step, By.viewer(viewer), now, terms=terms, timekeeping=reference.timekeeping, told=told)
    if request.self_fix:
        return
    case.triage = _why_wait(case, viewer, attachment.awaited)
    if case.triage is None:
        assert case.condition is not None  # noqa: S101  else it would wait
        file_and_send(case, case.condition, reference, now)


def _require_self_fix(
    condition: Condition | None, needs: frozenset[Need], photos: tuple[PhotoFacts, ...]
) -> None:
    if condition is not None and not condition.self_fix:
        raise FieldWrong("/self_fix", "self_fix_not_allowed", "This problem is not for fixing on the spot.")
    require(needs, Brought(photos=photos, has_condition=condition is not None), None)


def _why_wait(case: Case, viewer: Viewer, awaited: tuple[UUID, ...]) -> Triage | None:
    """Say why a report is not filed by the system at once, if so."""
    if viewer.role is not Role.OFFICER:
        return Triage.NOT_AN_OFFICER
    if case.grid_code is None:
        return Triage.OUTSIDE_GRIDS
    if case.condition is None:
        return Triage.CONDITION_OPEN
    if awaited:
        return Triage.PHOTOS_AWAITED
    return None
