"""Checkpoints and check-ins on the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from api.domain.checkpoint_codes import Way
from api.domain.checkpoints import CheckpointDraft
from api.domain.errors import FieldWrong
from api.domain.geo import Crs, to_wgs84
from api.domain.limits import Language
from api.language import name_in
from api.pages import PageQuery
from api.queries.posts import CheckInFacts, StoredCheckpoint
from api.schemas.base import (
    Code,
    Input,
    Instant,
    Latitude,
    Longitude,
    NearDay,
    OneLine,
    Output,
    PlaceCode,
    PrintableText,
)
from api.services.checkpoints import CheckInRequest, ToldWhere

SECONDS_A_DAY = 86_400

Name = Annotated[str, Field(min_length=1, max_length=100), OneLine]


class CheckpointInput(Input):
    """A whole checkpoint. One with `staff_min` is a post (岗点)."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new one has none, or 0."
    )
    name_zh: Name
    name_en: Name
    place: PlaceCode | None = Field(default=None, description="Code of the place (点位) that it stands for.")
    longitude: Longitude
    latitude: Latitude
    crs: Crs = Crs.WGS84
    radius_m: Annotated[float, Field(ge=1, le=1_000, allow_inf_nan=False)] = 50.0
    ways: Annotated[list[Way], Field(min_length=1, max_length=3)] = Field(
        description="How it may be confirmed: `geofence`, `qr`, `nfc`."
    )
    rotation_s: Annotated[int, Field(ge=15, le=SECONDS_A_DAY)] = Field(
        default=SECONDS_A_DAY,
        description="How long a QR code counts: 60 on a screen, 86 400 on a sheet printed each day. Divides a day.",
    )
    staff_min: Annotated[int, Field(ge=0, le=1_000)] = Field(
        default=0, description="How many a post wants at a time; 0: it is no post."
    )
    is_active: bool = True

    def draft(self, code: str) -> CheckpointDraft:
        """Return what is meant; FieldWrong for a rotation that does not divide a day."""
        if SECONDS_A_DAY % self.rotation_s:
            raise FieldWrong("/rotation_s", "rotation_wrong", "A day has to be a whole number of rotations.")
        place = to_wgs84(self.longitude, self.latitude, self.crs)
        return CheckpointDraft(
            code=code,
            name_zh=self.name_zh,
            name_en=self.name_en,
            place=self.place,
            longitude=place.longitude,
            latitude=place.latitude,
            radius_m=self.radius_m,
            ways=tuple(way for way in Way if way in self.ways),
            rotation_s=self.rotation_s,
            staff_min=self.staff_min,
            is_active=self.is_active,
        )


class CheckpointShown(Output):
    """A checkpoint; its codes are handed out elsewhere."""

    code: str
    name: str
    name_zh: str
    name_en: str
    place: str | None
    longitude: float
    latitude: float
    radius_m: float
    ways: list[Way]
    rotation_s: int
    staff_min: int
    is_active: bool
    version: int


class CheckpointPage(Output):
    """One page of checkpoints."""

    items: list[CheckpointShown]
    next: str | None


def checkpoint_shown(stored: StoredCheckpoint, language: Language) -> CheckpointShown:
    """Show a checkpoint without its secret."""
    draft = stored.draft
    name = name_in(language, draft.name_zh, draft.name_en)
    told: dict[str, Any] = {**draft.told(), "ways": list(draft.ways)}
    return CheckpointShown(**told, name=name, version=stored.version)


class CodeShown(Output):
    """What a checkpoint's screen or sheet shows as a QR code, or what is written onto its tag."""

    checkpoint: str
    way: Way
    code: str
    from_at: datetime | None = Field(description="From when it counts; null for a tag, which always does.")
    until_at: datetime | None
    svg: str | None = Field(description="The QR code as an SVG element.")


class WhereInput(Input):
    """Where somebody is, by her phone."""

    longitude: float
    latitude: float
    crs: Crs
    accuracy_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    mocked: bool = False


class CheckInInput(Input):
    """Somebody is at a checkpoint."""

    checkpoint: Code
    way: Way
    at: Instant = Field(description="When, by the phone's clock.")
    place: WhereInput | None = Field(default=None, description="Needed but for a tag.")
    code: Annotated[str, Field(min_length=1, max_length=200), PrintableText] | None = Field(
        default=None, description="`qr`, `nfc`: what was read."
    )
    tag: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{4,32}$")] | None = Field(
        default=None, description="`nfc`: the number that the tag's maker gave it."
    )
    answers: Annotated[
        dict[
            Annotated[str, Field(min_length=1, max_length=200), PrintableText],
            bool | Annotated[str, Field(max_length=500), PrintableText],
        ],
        Field(max_length=50),
    ] = Field(default={}, description="To the checklist of a plan.")

    def request(self, check_in_id: UUID) -> CheckInRequest:
        """Return the plain values that the service takes."""
        where = self.place
        return CheckInRequest(
            id=check_in_id,
            checkpoint=self.checkpoint,
            way=self.way,
            at=self.at,
            where=ToldWhere(where.longitude, where.latitude, where.crs, where.accuracy_m, where.mocked)
            if where
            else None,
            code=self.code,
            tag=self.tag,
            answers=self.answers,
        )


class CheckInShown(Output):
    """Somebody was at a checkpoint."""

    id: UUID
    person: str = Field(description="User name.")
    name: str
    checkpoint: str
    way: Way
    at: datetime
    received_at: datetime
    distance_m: float | None
    answers: dict[str, bool | str]


class CheckInPage(Output):
    """One page of check-ins."""

    items: list[CheckInShown]
    next: str | None


class CheckInQuery(PageQuery):
    """Which check-ins, the newest first."""

    model_config = ConfigDict(extra="forbid")

    on: NearDay | None = Field(default=None, description="A day in the city's zone.")
    checkpoint: Code | None = None


def check_in_shown(facts: CheckInFacts) -> CheckInShown:
    """Show a check-in."""
    return CheckInShown(
        id=facts.id,
        person=facts.username,
        name=facts.name,
        checkpoint=facts.checkpoint,
        way=facts.way,
        at=facts.at,
        received_at=facts.received_at,
        distance_m=None if facts.distance_m is None else round(facts.distance_m, 1),
        answers=facts.answers,
    )
