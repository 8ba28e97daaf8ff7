"""Who may do what, and who sees what: one policy for every way in.

`OPERATIONS` says which roles may call each operation of the API; `ticket_scope` says which tickets a
viewer sees. Lists, counts, maps, exports, media and the single-object check all use the same scope
(`api.queries.access` turns it into SQL).
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person is in the office's terms (see domain terms in `ROLE_NAMES`)."""

    OFFICER = "officer"
    DISPATCHER = "dispatcher"
    UNIT_MEMBER = "unit_member"
    UNIT_LEAD = "unit_lead"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


ROLE_NAMES: dict[Role, tuple[str, str]] = {
    Role.OFFICER: ("网格员", "grid officer"),
    Role.DISPATCHER: ("派遣员", "dispatcher"),
    Role.UNIT_MEMBER: ("责任单位经办人", "unit member"),
    Role.UNIT_LEAD: ("责任单位负责人", "unit lead"),
    Role.SUPERVISOR: ("督查员", "supervisor"),
    Role.ADMINISTRATOR: ("系统管理员", "administrator"),
}
"""Names for people: (zh, en)."""

UNIT_ROLES = frozenset({Role.UNIT_MEMBER, Role.UNIT_LEAD})


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in person, as far as rules need to know.

    `helps`: the unit was called for help on some ticket, ever; `follows`: some report of this person was
    merged into another ticket. Both only spare those that neither helped nor followed the search. `paired_places`:
    the codes of the places that the unit is paired with (包联) today.
    `unit_ids_below`: for a lead, the units right below the own one.
    """

    person_id: UUID
    session_id: UUID
    username: str
    name: str
    role: Role
    unit_id: int | None
    grid_codes: tuple[str, ...]
    helps: bool = False
    follows: bool = False
    unit_ids_below: tuple[int, ...] = ()
    paired_places: tuple[str, ...] = ()


EVERYBODY = frozenset(Role)
_DESK = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.ADMINISTRATOR})
_FIELD = frozenset({Role.OFFICER})
_ON_PATROL = frozenset({Role.OFFICER, Role.SUPERVISOR})
"""Those who have shifts and tracks. Whose they may see is for `api.queries.patrol_access`."""

OPERATIONS: dict[str, frozenset[Role]] = {
    "me_get": EVERYBODY,
    "report_file": frozenset({Role.OFFICER, Role.DISPATCHER, Role.SUPERVISOR}),
    "ticket_list": EVERYBODY,
    "ticket_get": EVERYBODY,
    "ticket_get_by_number": EVERYBODY,
    "ticket_history": EVERYBODY,
    "ticket_count": EVERYBODY,
    "ticket_step": EVERYBODY - {Role.ADMINISTRATOR},
    "sync_store": EVERYBODY - {Role.ADMINISTRATOR},
    "sync_list": EVERYBODY - {Role.ADMINISTRATOR},
    "queue_list": EVERYBODY,
    "task_list": EVERYBODY - UNIT_ROLES,
    "task_get": EVERYBODY - UNIT_ROLES,
    "task_refuse": frozenset({Role.OFFICER}),
    "task_reassign": frozenset({Role.OFFICER, Role.DISPATCHER, Role.SUPERVISOR}),
    "nearby_get": EVERYBODY,
    "overdue_list": EVERYBODY,
    "overdue_summary": EVERYBODY,
    "lifecycle_get": EVERYBODY,
    "photo_store": EVERYBODY - {Role.ADMINISTRATOR},
    "photo_get": EVERYBODY,
    "upload_create": EVERYBODY - {Role.ADMINISTRATOR},
    "upload_get": EVERYBODY - {Role.ADMINISTRATOR},
    "upload_append": EVERYBODY - {Role.ADMINISTRATOR},
    "upload_delete": EVERYBODY - {Role.ADMINISTRATOR},
    "catalog_get": EVERYBODY,
    "catalog_versions": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "catalog_import": frozenset({Role.ADMINISTRATOR}),
    "category_get": EVERYBODY,
    "category_put": frozenset({Role.ADMINISTRATOR}),
    "grid_list": EVERYBODY,
    "grid_get": EVERYBODY,
    "grid_locate": EVERYBODY,
    "grid_versions": EVERYBODY,
    "grid_import": frozenset({Role.ADMINISTRATOR}),
    "area_list": EVERYBODY,
    "area_get": EVERYBODY,
    "area_put": frozenset({Role.ADMINISTRATOR}),
    "area_import": frozenset({Role.ADMINISTRATOR}),
    "type_list": EVERYBODY,
    "place_list": EVERYBODY,
    "place_get": EVERYBODY,
    "place_put": frozenset({Role.ADMINISTRATOR}),
    "place_import": frozenset({Role.ADMINISTRATOR}),
    "signer_list": _DESK,
    "deadline_explain": EVERYBODY,
    "dispatch_explain": _DESK,
    "rule_list": _DESK,
    "rule_get": _DESK,
    "rule_put": frozenset({Role.ADMINISTRATOR}),
    "rule_export": _DESK,
    "rule_import": frozenset({Role.ADMINISTRATOR}),
    "rule_replay": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "triage_resend": frozenset({Role.DISPATCHER, Role.ADMINISTRATOR}),
    "signal_list": frozenset({Role.SUPERVISOR}),
    "signal_get": frozenset({Role.SUPERVISOR}),
    "signal_count": frozenset({Role.SUPERVISOR}),
    "signal_confirm": frozenset({Role.SUPERVISOR}),
    "signal_clear": frozenset({Role.SUPERVISOR}),
    "notice_list": EVERYBODY,
    "change_list": EVERYBODY,
    "event_stream": EVERYBODY,
    "calendar_list": EVERYBODY,
    "calendar_get": EVERYBODY,
    "calendar_put": frozenset({Role.ADMINISTRATOR}),
    "calendar_versions": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "reference_history": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "policy_list": EVERYBODY,
    "policy_put": frozenset({Role.ADMINISTRATOR}),
    "unit_list": EVERYBODY,
    "unit_get": EVERYBODY,
    "unit_put": frozenset({Role.ADMINISTRATOR}),
    "unit_import": frozenset({Role.ADMINISTRATOR}),
    "person_list": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "person_get": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "person_put": frozenset({Role.ADMINISTRATOR}),
    "person_import": frozenset({Role.ADMINISTRATOR}),
    "password_put": frozenset({Role.ADMINISTRATOR}),
    "password_change": EVERYBODY,
    "device_list": EVERYBODY,
    "device_revoke": EVERYBODY,
    "device_list_of_person": frozenset({Role.ADMINISTRATOR}),
    "device_revoke_of_person": frozenset({Role.ADMINISTRATOR}),
    "collect_put": _FIELD,
    "form_list": _FIELD,
    "form_get": _FIELD,
    "manifest_get": _FIELD,
    "media_get": _FIELD,
    "submission_describe": _FIELD,
    "submission_create": _FIELD,
    "shift_put": _ON_PATROL,
    "shift_step": _ON_PATROL,
    "shift_list": _ON_PATROL,
    "shift_get": _ON_PATROL,
    "track_store": _ON_PATROL,
    "track_get": _ON_PATROL,
    "reading_list": _ON_PATROL,
    "position_list": frozenset({Role.SUPERVISOR}),
    "checkpoint_list": EVERYBODY,
    "checkpoint_get": EVERYBODY,
    "checkpoint_put": frozenset({Role.ADMINISTRATOR}),
    "code_issue": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "checkin_store": EVERYBODY - {Role.ADMINISTRATOR},
    "checkin_list": EVERYBODY - {Role.ADMINISTRATOR},
    "roster_list": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "roster_get": frozenset({Role.OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "roster_put": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "plan_list": _DESK | {Role.OFFICER},
    "plan_get": _DESK | {Role.OFFICER},
    "plan_put": frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    "round_list": _DESK | {Role.OFFICER},
    "round_summary": _DESK | {Role.OFFICER},
    "figure_list": frozenset({Role.SUPERVISOR}),
    "figure_rows": frozenset({Role.SUPERVISOR}),
    "coverage_list": _DESK | {Role.OFFICER},
    "coverage_summary": _DESK | {Role.OFFICER},
    "road_list": _DESK | {Role.OFFICER},
}
"""Roles that may call each operation that needs a signed-in person, by operation id."""

PUBLIC_OPERATIONS = frozenset(
    {"token_issue", "token_revoke", "health_live", "health_ready", "client_get", "upload_describe"}
    | {"responsible_locate", "responsible_get", "sheet_get"}
)
"""Operations that anyone may call."""


@dataclass(frozen=True, slots=True)
class TicketScope:
    """Which tickets a viewer sees: all of them, or those that match any of the named marks."""

    everything: bool = False
    unit_id: int | None = None
    helping_unit_id: int | None = None
    paired_places: tuple[str, ...] = ()
    escalated_unit_ids: tuple[int, ...] = ()
    reporter_id: UUID | None = None
    following_id: UUID | None = None
    tasked_id: UUID | None = None
    grid_prefixes: tuple[str, ...] = ()


def ticket_scope(viewer: Viewer) -> TicketScope:
    """Say which tickets this viewer sees.

    The desk (dispatcher, supervisor, administrator) sees all; a unit the tickets it is responsible for, those it was
    called to help with and, only to read them, those at places that it is paired with today; its lead also what was
    escalated from the units right below, because the unit above has to answer for it; an officer those in the own
    grids, those reported by herself, those that her reports were merged into, and those that she has a task on or did
    the last task on. A unit role without a unit sees
    nothing.
    """
    if viewer.role in _DESK:
        return TicketScope(everything=True)
    if viewer.role in UNIT_ROLES:
        return TicketScope(
            unit_id=viewer.unit_id,
            helping_unit_id=viewer.unit_id if viewer.helps else None,
            paired_places=viewer.paired_places,
            escalated_unit_ids=viewer.unit_ids_below,
        )
    return TicketScope(
        reporter_id=viewer.person_id,
        following_id=viewer.person_id if viewer.follows else None,
        tasked_id=viewer.person_id,
        grid_prefixes=viewer.grid_codes,
    )


def sees_name_of(viewer: Viewer, role: Role) -> bool:
    """Tell whether the viewer may read the name of a person of this role.

    A unit sees "officer", never which officer: whoever finds and checks must not be leaned on (监管分离).
    """
    return not (viewer.role in UNIT_ROLES and role is Role.OFFICER)


def sees_tasks(viewer: Viewer) -> bool:
    """Tell whether the viewer may know that somebody is asked to verify or check, and who.

    A unit may not: whoever is known to come can be waited for, and leaned on.
    """
    return viewer.role not in UNIT_ROLES


def sees_originals(viewer: Viewer) -> bool:
    """Tell whether the viewer may fetch the unchanged original of a photo (which carries EXIF)."""
    return viewer.role in _DESK
