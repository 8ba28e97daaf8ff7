"""Areas and places.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

AREA_KINDS = "temporary", "ownership", "dispatch"
AGREEMENT_KINDS = "three", "four", "four_and_one", "site"
SHAPES = "'ST_Point', 'ST_MultiPoint', 'ST_LineString', 'ST_MultiLineString', 'ST_Polygon', 'ST_MultiPolygon'"
TABLES = (
    "areas",
    "area_people",
    "place_types",
    "places",
    "place_pairings",
    "frontage_agreements",
    "signer_readings",
)
REFERENCE_TABLES = "areas", "place_types", "places"

TRIGGER = """
CREATE TRIGGER {table}_raise_reference_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION raise_reference_version();
"""


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "areas",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("kind", _enum("kind", AREA_KINDS), nullable=False),
        *_names(),
        sa.Column("geometry", _geometry("MULTIPOLYGON"), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("leader", sa.String(length=100), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("minimum_staff", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from IS NULL OR valid_to >= valid_from",
            name=op.f("ck_areas_valid_range"),
        ),
        sa.CheckConstraint("minimum_staff >= 0", name=op.f("ck_areas_minimum_staff")),
        sa.CheckConstraint("version > 0", name=op.f("ck_areas_version")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_areas_unit_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_areas")),
    )
    op.create_index(op.f("ix_areas_unit_id"), "areas", ["unit_id"])
    op.create_table(
        "area_people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area_code", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.CheckConstraint("to_on IS NULL OR to_on >= from_on", name=op.f("ck_area_people_duty_range")),
        sa.ForeignKeyConstraint(["area_code"], ["areas.code"], name=op.f("fk_area_people_area_code")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_area_people_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_people")),
        sa.UniqueConstraint(
            "area_code", "person_id", "from_on", name=op.f("uq_area_people_area_code_person_id_from_on")
        ),
    )
    op.create_index(op.f("ix_area_people_person_id"), "area_people", ["person_id"])
    _create_places()
    op.add_column("tickets", sa.Column("place_code", sa.String(length=64), nullable=True))
    op.execute(
        "ALTER TABLE tickets ADD CONSTRAINT fk_tickets_place_code"
        " FOREIGN KEY (place_code) REFERENCES places (code) NOT VALID"
    )
    for table in REFERENCE_TABLES:
        op.execute(TRIGGER.format(table=table))


def _create_places() -> None:
    op.create_table(
        "place_types",
        sa.Column("code", sa.String(length=40), nullable=False),
        *_names(),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_place_types")),
    )
    op.create_table(
        "places",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        *_names(),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("geometry", _geometry("GEOMETRY"), nullable=False),
        sa.Column("reach_m", sa.Float(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"ST_GeometryType(geometry) IN ({SHAPES})", name=op.f("ck_places_geometry_kind")),
        sa.CheckConstraint("reach_m BETWEEN 0 AND 500", name=op.f("ck_places_reach_m")),
        sa.CheckConstraint("version > 0", name=op.f("ck_places_version")),
        sa.ForeignKeyConstraint(["type"], ["place_types.code"], name=op.f("fk_places_type")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_places_unit_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_places")),
    )
    op.create_geospatial_index("idx_places_geometry", "places", ["geometry"], postgresql_using="gist")
    op.create_index(op.f("ix_places_type"), "places", ["type"])
    op.create_index(op.f("ix_places_unit_id"), "places", ["unit_id"])
    op.create_table(
        "place_pairings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_code", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("leader", sa.String(length=100), nullable=False),
        sa.Column("contact", sa.String(length=100), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.CheckConstraint("to_on IS NULL OR to_on >= from_on", name=op.f("ck_place_pairings_days")),
        sa.CheckConstraint(
            "unit_id IS NOT NULL OR leader <> ''", name=op.f("ck_place_pairings_names_somebody")
        ),
        sa.ForeignKeyConstraint(["place_code"], ["places.code"], name=op.f("fk_place_pairings_place_code")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_place_pairings_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_pairings")),
    )
    op.create_index(op.f("ix_place_pairings_place_code"), "place_pairings", ["place_code"])
    op.create_index("ix_place_pairings_unit", "place_pairings", ["unit_id", "from_on", "place_code"])
    op.create_table(
        "frontage_agreements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_code", sa.String(length=64), nullable=False),
        sa.Column("kind", _enum("kind", AGREEMENT_KINDS), nullable=False),
        sa.Column("signer_name", sa.String(length=100), nullable=False),
        sa.Column("signer_phone", sa.String(length=40), nullable=True),
        sa.Column("signer_unit_id", sa.Integer(), nullable=True),
        sa.Column("categories", postgresql.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("duties", postgresql.ARRAY(sa.String(length=200)), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "until_on IS NULL OR until_on >= signed_on", name=op.f("ck_frontage_agreements_days")
        ),
        sa.ForeignKeyConstraint(
            ["place_code"], ["places.code"], name=op.f("fk_frontage_agreements_place_code")
        ),
        sa.ForeignKeyConstraint(
            ["signer_unit_id"], ["units.id"], name=op.f("fk_frontage_agreements_signer_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frontage_agreements")),
    )
    op.create_index(op.f("ix_frontage_agreements_place_code"), "frontage_agreements", ["place_code"])
    op.create_index(op.f("ix_frontage_agreements_signer_unit_id"), "frontage_agreements", ["signer_unit_id"])
    op.create_table(
        "signer_readings",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("place_code", sa.String(length=64), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["place_code"], ["places.code"], name=op.f("fk_signer_readings_place_code")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_signer_readings_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signer_readings")),
    )
    op.create_index(op.f("ix_signer_readings_place_code"), "signer_readings", ["place_code"])
    op.create_index(op.f("ix_signer_readings_by_id"), "signer_readings", ["by_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_column("tickets", "place_code")
    for table in reversed(TABLES):
        op.drop_table(table)


def _enum(name, values) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _geometry(kind) -> Geometry:
    return Geometry(
        geometry_type=kind, srid=4326, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT"
    )


def _names() -> tuple[sa.Column, sa.Column]:
    return (
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
    )
