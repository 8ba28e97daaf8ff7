"""What docs/grid-files.md says of files of grids is so: names of properties, codes of findings, limits."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import api
from api.adapters.map_files import FEATURES_MAX, FILE_BYTES_MAX, VERTICES_MAX
from api.adapters.map_limits import INFLATED_BYTES_MAX
from api.domain.grid_checks import FaultKind
from api.domain.grid_fields import NAME_MAX, GridFields
from tests.tours import ROOT

PAGE = (ROOT / "docs" / "grid-files.md").read_text("utf-8")
HOUSE = Path(api.__file__).parent
READERS = (
    "adapters/gdal_maps.py",
    "adapters/geojson_maps.py",
    "adapters/map_files.py",
    "adapters/map_limits.py",
    "adapters/map_texts.py",
    "adapters/shapefiles.py",
    "domain/grid_changes.py",
    "domain/grid_checks.py",
    "domain/grid_drafts.py",
    "domain/grid_fields.py",
    "domain/grid_warnings.py",
    "domain/map_places.py",
    "services/grids.py",
)
TELLING = {"Finding", "unreadable", "_finding", "_warning", "tell"}
"""Functions whose first argument is the code of a finding."""
CHOSEN = re.compile(r"(shape|area)_[a-z_]+")
"""Codes that are chosen in one place and told in another."""


def codes_told() -> Iterator[str]:
    """Yield the codes of findings that the readers and rules of maps of grids name."""
    for reader in READERS:
        for node in ast.walk(ast.parse((HOUSE / reader).read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if called in TELLING and isinstance(node.args[0].value, str):
                    yield node.args[0].value
            elif isinstance(node, ast.Constant) and CHOSEN.fullmatch(str(node.value)):
                yield str(node.value)


def test_every_code_of_a_finding_is_on_the_page() -> None:
    rows = re.findall(r"^\| (`.*?) \| (?:fault|warning) \|", PAGE, re.MULTILINE)
    listed = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert listed == set(codes_told()) | {f"grid_{kind}" for kind in FaultKind}


def test_every_name_of_a_property_is_on_the_page() -> None:
    page = PAGE.lower()
    missing = [
        name for field in fields(GridFields) for name in getattr(GridFields(), field.name) if name not in page
    ]
    assert missing == []
    assert f"up to {NAME_MAX} characters" in page


def test_the_limits_are_on_the_page() -> None:
    words = " ".join(PAGE.split())
    assert f"At most {FILE_BYTES_MAX // 2**20} MiB, {INFLATED_BYTES_MAX // 2**20} MiB unpacked" in words
    assert f"{FEATURES_MAX:,} features and {VERTICES_MAX:,} vertices".replace(",", " ") in words
