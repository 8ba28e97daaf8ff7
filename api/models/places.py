"""Places (点位): their types, who is paired with them, who keeps the frontage, and who read signers' phones."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlmodel import Field

from api.domain.agreements import AgreementKind
from api.models.base import INSTANT, JSON, STRINGS, TEXTS, Table, enum_type


class PlaceType(Table, table=True):
    """A type of place, such as a market."""

    table_name: ClassVar[str] = "place_types"

    code: str = Field(primary_key=True, max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    is_active: bool = True


class Place(Table, table=True):
    """Something that people know by name: a point, a line such as a road, or an area."""

    table_name: ClassVar[str] = "places"
    __table_args__ = (
        CheckConstraint(
            "ST_GeometryType(geometry) IN ('ST_Point', 'ST_MultiPoint', 'ST_LineString', 'ST_MultiLineString',"
            " 'ST_Polygon', 'ST_MultiPolygon')",
            "geometry_kind",
        ),
        # The nearest are found by metres, so on geography.
        Index(
            "ix_places_nearest",
            text("(geometry::geography)"),
            postgresql_using="gist",
            postgresql_where=text("is_active"),
        ),
        CheckConstraint("reach_m BETWEEN 0 AND 500", "reach_m"),
        CheckConstraint("version > 0", "version"),
    )

    code: str = Field(primary_key=True, max_length=64)
    type: str = Field(max_length=40, foreign_key="place_types.code", index=True)
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    address: str = Field(max_length=200)
    geometry: Any = Field(sa_column=Column(Geometry("GEOMETRY", 4326, spatial_index=True), nullable=False))
    reach_m: float
    unit_id: int | None = Field(default=None, foreign_key="units.id", index=True)
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    is_active: bool
    version: int


class PlacePairing(Table, table=True):
    """Who is paired (包联) with a place and for which days, the first and the last included."""

    table_name: ClassVar[str] = "place_pairings"
    __table_args__ = (
        Index("ix_place_pairings_unit", "unit_id", "from_on", "place_code"),
        CheckConstraint("to_on IS NULL OR to_on >= from_on", "days"),
        CheckConstraint("unit_id IS NOT NULL OR leader <> ''", "names_somebody"),
    )

    id: int | None = Field(default=None, primary_key=True)
    place_code: str = Field(max_length=64, foreign_key="places.code", index=True)
    unit_id: int | None = Field(default=None, foreign_key="units.id")
    leader: str = Field(max_length=100)
    contact: str = Field(max_length=100)
    from_on: date
    to_on: date | None = None


class FrontageAgreement(Table, table=True):
    """Who signed for the frontage of a shop, or for the cleanliness of a site, until which day (included)."""

    table_name: ClassVar[str] = "frontage_agreements"
    __table_args__ = (CheckConstraint("until_on IS NULL OR until_on >= signed_on", "days"),)

    id: int | None = Field(default=None, primary_key=True)
    place_code: str = Field(max_length=64, foreign_key="places.code", index=True)
    kind: AgreementKind = Field(sa_type=enum_type(AgreementKind, "kind"))
    signer_name: str = Field(max_length=100)
    signer_phone: str | None = Field(default=None, max_length=40)
    signer_unit_id: int | None = Field(default=None, foreign_key="units.id", index=True)
    categories: list[str] = Field(default_factory=list, sa_type=STRINGS)
    duties: list[str] = Field(default_factory=list, sa_type=TEXTS)
    signed_on: date
    until_on: date | None = None


class SignerReading(Table, table=True):
    """Who read the phones of those who signed for a place, and when: they are personal data."""

    table_name: ClassVar[str] = "signer_readings"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    place_code: str = Field(max_length=64, foreign_key="places.code", index=True)
    by_id: UUID = Field(foreign_key="people.id", index=True)
    at: datetime = Field(sa_type=INSTANT)
