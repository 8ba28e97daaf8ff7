"""What the documents say of the code is so: links, settings, error codes, operations, the words of the table."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic_core import PydanticUndefined

import api
from api import problems
from api.adapters.image_refusals import ImageRefused
from api.app import create_app
from api.domain.calendars import BeforeCalendarHorizon, PastCalendarHorizon
from api.domain.catalogue import CatalogueRefused
from api.domain.dispatch_changes import WrongRule
from api.domain.dispatch_conflicts import ConflictKind
from api.domain.errors import FieldWrong
from api.domain.geo import GeoError
from api.domain.lifecycle import Action
from api.models import metadata
from api.models.tickets import Triage
from api.settings import PREFIX, Settings
from tests.tours import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
GUIDE = (ROOT / "docs" / "api-guide.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")

HOUSE = Path(api.__file__).parent
IMPORTED_ONLY = frozenset({"domain/policies.py", "services/catalogue.py"})
"""Modules whose refusals meet whoever loads data from files, never a caller of the API."""


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings(demo=True, database_url="postgresql://nowhere"))


def names(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def prose(document: Path) -> str:
    """Return a document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """Return the fragments of a document's headings, as forges make them."""
    titles = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def tables(text: str, first_cell: str) -> Iterator[list[str]]:
    """Yield the rows of the tables whose first heading is this."""
    for table in re.findall(r"^(?:\|.*\n)+", text, re.MULTILINE):
        heading, _, *rows = [
            [cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()
        ]
        if heading[0] == first_cell:
            yield from rows


def coded(cell: str) -> list[str]:
    """Return what a cell has in code style."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_links_lead_somewhere(document: Path) -> None:
    dead: list[str] = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, fragment = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (fragment and fragment not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, pending = set[Path](), [ROOT / "README.md"]
    while pending:
        document = pending.pop()
        if document in reached or document.suffix != ".md":
            continue
        reached.add(document)
        targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", prose(document))
        pending += [(document.parent / target).resolve() for target in targets if "://" not in target]
    assert set(DOCUMENTS) <= reached


def test_the_settings_and_their_defaults_are_those_of_the_code() -> None:
    listed = {coded(name)[0]: "".join(coded(default)) for name, default, _ in tables(OPERATIONS, "variable")}
    read: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        default = field.default
        is_given = default is not PydanticUndefined and default is not None and default != ()
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        read[PREFIX + name.upper()] = shown if is_given else ""
    assert listed == read


def test_every_kind_of_refusal_is_listed_with_its_status() -> None:
    listed = {code: int(status) for cell, status, _ in tables_with_status(GUIDE) for code in coded(cell)}
    kinds: dict[str, int] = {
        kind.code: status
        for kind, status in problems.STATUS.items()
        if kind not in {FieldWrong, CatalogueRefused}  # the one has codes of its own, the other no operation
    }
    kinds |= {code: listed.get(code, 0) for code in codes_under(ImageRefused)}
    kinds |= {kind.code: 409 for kind in (PastCalendarHorizon, BeforeCalendarHorizon)}
    assert {code: listed.get(code) for code in kinds} == kinds
    beside = {
        "unreadable",
        "unsupported_grant_type",
        "method_not_allowed",
        "too_large",
        "invalid",
        "busy",
        "not_ready",
    }
    assert listed.keys() == kinds.keys() | beside


def tables_with_status(text: str) -> Iterator[list[str]]:
    """Yield the rows of the table of codes that has a column for the status."""
    return (row for row in tables(text, "code") if row[1].isdigit())


def codes_under(base: type[ImageRefused] | type[GeoError]) -> Iterator[str]:
    """Yield the codes of all classes under a base."""
    for kind in base.__subclasses__():
        yield kind.code
        yield from codes_under(kind)


def test_every_code_of_a_field_is_listed() -> None:
    listed = {code for cell, *rest in tables(GUIDE, "code") if not rest[0].isdigit() for code in coded(cell)}
    made = (
        {"campaign_unknown", "place_unknown", "scheme_in_use", "major_differs"}
        | set(codes_under(GeoError))
        | set(ConflictKind)
    )
    assert listed == set(field_codes()) | made


def field_codes() -> Iterator[str]:
    """Yield the codes that the house names where it refuses a field."""
    for file in sorted(HOUSE.rglob("*.py")):
        if file.relative_to(HOUSE).as_posix() in IMPORTED_ONLY:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {FieldWrong.__name__, WrongRule.__name__, "_refuse"}
            ):
                code = node.args[1]
                if isinstance(code, ast.Constant):
                    yield str(code.value)
                elif isinstance(code, ast.IfExp):
                    yield from (
                        str(one.value) for one in (code.body, code.orelse) if isinstance(one, ast.Constant)
                    )


def test_every_operation_is_in_the_guide_and_every_address_in_a_document_exists(app: FastAPI) -> None:
    offered = {
        alike(f"{method.upper()} {path}") for path, item in app.openapi()["paths"].items() for method in item
    }
    gone = {
        names(document): addresses
        for document in DOCUMENTS
        if (addresses := addresses_in(prose(document)) - offered)
    }
    assert gone == {}
    assert offered - addresses_in(GUIDE) == set()


def addresses_in(text: str) -> set[str]:
    """Return what a text names as method and address, the query left away."""
    return {
        alike(found)
        for found in re.findall(
            r"\b(?:GET|PUT|POST|DELETE|PATCH|HEAD|OPTIONS) /(?:v1|openrosa|livez|readyz)[^\s`?]*", text
        )
    }


def alike(address: str) -> str:
    """Return an address with its parameters unnamed."""
    return re.sub(r"\{\w+\}", "{}", address)


def test_the_steps_and_the_triage_in_the_guide_are_those_of_the_code() -> None:
    steps = {coded(action)[0] for action, *_ in tables(GUIDE, "action")}
    assert steps == set(Action) - {Action.REPORT, Action.SELF_FIX}  # those create a ticket
    assert {coded(triage)[0] for triage, _ in tables(GUIDE, "triage")} == set(Triage)


def test_the_tables_of_the_database_are_those_of_the_models() -> None:
    listed = {name for cell, _ in tables(ARCHITECTURE, "tables") for name in coded(cell)}
    assert listed - {"jobs"} == set(metadata.tables)


def test_files_that_documents_name_exist() -> None:
    named = re.compile(r"`((?:api|bin|docs|examples|migrations|tests)/[\w./-]+\.\w+)`")
    gone = [
        f"{names(document)}: {path}"
        for document in DOCUMENTS
        for path in named.findall(prose(document))
        if not (ROOT / path).exists() and "NNNN" not in path
    ]
    assert gone == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_python_in_documents_is_python(document: Path) -> None:
    for code in re.findall(r"^```python\n(.*?)^```$", document.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        ast.parse(code)
