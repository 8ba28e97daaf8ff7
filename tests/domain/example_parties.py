"""A ticket's facts in the plainest circumstances, people around it, and all that may be different."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from api.domain.access import Role, Viewer
from api.domain.cases import Triage
from api.domain.escalation import DEFAULT_LADDER
from api.domain.lifecycle import Action, State
from api.domain.parties import Party
from api.domain.policies import Policies
from api.domain.requests import RequestKind
from api.domain.tasks import TaskKind

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TICK = timedelta(microseconds=1)
AROUND_NOW = (NOW - TICK, NOW, NOW + TICK)
GRID = "990101001001001"
OWN, OTHER, THIRD = 1, 2, 3


def person(number: int, role: Role, *, unit_id: int | None = None, grids: tuple[str, ...] = ()) -> Viewer:
    return Viewer(UUID(int=number), UUID(int=number), f"p{number}", "", role, unit_id, grids)


REPORTER = person(1, Role.OFFICER, grids=(GRID[:12],))
COLLEAGUE = person(2, Role.OFFICER, grids=("990101002", GRID))
ELSEWHERE = person(3, Role.OFFICER, grids=("990101001002",))
WITHOUT_GRIDS = person(4, Role.OFFICER)
DISPATCHER = person(5, Role.DISPATCHER)
SUPERVISOR = person(6, Role.SUPERVISOR)
MEMBER = person(7, Role.UNIT_MEMBER, unit_id=OWN)
LEAD = person(8, Role.UNIT_LEAD, unit_id=OWN)
STRANGER = person(9, Role.UNIT_LEAD, unit_id=OTHER)
WITHOUT_UNIT = person(10, Role.UNIT_MEMBER)
ADMINISTRATOR = person(11, Role.ADMINISTRATOR)
PEOPLE = (
    REPORTER,
    COLLEAGUE,
    ELSEWHERE,
    WITHOUT_GRIDS,
    DISPATCHER,
    SUPERVISOR,
    MEMBER,
    LEAD,
    STRANGER,
    WITHOUT_UNIT,
    ADMINISTRATOR,
)
OF_UNITS = (MEMBER, LEAD, STRANGER, WITHOUT_UNIT)

PARTY = Party(
    state=State.IN_PROGRESS,
    unit_id=OWN,
    reporter_id=REPORTER.person_id,
    fixed_by_id=None,
    grid_code=GRID,
    triage=None,
    due_at=NOW + timedelta(days=1),
    rectified_at=None,
    checked_at=None,
    closed_at=None,
    return_until=NOW + timedelta(hours=1),
    returned_unit_ids=[],
    is_pinned=False,
    has_appealed=False,
    agreed_role=None,
    extension_count=0,
    escalation_level=0,
    pending_kinds=[],
    open_helper_ids=[],
)
"""A ticket with its unit, in the plainest circumstances."""


def is_own(viewer: Viewer, unit_id: int | None) -> bool:
    return viewer.unit_id is not None and viewer.unit_id == unit_id


units = st.none() | st.integers(OWN, THIRD)
moments = st.none() | st.sampled_from(AROUND_NOW)
parties = st.builds(
    Party,
    state=st.sampled_from(State),
    unit_id=units,
    reporter_id=st.sampled_from(PEOPLE).map(lambda one: one.person_id),
    fixed_by_id=st.none() | st.sampled_from(PEOPLE).map(lambda one: one.person_id),
    grid_code=st.sampled_from((None, GRID, "990101001002001")),
    triage=st.none() | st.sampled_from(Triage),
    due_at=moments,
    rectified_at=moments,
    checked_at=moments,
    closed_at=moments,
    return_until=moments,
    returned_unit_ids=st.lists(st.integers(OWN, THIRD), max_size=3),
    is_pinned=st.booleans(),
    has_appealed=st.booleans(),
    agreed_role=st.sampled_from((None, Role.DISPATCHER, Role.SUPERVISOR)),
    extension_count=st.integers(0, 3),
    escalation_level=st.integers(0, 5),
    pending_kinds=st.sets(st.sampled_from(RequestKind)).map(sorted),
    open_helper_ids=st.sets(st.integers(OWN, THIRD)).map(sorted),
    task_kind=st.none() | st.sampled_from(TaskKind),
    task_assignee_id=st.none() | st.sampled_from(PEOPLE).map(lambda one: one.person_id),
)
random_policies = st.builds(
    Policies,
    returns_per_unit_max=st.integers(0, 2),
    extensions_max=st.integers(0, 2),
    reopen_max_days=st.integers(0, 1),
    escalation_ladder=st.integers(0, 4).map(lambda length: DEFAULT_LADDER[:length]),
    close_after_check=st.booleans(),
    checker_may_be_reporter=st.booleans(),
    only_assignees_check=st.booleans(),
)

OPEN_TO_ALL = {
    Action.REPORT,
    Action.SELF_FIX,
    Action.ASK_VERIFICATION,
    Action.FILE,
    Action.REJECT,
    Action.MERGE,
    Action.ABSORB,
    Action.URGE,
    Action.SUPERVISE,
    Action.RECOMPUTE,
    Action.REASSIGN,
    Action.CORRECT,
    Action.REDISPATCH,
    Action.RECALL,
    Action.REASSIGN_HELP,
}
"""Open to everybody whom the table names."""
