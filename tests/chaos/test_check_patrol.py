"""The audit of patrols and tasks notices each kind of loss and of double, made on purpose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import shapely

from api.domain.checkpoint_codes import Way
from api.domain.coverage import Regions
from api.domain.patrol_policies import PatrolPolicies
from api.domain.shifts import ShiftState
from api.domain.tracks import to_instant, to_ms
from gridphone import OutboxItem
from tests.chaos.check_patrol import check_check_ins, check_measures, check_shifts, check_tracks
from tests.chaos.check_tasks import check_tasks
from tests.chaos.findings import Fault, Findings
from tests.chaos.ledger import CheckedIn, GivenUp, Ledger, Point, Started, Stepped
from tests.chaos.patrol_truth import AnswerRow, PatrolTruth, TaskRow

ZONE = ZoneInfo("Asia/Shanghai")
BEGAN = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=2)
CUT = NOW - timedelta(minutes=90)
OFFICER, OTHER = uuid4(), uuid4()
SHIFT, PAUSE, RESUME, STOP = uuid4(), uuid4(), uuid4(), uuid4()
FIRST, SECOND, AGAIN = uuid4(), uuid4(), uuid4()
RIGHT, WRONG = uuid4(), uuid4()
TICKET, CHECK, NEXT, STEP, REFUSAL = uuid4(), uuid4(), uuid4(), uuid4(), uuid4()

TIMES = [to_ms(BEGAN) + 10_000 * number for number in range(1, 13)]
"""Points each ten seconds: six before a pause of a minute, six after it."""

POINTS = {
    at_ms + (70_000 if number >= 6 else 0): Point(116.4 + 0.0002 * number, 39.9, 6.0, is_mock=False)
    for number, at_ms in enumerate(TIMES)
}
IN_PAUSE = TIMES[5] + 40_000


class Aftermath:
    """A shift with a pause and its track, two check-ins, and two tasks, all of it as it should be."""

    def __init__(self) -> None:
        early, late = dict(list(POINTS.items())[:6]), dict(list(POINTS.items())[6:])
        at = {"pause": BEGAN + timedelta(seconds=65), "resume": BEGAN + timedelta(seconds=125)}
        at["stop"] = NOW - timedelta(hours=1)
        self.ledger = Ledger(
            starts={SHIFT: Started("officer01", BEGAN)},
            steps={
                item_id: Stepped(SHIFT, action, at[action])
                for item_id, action in ((PAUSE, "pause"), (RESUME, "resume"), (STOP, "stop"))
            },
            points={SHIFT: dict(POINTS)},
            check_ins={
                RIGHT: CheckedIn("officer01", "gate", "qr", NOW, is_right=True),
                WRONG: CheckedIn("officer01", "gate", "qr", NOW, is_right=False),
            },
            given_up={REFUSAL: GivenUp("officer01", CHECK, "refuse", "mark-1", None)},
            answers={STEP: NEXT},
        )
        shift = {"shift": str(SHIFT)}
        self.items = {
            item.id: item
            for item in (
                _item(SHIFT, "shift", shift | {"action": "start"}),
                *(_item(one, "shift", shift, after=SHIFT) for one in (PAUSE, RESUME, STOP)),
                _track(FIRST, early),
                _track(SECOND, late),
                _track(AGAIN, dict(list(early.items())[2:4])),
                _item(RIGHT, "checkin", {}),
                replace(_item(WRONG, "checkin", {}), state="refused", problem={"code": "code_elsewhere"}),
                _item(STEP, "step", {}),
                _item(REFUSAL, "task", {}),
            )
        }
        self.shift = SimpleNamespace(
            id=SHIFT,
            person_id=OFFICER,
            started_at=BEGAN,
            started_on=BEGAN.astimezone(ZONE).date(),
            state=ShiftState.ENDED,
            ended_at=at["stop"],
        )
        self.check_in = SimpleNamespace(person_id=OFFICER, checkpoint="gate", way=Way.QR, at=NOW)
        self.visit = SimpleNamespace(
            code="grid", started_at=to_instant(min(POINTS)), stopped_at=to_instant(max(POINTS))
        )
        self.truth = PatrolTruth(
            people={OFFICER: "officer01", OTHER: "officer02"},
            shifts={SHIFT: self.shift},
            events={SHIFT: [("start", BEGAN), *at.items()]},
            points={SHIFT: dict(POINTS)},
            batches={
                FIRST: SimpleNamespace(points=6, stored=6, left_out={}),
                SECOND: SimpleNamespace(points=6, stored=6, left_out={}),
                AGAIN: SimpleNamespace(points=2, stored=0, left_out={"duplicate": 2}),
            },
            visits={SHIFT: [self.visit]},
            walks={},
            check_ins={RIGHT: self.check_in},
            tasks={
                CHECK: _task(CHECK, "refused", 1, "officer01", "officer01", reason="mark-1"),
                NEXT: _task(NEXT, "done", 2, "officer02", "officer02", answer="pass_check"),
            },
            answers=[AnswerRow(TICKET, "pass_check", "officer02", NOW, "mark-2")],
        )
        self.shown: dict[str, Any] = {
            "state": "ended",
            "walked_m": 188.1,
            "tracked_s": 180.0,
            "left_out": [],
        }
        self.covered: dict[str, Any] = {"visits": 1, "walked_m": 188.1}

    def faults(self) -> set[str]:
        """Return which kinds of faults the audit finds."""
        findings = Findings()
        check_shifts(findings, self.ledger, self.items, self.truth, NOW)
        check_tracks(findings, self.ledger, self.items, self.truth)
        check_check_ins(findings, self.ledger, self.items, self.truth)
        check_tasks(findings, self.ledger, self.items, self.truth)
        grid = shapely.box(116.3, 39.8, 116.5, 40.0)
        reference: Any = SimpleNamespace(
            patrol_grids=Regions([("grid", grid)], is_tiling=True), roads={}, policies=PatrolPolicies()
        )
        shown, covered = {str(SHIFT): self.shown}, {"grid": self.covered}
        check_measures(findings, self.ledger, self.truth, reference, ZONE, shown, covered)
        return {fault for fault, count in findings.counts.items() if count}

    def tasks(self, task_id: UUID, **changed: Any) -> None:  # noqa: ANN401  any column
        """Let a task be another one."""
        self.truth.tasks[task_id] = replace(self.truth.tasks[task_id], **changed)


def _item(item_id: UUID, kind: Any, body: dict[str, Any], after: UUID | None = None) -> OutboxItem:  # noqa: ANN401  a kind
    return OutboxItem(1, item_id, kind, None, after, body, NOW, "stored", None, NOW, 0, False, None)  # noqa: FBT003


def _track(item_id: UUID, points: dict[int, Point]) -> OutboxItem:
    told = [{"at": to_instant(at_ms).isoformat()} for at_ms in points]
    return _item(item_id, "track", {"shift": str(SHIFT), "points": told}, after=SHIFT)


def _task(
    task_id: UUID,
    state: str,
    attempt: int,
    assignee: str,
    ended_by: str,
    answer: str | None = None,
    reason: str = "",
) -> TaskRow:
    return TaskRow(
        id=task_id,
        duty_id=CHECK,
        ticket_id=TICKET,
        kind="check",
        state=state,
        assignee=assignee,
        attempt=attempt,
        ended_at=NOW,
        ended_by=ended_by,
        answer=answer,
        reason=reason,
    )


def test_where_all_is_well_nothing_is_found() -> None:
    assert Aftermath().faults() == set()


def _some_point(after: Aftermath) -> tuple[dict[int, Point], int]:
    return after.truth.points[SHIFT], TIMES[2]


def _point_lost(after: Aftermath) -> None:
    points, at_ms = _some_point(after)
    del points[at_ms]


def _point_doubled(after: Aftermath) -> None:
    points, at_ms = _some_point(after)
    points[at_ms + 1] = points[at_ms]


def _point_elsewhere(after: Aftermath) -> None:
    points, at_ms = _some_point(after)
    points[at_ms] = points[at_ms]._replace(longitude=116.0)


def _point_of_the_pause(after: Aftermath) -> None:
    point = Point(116.4, 39.9, 6.0, is_mock=False)
    after.ledger.points[SHIFT][IN_PAUSE] = after.truth.points[SHIFT][IN_PAUSE] = point
    after.items[AGAIN] = _track(AGAIN, {IN_PAUSE: point, TIMES[0]: POINTS[TIMES[0]]})


def _never_ended(after: Aftermath) -> None:
    del after.ledger.steps[STOP]
    after.truth.events[SHIFT].pop()
    after.shift.state, after.shift.ended_at = ShiftState.RUNNING, None
    _begun_yesterday(after)


def _begun_yesterday(after: Aftermath) -> None:
    at = BEGAN - timedelta(hours=15)
    after.ledger.starts[SHIFT] = Started("officer01", at)
    after.truth.events[SHIFT][0] = ("start", at)
    after.shift.started_at = at


def _next_one_began(after: Aftermath, at: datetime, cut_at: datetime) -> None:
    """Let the next shift have begun before the stop of this one, which was told only then, and end it at an instant."""
    later = uuid4()
    after.ledger.starts[later] = Started("officer01", at)
    after.items[later] = _item(later, "shift", {"shift": str(later), "action": "start"})
    after.truth.shifts[later] = SimpleNamespace(
        id=later,
        person_id=OFFICER,
        started_at=at,
        started_on=at.astimezone(ZONE).date(),
        state=ShiftState.RUNNING,
        ended_at=None,
    )
    after.truth.events[later] = [("start", at)]
    after.truth.events[SHIFT][3] = ("expire", cut_at)
    after.shift.ended_at = cut_at


def _answered_twice(after: Aftermath) -> None:
    task_id = uuid4()
    after.truth.tasks[task_id] = replace(after.truth.tasks[NEXT], id=task_id, duty_id=task_id, attempt=1)


def _refused_twice(after: Aftermath) -> None:
    task_id = uuid4()
    after.truth.tasks[task_id] = replace(after.truth.tasks[CHECK], id=task_id, attempt=2)
    after.tasks(NEXT, attempt=3)


def _not_taken(after: Aftermath) -> None:
    problem = {"code": "shift_running", "shift": str(uuid4())}
    after.items[SHIFT] = replace(after.items[SHIFT], state="refused", problem=problem)


def _refused_yet_done(after: Aftermath) -> None:
    told = replace(after.items[REFUSAL], state="refused", problem={"code": "step_refused"})
    after.items[REFUSAL] = told


def _two_open(after: Aftermath) -> None:
    for task_id in (uuid4(), uuid4()):
        row = replace(
            after.truth.tasks[NEXT], id=task_id, duty_id=task_id, attempt=1, state="open", answer=None
        )
        after.truth.tasks[task_id] = row


SPOILT: list[tuple[Callable[[Aftermath], object], Fault]] = [
    (_point_lost, Fault.LOSS),
    (_point_doubled, Fault.DOUBLE),
    (_point_elsewhere, Fault.LOSS),
    (_point_of_the_pause, Fault.LEFT_OVER),
    (lambda after: after.items.pop(SECOND), Fault.LOSS),
    (lambda after: after.ledger.points[SHIFT].pop(TIMES[0]), Fault.DOUBLE),
    (lambda after: after.truth.batches.pop(AGAIN), Fault.LOSS),
    (lambda after: setattr(after.truth.batches[AGAIN], "left_out", {}), Fault.LOSS),
    (lambda after: after.truth.batches.update({uuid4(): after.truth.batches[FIRST]}), Fault.DOUBLE),
    (lambda after: after.truth.shifts.clear(), Fault.LOSS),
    (lambda after: setattr(after.shift, "person_id", OTHER), Fault.LOSS),
    (lambda after: setattr(after.shift, "started_at", NOW), Fault.LOSS),
    (lambda after: after.ledger.starts.clear(), Fault.DOUBLE),
    (lambda after: after.truth.events[SHIFT].pop(), Fault.LOSS),
    (lambda after: after.truth.events[SHIFT].__setitem__(3, ("stop", NOW)), Fault.DOUBLE),
    (lambda after: setattr(after.shift, "ended_at", NOW), Fault.BROKEN),
    (lambda after: _next_one_began(after, CUT, CUT - timedelta(seconds=1)), Fault.BROKEN),
    (_never_ended, Fault.STUCK),
    (_not_taken, Fault.LOSS),
    (_not_taken, Fault.DOUBLE),
    (lambda after: after.truth.events[SHIFT].__setitem__(3, ("expire", NOW)), Fault.BROKEN),
    (lambda after: after.truth.check_ins.clear(), Fault.LOSS),
    (lambda after: setattr(after.check_in, "person_id", OTHER), Fault.LOSS),
    (lambda after: after.truth.check_ins.update({uuid4(): after.check_in}), Fault.DOUBLE),
    (lambda after: after.truth.check_ins.update({WRONG: after.check_in}), Fault.BROKEN),
    (lambda after: after.shown.update(walked_m=188.2), Fault.BROKEN),
    (lambda after: after.shown.update(tracked_s=160.0), Fault.BROKEN),
    (lambda after: after.covered.update(visits=2), Fault.BROKEN),
    (lambda after: after.covered.update(walked_m=160.0), Fault.BROKEN),
    (lambda after: after.truth.visits.clear(), Fault.BROKEN),
    (lambda after: after.tasks(NEXT, state="open", ended_at=None, answer=None), Fault.LOSS),
    (lambda after: after.truth.answers.clear(), Fault.BROKEN),
    (lambda after: after.truth.answers.append(after.truth.answers[0]), Fault.BROKEN),
    (_answered_twice, Fault.DOUBLE),
    (_refused_twice, Fault.DOUBLE),
    (_refused_yet_done, Fault.DOUBLE),
    (_two_open, Fault.DOUBLE),
    (lambda after: after.tasks(CHECK, state="done", reason="", answer="pass_check"), Fault.LOSS),
    (lambda after: after.ledger.given_up.clear(), Fault.DOUBLE),
    (lambda after: after.tasks(NEXT, attempt=4), Fault.BROKEN),
    (lambda after: after.tasks(CHECK, state="moot"), Fault.BROKEN),
]


@pytest.mark.parametrize(("spoil", "fault"), SPOILT)
def test_what_was_spoilt_is_found(spoil: Callable[[Aftermath], object], fault: Fault) -> None:
    after = Aftermath()
    spoil(after)
    assert fault in after.faults()


def test_a_shift_that_is_told_when_the_next_one_is_there_ends_where_that_began() -> None:
    after, findings = Aftermath(), Findings()
    _next_one_began(after, CUT, CUT)
    check_shifts(findings, after.ledger, after.items, after.truth, NOW)
    assert not any(findings.counts.values())
