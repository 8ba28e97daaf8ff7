"""The audit of patrols: shifts, tracks and check-ins are there once and as they were made, and measured right.

What a shift comes to is measured once more from what officers wrote down, not from what the city stored.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.domain.coverage import Regions
from api.domain.flat_tracks import Waysides
from api.domain.measuring import Measured, PatrolMap, measure, midnights_ms
from api.domain.reference import Reference
from api.domain.shifts import Course, ShiftAction, ShiftEvent
from api.domain.tracks import EPOCH, Fix, to_instant, to_ms
from gridphone import OutboxItem
from tests.chaos.beats import LONGEST_SHIFT
from tests.chaos.findings import Fault, Findings
from tests.chaos.ledger import Ledger, Point
from tests.chaos.patrol_truth import PatrolTruth

Items = Mapping[UUID, OutboxItem]


def check_shifts(findings: Findings, ledger: Ledger, items: Items, truth: PatrolTruth, now: datetime) -> None:
    """Each shift that phones were told is there once, with what happened to it and nothing else."""
    expected: dict[UUID, set[tuple[str, datetime]]] = {}
    for shift_id, started in ledger.starts.items():
        item, row = items.get(shift_id), truth.shifts.get(shift_id)
        if item is None or item.state != "stored":
            problem = (item.problem or {}) if item else {}
            other = (
                truth.shifts.get(UUID(problem["shift"])) if problem.get("code") == "shift_running" else None
            )
            is_fair = other is not None and truth.people[other.person_id] == started.username
            findings.expect(is_fair, Fault.LOSS, f"shift {shift_id} was not taken: {problem}")
            findings.expect(row is None, Fault.DOUBLE, f"shift {shift_id} was refused, and is there")
            continue
        is_right = row is not None and (truth.people[row.person_id], row.started_at) == started
        findings.expect(is_right, Fault.LOSS, f"shift {shift_id} is not there as it was started")
        expected[shift_id] = {("start", started.at)}
    unknown = truth.shifts.keys() - expected.keys()
    findings.expect(not unknown, Fault.DOUBLE, f"shifts that nobody started: {unknown}")
    for step_id, step in ledger.steps.items():
        item = items.get(step_id)
        if item is None:
            findings.add(Fault.LOSS, f"the phone has lost the {step.action} of shift {step.shift_id}")
        elif item.state == "stored":
            expected.setdefault(UUID(item.body["shift"]), set()).add((step.action, step.at))
        else:
            findings.expect(
                _is_fair(item, items), Fault.LOSS, f"{step.action} was refused without need: {item.problem}"
            )
    for shift_id, events in expected.items():
        found = truth.events.get(shift_id, [])
        told = [event for event in found if event[0] != "expire"]
        findings.expect(
            set(told) <= events, Fault.DOUBLE, f"shift {shift_id}: nobody did {set(told) - events}"
        )
        forgotten = {event for event in events - set(told) if not _came_after_the_end(event, found)}
        findings.expect(not forgotten, Fault.LOSS, f"shift {shift_id} has forgotten {forgotten}")
        if shift_id in truth.shifts:
            row = truth.shifts[shift_id]
            _check_end(findings, row, found, _next_start(truth, row), now)


def _came_after_the_end(event: tuple[str, datetime], found: list[tuple[str, datetime]]) -> bool:
    """Tell whether this is a stop of a shift that the system had ended before: that end stays."""
    action, at = event
    return action == "stop" and any(ended == "expire" and at > ended_at for ended, ended_at in found)


def _next_start(truth: PatrolTruth, row: Any) -> datetime | None:  # noqa: ANN401  a row
    """Return when the next shift of the same person began: one that is told later ends there."""
    own = (other.started_at for other in truth.shifts.values() if other.person_id == row.person_id)
    return min((at for at in own if at > row.started_at), default=None)


def _is_fair(item: OutboxItem, items: Items) -> bool:
    """Tell whether a step of a shift was refused for a reason that there is here.

    Another phone of hers was first; or there is no such shift, because that other phone has hers.
    """
    code = (item.problem or {}).get("code")
    start = items.get(item.after) if item.after else None
    if start is not None and start.state == "refused" and item.body["shift"] == str(start.id):
        return code in {"after_refused", "not_found"}
    return code == "shift_step_refused"


def _check_end(
    findings: Findings,
    row: Any,  # noqa: ANN401  a row
    events: list[tuple[str, datetime]],
    next_at: datetime | None,
    now: datetime,
) -> None:
    """Hold how a shift stands against what happened to it, its longest time, and when the next one began."""
    course = _course(events)
    standing = (row.state, row.ended_at)
    findings.expect(
        standing == (course.state, course.ended_at),
        Fault.BROKEN,
        f"shift {row.id} is {standing}; its events say {(course.state, course.ended_at)}",
    )
    told = [(action, at) for action, at in events if action != "expire"]
    end = _course(told).latest_at(LONGEST_SHIFT)
    expired = [at for action, at in events if action == "expire"]
    findings.expect(
        expired in ([], [end], [next_at]),
        Fault.BROKEN,
        f"shift {row.id} was ended at {expired}, neither at {end} nor at {next_at}, where the next began",
    )
    is_over = any(action in {"stop", "expire"} for action, _ in events)
    findings.expect(is_over or now < end, Fault.STUCK, f"shift {row.id} should have ended at {end}")


def _course(events: list[tuple[str, datetime]]) -> Course:
    return Course(tuple(ShiftEvent(ShiftAction(action), at) for action, at in events))


def check_tracks(findings: Findings, ledger: Ledger, items: Items, truth: PatrolTruth) -> None:
    """Each point that a phone was told is stored once, with what was recorded, if it was made on duty."""
    tracks = [item for item in items.values() if item.kind == "track"]
    _check_phones(findings, ledger, tracks, items)
    sent: dict[UUID, dict[int, set[UUID]]] = {}
    for track in tracks:
        if track.state == "stored" and track.after is not None:
            shift = sent.setdefault(UUID(track.body["shift"]), {})
            for at_ms in _times(track):
                shift.setdefault(at_ms, set()).add(track.after)
            _check_batch(findings, track, truth)
    told = {track.id for track in tracks if track.state == "stored"}
    findings.expect(
        truth.batches.keys() <= told, Fault.DOUBLE, f"batches nobody sent: {truth.batches.keys() - told}"
    )
    for shift_id in sent.keys() | truth.points.keys():
        found = truth.points.get(shift_id, {})
        possible = sent.get(shift_id, {})
        spans = _course(truth.events.get(shift_id) or [("start", EPOCH)]).spans(LONGEST_SHIFT)
        on_duty = {at_ms for at_ms in possible if any(start <= at_ms < stop for start, stop in spans)}
        missing = on_duty - found.keys()
        missing -= {
            at_ms for at_ms in missing if _is_excused(at_ms, possible[at_ms], shift_id, ledger, items)
        }
        findings.expect(
            not missing, Fault.LOSS, f"shift {shift_id}: {len(missing)} of {len(on_duty)} points are lost"
        )
        made_up = found.keys() - possible.keys()
        findings.expect(
            not made_up, Fault.DOUBLE, f"shift {shift_id}: {len(made_up)} points that nobody recorded"
        )
        off_duty = {at_ms for at_ms in found.keys() - on_duty - made_up if _is_over(at_ms, shift_id, truth)}
        findings.expect(
            not off_duty, Fault.LEFT_OVER, f"shift {shift_id}: {len(off_duty)} points of her free time"
        )
        wrong = [
            at_ms
            for at_ms in found.keys() & possible.keys()
            if not any(found[at_ms] == ledger.points[phone].get(at_ms) for phone in possible[at_ms])
        ]
        findings.expect(not wrong, Fault.LOSS, f"shift {shift_id}: {len(wrong)} points are somewhere else")


def _check_phones(findings: Findings, ledger: Ledger, tracks: list[OutboxItem], items: Items) -> None:
    """Hold what phones have sent against what was recorded on them."""
    in_batches: dict[UUID, set[int]] = {}
    for track in tracks:
        if track.after is not None:
            in_batches.setdefault(track.after, set()).update(_times(track))
    for shift_id, points in ledger.points.items():
        start = items.get(shift_id)
        if start is not None and start.state == "refused" and "shift" not in (start.problem or {}):
            continue
        lost = points.keys() - in_batches.get(shift_id, set())
        findings.expect(not lost, Fault.LOSS, f"a phone has lost {len(lost)} points of {shift_id}")
        extra = in_batches.get(shift_id, set()) - points.keys()
        findings.expect(not extra, Fault.DOUBLE, f"a phone has made up {len(extra)} points of {shift_id}")


def _times(track: OutboxItem) -> list[int]:
    return [to_ms(datetime.fromisoformat(point["at"])) for point in track.body["points"]]


def _check_batch(findings: Findings, track: OutboxItem, truth: PatrolTruth) -> None:
    batch = truth.batches.get(track.id)
    if batch is None:
        findings.add(Fault.LOSS, f"batch {track.id} was told to be stored and is not there")
        return
    counted = batch.stored + sum(batch.left_out.values())
    findings.expect(
        batch.points == len(track.body["points"]) == counted,
        Fault.LOSS,
        f"batch {track.id} of {len(track.body['points'])} points counts {counted}",
    )


def _is_excused(at_ms: int, phones: set[UUID], shift_id: UUID, ledger: Ledger, items: Items) -> bool:
    """Tell whether a point may have come while another phone's pause went on, whose end was still to be told."""
    return any(
        step.action == "pause" and to_ms(step.at) <= at_ms and phones != {step.shift_id}
        for step_id, step in ledger.steps.items()
        if step_id in items and items[step_id].body["shift"] == str(shift_id)
    )


def _is_over(at_ms: int, shift_id: UUID, truth: PatrolTruth) -> bool:
    """Tell whether it is known that a point was made off duty: of a pause that goes on that is not yet known."""
    events = truth.events.get(shift_id, [])
    return not (events and events[-1][0] == "pause" and at_ms >= to_ms(events[-1][1]))


def _measured_again(
    shift_id: UUID,
    truth: PatrolTruth,
    recorded: Mapping[int, list[Point]],
    reference: Reference,
    zone: ZoneInfo,
) -> Measured:
    """Measure a shift by what was recorded of the points that it has."""
    row = truth.shifts[shift_id]
    spans = _course(truth.events[shift_id]).spans(LONGEST_SHIFT)
    fixes: list[Fix] = []
    for at_ms, stored in truth.points.get(shift_id, {}).items():
        is_on_duty = any(start <= at_ms < stop for start, stop in spans)
        if is_on_duty and stored in recorded.get(at_ms, []):
            fixes.append(Fix(at_ms, *stored))
    around = PatrolMap(reference.patrol_grids, Regions([], is_tiling=False), reference.roads, Waysides([]))
    return measure(fixes, around, reference.policies, midnights_ms(row.started_on, zone, LONGEST_SHIFT))


def check_measures(
    findings: Findings,
    ledger: Ledger,
    truth: PatrolTruth,
    reference: Reference,
    zone: ZoneInfo,
    shown: Mapping[str, Mapping[str, Any]],
    covered: Mapping[str, Mapping[str, Any]],
) -> None:
    """Hold what the city says of shifts, visits, roads and coverage against what officers wrote down.

    `shown` are shifts by id and `covered` unit grids by code, as the interface tells them to a supervisor.
    """
    recorded: dict[int, list[Point]] = {}
    for points in ledger.points.values():
        for at_ms, point in points.items():
            recorded.setdefault(at_ms, []).append(point)
    visits: Counter[str] = Counter()
    walked_m: defaultdict[str, float] = defaultdict(float)
    for shift_id, row in truth.shifts.items():
        again = _measured_again(shift_id, truth, recorded, reference, zone)
        stays = sorted((one.key, to_instant(one.start_ms), to_instant(one.stop_ms)) for one in again.grids)
        kept = sorted((one.code, one.started_at, one.stopped_at) for one in truth.visits.get(shift_id, []))
        findings.expect(stays == kept, Fault.BROKEN, f"shift {shift_id} has visits {kept}, and made {stays}")
        roads = {walk.key: list(walk.entered) for walk in again.roads}
        gone = {walk.code: walk.entered for walk in truth.walks.get(shift_id, [])}
        findings.expect(roads == gone, Fault.BROKEN, f"shift {shift_id} has roads {gone}, and went {roads}")
        said = shown.get(str(shift_id))
        wanted = (round(again.walked_m, 1), again.tracked_ms / 1_000, dict(again.left_out), row.state)
        told = said and (
            said["walked_m"],
            said["tracked_s"],
            {one["flaw"]: one["count"] for one in said["left_out"]},
            said["state"],
        )
        findings.expect(told == wanted, Fault.BROKEN, f"shift {shift_id} is told as {told}, and was {wanted}")
        for stay in again.grids:
            walked_m[stay.key] += stay.walked_m
            visits[stay.key] += stay.dwell_ms / 1_000 >= reference.policies.coverage_dwell_s
    for code, said in covered.items():
        findings.expect(
            said["visits"] == visits[code] and abs(said["walked_m"] - walked_m[code]) < 0.1,
            Fault.BROKEN,
            f"grid {code}: {said['visits']} visits, {said['walked_m']} m; were {visits[code]}, {walked_m[code]}",
        )
    findings.expect(visits.keys() <= covered.keys(), Fault.BROKEN, "visits to grids that nobody tells of")


def check_check_ins(findings: Findings, ledger: Ledger, items: Items, truth: PatrolTruth) -> None:
    """Each right check-in is there once, as it was made; a wrong one is refused, and not there."""
    for check_in_id, made in ledger.check_ins.items():
        item, row = items.get(check_in_id), truth.check_ins.get(check_in_id)
        if not made.is_right:
            code = (item.problem or {}).get("code") if item else None
            is_refused = item is not None and item.state == "refused" and code == "code_elsewhere"
            findings.expect(
                is_refused and row is None, Fault.BROKEN, f"check-in {check_in_id} was taken: {code}"
            )
            continue
        is_told = item is not None and item.state == "stored"
        findings.expect(is_told, Fault.LOSS, f"check-in {check_in_id} was not taken")
        found = row and (truth.people[row.person_id], row.checkpoint, row.way.value, row.at, True)
        findings.expect(found == made, Fault.LOSS, f"check-in {check_in_id} is {found}, not {made}")
    unknown = truth.check_ins.keys() - ledger.check_ins.keys()
    findings.expect(not unknown, Fault.DOUBLE, f"check-ins that nobody made: {unknown}")
