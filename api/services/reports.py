"""From reports to tickets: locate, file, dispatch, all in one transaction, once however often they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from api.db import WriteSession
from api.domain.access import Role, Viewer
from api.domain.answers import check_answers
from api.domain.cases import Case, Triage
from api.domain.catalogue import Condition
from api.domain.device_clock import RIGHT, DeviceClock
from api.domain.errors import FieldWrong
from api.domain.evidence import Brought, PhotoFacts, require
from api.domain.geo import Place, to_wgs84
from api.domain.lifecycle import Action, Need, find_step
from api.domain.reference import Reference
from api.domain.report_requests import ReportRequest
from api.domain.reports import Source
from api.domain.signal_fixes import report_signals
from api.domain.signals import Signal, with_weights
from api.domain.task_turns import plan_rechecks
from api.domain.tickets import By, Told, advance
from api.queries.duplicates import Duplicate, open_duplicates
from api.queries.reports import ReportFacts
from api.services.cases import insert_cases
from api.services.dispatch import stage_terms
from api.services.evidence import Attachment, attach_photos
from api.services.report_claims import insert_reports, new_reports
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


async def file_reports(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer,
    requests: Sequence[ReportRequest],
    now: datetime,
    zone: ZoneInfo,
    clock: DeviceClock = RIGHT,
) -> list[FiledReport | None]:
    """Make tickets of reports, in their order; None for one that had been filed before, perhaps a moment ago.

    However many there are, the database is asked as often as for one. A report keeps what the phone said the time
    was, its ticket what that means by `clock`.

    An officer's report is filed by the system and dispatched by rule; others wait for a dispatcher. Raises
    FieldWrong, AnswersRefused, EvidenceMissing, IdTaken (the id was used for another report) and GeoError; nothing
    is stored then, of none of them.
    """
    new = await new_reports(session, viewer, requests)
    if not new:
        return [None] * len(requests)
    cases = {request.id: _new_case(reference, viewer, request, now, clock) for request in new}
    wanted = {request.id: request.photo_ids for request in new}
    attached = await attach_photos(session, viewer.person_id, wanted, may_await=True)
    for request in new:
        _begin(cases[request.id], reference, viewer, request, attached[request.id], now)
    stored = await insert_cases(session, list(cases.values()), reference, zone)
    if len(stored) < len(new):
        # Somebody sent the same at once and was faster: is it the same? Its transaction has just ended.
        await new_reports(session, viewer, requests)
        if not stored:
            return [None] * len(requests)
    stored_ids = {case.id for case in stored}
    new = [request for request in new if request.id in stored_ids]
    duplicates = await open_duplicates(session, viewer, stored, reference.policies.duplicate_radius_m)
    facts = {
        request.id: _facts(
            request, cases[request.id], attached[request.id], duplicates[request.id], reference
        )
        for request in new
    }
    awaited = await insert_reports(session, viewer, [(request, facts[request.id]) for request in new])
    filed = {
        case.id: FiledReport(case, facts[case.id], attached[case.id].photos, is_awaited=case.id in awaited)
        for case in stored
    }
    # The first of several that are the same is the one that was filed.
    return [filed.pop(request.id, None) for request in requests]


def _facts(
    request: ReportRequest,
    case: Case,
    attachment: Attachment,
    duplicates: Sequence[Duplicate],
    reference: Reference,
) -> ReportFacts:
    return ReportFacts(
        id=request.id,
        ticket_id=case.id,
        received_at=case.reported_at,
        photo_ids=list(request.photo_ids),
        awaited_photo_ids=list(attachment.awaited),
        duplicates=[duplicate.as_json() for duplicate in duplicates],
        signals=[signal.as_json() for signal in _signals(case, reference, request)],
        answers=dict(request.answers) if request.answers else None,
    )


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
        plan_rechecks(case, reference.policies, now)
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
