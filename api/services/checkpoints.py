"""Make checkpoints, hand out their codes, and take check-ins there."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.checkpoint_codes import CodeRules, Way, check_code
from api.domain.checkpoints import CheckpointDraft, check_place
from api.domain.device_clock import RIGHT, DeviceClock
from api.domain.errors import FieldWrong, IdTaken, NotFound
from api.domain.geo import Crs, to_wgs84
from api.domain.kept_changes import KeptChange, Noun
from api.domain.policies import Policies
from api.domain.reference import Reference
from api.domain.versions import check_version
from api.models import CheckIn, Checkpoint
from api.queries.posts import StoredCheckpoint, find_checkpoint
from api.services.kept_changes import keep_changes
from api.services.tickets import check_device_time

_SECRET_BYTES = 24


async def put_checkpoint(
    session: WriteSession,
    by_id: UUID,
    reference: Reference,
    draft: CheckpointDraft,
    seen_version: int | None,
    now: datetime,
) -> tuple[StoredCheckpoint, bool]:
    """Store a checkpoint, whole; return it and whether it is new. It keeps its secret, and so its tags.

    Raises FieldWrong for a place that does not exist, VersionNeeded, VersionConflict, and NotFound for a version of
    one that does not exist.
    """
    if draft.place is not None and draft.place not in reference.places.by_code:
        raise FieldWrong("/place", "place_unknown", "There is no such place.")
    stored = await find_checkpoint(session, draft.code, for_update=True)
    if stored is not None and stored.draft == draft:
        return stored, False
    check_version("checkpoint", stored.version if stored else None, seen_version, checkpoint=draft.code)
    version = stored.version + 1 if stored else 1
    secret = stored.secret if stored else secrets.token_hex(_SECRET_BYTES)
    row = {**draft.told(), "secret": secret, "version": version}
    statement = insert(Checkpoint).values(row)
    await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=row))
    before = stored.draft.told() if stored else None
    await keep_changes(session, [KeptChange(Noun.CHECKPOINT, draft.code, before, draft.told())], by_id, now)
    return StoredCheckpoint(draft, secret, version), stored is None


def code_rules(stored: StoredCheckpoint, policies: Policies) -> CodeRules:
    """Return what the codes of a checkpoint follow."""
    return CodeRules(
        stored.draft.code,
        stored.secret,
        timedelta(seconds=stored.draft.rotation_s),
        timedelta(seconds=policies.code_grace_s),
    )


@dataclass(frozen=True, slots=True)
class ToldWhere:
    """Where somebody says she is, in the phone's own coordinates."""

    longitude: float
    latitude: float
    crs: Crs
    accuracy_m: float | None
    is_mock: bool


@dataclass(frozen=True, slots=True)
class CheckInRequest:
    """A check-in as a phone sends it; the time is by its clock."""

    id: UUID
    checkpoint: str
    way: Way
    at: datetime
    where: ToldWhere | None
    code: str | None
    tag: str | None
    answers: Mapping[str, bool | str]

    def request_sha256(self) -> str:
        """Return a hash by which the same check-in is known again."""
        told = (self.checkpoint, self.way, self.at.timestamp(), self.where, self.code, self.tag)
        return hashlib.sha256(repr((told, sorted(self.answers.items()))).encode()).hexdigest()


async def check_in(
    session: WriteSession,
    viewer: Viewer,
    reference: Reference,
    request: CheckInRequest,
    zone: ZoneInfo,
    now: datetime,
    clock: DeviceClock = RIGHT,
) -> bool:
    """Keep that somebody was at a checkpoint; False when this very check-in was here before.

    The code has to be that of the checkpoint at the time of the check-in, and the place within its radius. Raises
    FieldWrong for what is not, NotFound for no such checkpoint in use, IdTaken.
    """
    sha256 = request.request_sha256()
    known = select(col(CheckIn.person_id), col(CheckIn.request_sha256)).where(col(CheckIn.id) == request.id)
    row = (await session.execute(known)).one_or_none()
    if row is not None:
        return _same((row.person_id, row.request_sha256), viewer, sha256, request.id)
    check_device_time(request.at, now, "/at", clock)
    at = clock.corrected(request.at, now)
    if now - at > timedelta(hours=reference.policies.checkin_late_hours):
        raise FieldWrong("/at", "time_too_early", "It is too late to tell of this check-in.")
    stored = await find_checkpoint(session, request.checkpoint)
    if stored is None or not stored.draft.is_active:
        raise NotFound("There is no such checkpoint in use.", checkpoint=request.checkpoint)
    distance_m = _confirmed(stored, reference.policies, request, at, zone)
    statement = (
        insert(CheckIn)
        .values(
            id=request.id,
            person_id=viewer.person_id,
            checkpoint=request.checkpoint,
            way=request.way,
            at=at,
            device_at=request.at,
            received_at=now,
            distance_m=distance_m,
            answers=dict(request.answers),
            request_sha256=sha256,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(CheckIn.id))
    )
    if (await session.execute(statement)).scalar_one_or_none() is not None:
        return True
    row = (await session.execute(known)).one()
    return _same((row.person_id, row.request_sha256), viewer, sha256, request.id)


def _same(known: tuple[UUID, str], viewer: Viewer, sha256: str, check_in_id: UUID) -> bool:
    if known != (viewer.person_id, sha256):
        raise IdTaken("This id was used before with another content.", check_in=check_in_id)
    return False


def _confirmed(
    stored: StoredCheckpoint, policies: Policies, request: CheckInRequest, at: datetime, zone: ZoneInfo
) -> float | None:
    """Return how far from the checkpoint somebody is whose code and place are right; raises FieldWrong."""
    if request.way not in stored.draft.ways:
        raise FieldWrong(
            "/way", "way_not_here", "This checkpoint is confirmed otherwise.", ways=stored.draft.ways
        )
    if request.way is not Way.GEOFENCE:
        if request.code is None:
            raise FieldWrong("/code", "missing", "Send the code that was read.")
        check_code(code_rules(stored, policies), request.way, request.code, request.tag, at, zone)
    where = request.where
    place = to_wgs84(where.longitude, where.latitude, where.crs) if where else None
    return check_place(
        stored.draft,
        request.way,
        place,
        where.accuracy_m if where else None,
        is_mock=where.is_mock if where else False,
    )
