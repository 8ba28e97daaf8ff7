"""What import contracts can't say about the house: who commits, who reads the clock, what must be decided."""

import ast
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
from api import contract, problems
from api.app import create_app
from api.domain.access import OPERATIONS, PUBLIC_OPERATIONS, Role
from api.domain.errors import Refusal
from api.settings import Settings

HOUSE = Path(api.__file__).parent
FILES = sorted(HOUSE.rglob("*.py"))
LONGEST_FILE = 330

HTTP_FILES = frozenset(
    {
        "app.py",
        "compression.py",
        "contract.py",
        "deps.py",
        "etags.py",
        "event_streams.py",
        "language.py",
        "feature_bodies.py",
        "table_bodies.py",
        "media_types.py",
        "openrosa.py",
        "problem_answers.py",
        "tus.py",
    }
)
"""Modules beside the routers that may know FastAPI."""

PURE_LIBRARIES = frozenset({"jsonschema", "numpy", "shapely"})
"""Geometry, the arrays that shapely takes and gives, and answers to questions: values in, values out."""

NOT_PURE = frozenset(
    {
        "asyncio",
        "logging",
        "os",
        "pathlib",
        "random",
        "secrets",
        "shutil",
        "socket",
        "subprocess",
        "tempfile",
        "time",
    }
)
"""Parts of the standard library that do something to the world, or ask it something."""


def name_of(file: Path) -> str:
    """Return a file's path inside `api/`."""
    return file.relative_to(HOUSE).as_posix()


def calls(file: Path) -> Iterator[ast.Attribute]:
    """Yield what is called as `something.name(...)` in a file."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func


def imported(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports, by their full names."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def callers_of(*names: str) -> set[str]:
    """Return the files in which one of these methods is called."""
    return {name_of(file) for file in FILES if any(called.attr in names for called in calls(file))}


def all_modules() -> list[str]:
    """Import the whole house, so that every class in it is known; return the modules' names."""
    found = [module.name for module in pkgutil.walk_packages(api.__path__, "api.")]
    for name in found:
        importlib.import_module(name)
    return found


def kinds_of(base: type[Refusal]) -> Iterator[type[Refusal]]:
    """Yield all classes under a base."""
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def test_only_the_database_module_commits() -> None:
    assert callers_of("commit", "begin_nested") == {"db.py"}


def test_only_the_clock_module_reads_the_clock() -> None:
    clocks = {
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("datetime", "today"),
        ("date", "today"),
        ("time", "time"),
    }
    readers = {
        name_of(file)
        for file in FILES
        for called in calls(file)
        if isinstance(called.value, ast.Name) and (called.value.id, called.attr) in clocks
    }
    assert readers == {"clock.py"}


def test_no_statement_asks_the_database_for_the_time() -> None:
    assert not callers_of("current_timestamp", "localtimestamp", "clock_timestamp", "transaction_timestamp")
    asking = {name_of(file) for file in FILES if "func.now(" in file.read_text("utf-8")}
    assert not asking


def test_http_errors_are_raised_nowhere_but_where_problems_become_answers() -> None:
    users = {
        name_of(file)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] in {"fastapi", "starlette"}
        and any(alias.name == "HTTPException" for alias in node.names)
    }
    assert users == {"problem_answers.py"}


def test_only_the_outer_rooms_know_fastapi() -> None:
    users = {
        name_of(file)
        for file in FILES
        if any(module.split(".")[0] in {"fastapi", "starlette"} for module in imported(file))
    }
    assert {file for file in users if not file.startswith("routers/")} == HTTP_FILES


def test_the_rules_use_the_standard_library_and_nothing_that_touches_the_world() -> None:
    found: list[str] = []
    for file in FILES:
        if not name_of(file).startswith("domain/"):
            continue
        for module in imported(file):
            top = module.split(".")[0]
            pure = top in sys.stdlib_module_names and top not in NOT_PURE
            if not pure and top != "api" and top not in PURE_LIBRARIES:
                found.append(f"{name_of(file)} imports {module}")
    assert not found


def test_no_file_has_outgrown_its_noun() -> None:
    lengths = {name_of(file): len(file.read_text("utf-8").splitlines()) for file in FILES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "crud", "base_service", "misc"])
def test_no_file_is_named_after_nothing(name: str) -> None:
    assert not [file for file in FILES if file.stem == name]


def test_every_kind_of_refusal_has_its_status() -> None:
    all_modules()
    ours = {kind for kind in kinds_of(Refusal) if kind.__module__.startswith("api.")}
    assert ours == problems.STATUS.keys()


def test_every_kind_of_refusal_has_a_code_of_its_own_and_a_sentence_for_a_title() -> None:
    codes = [kind.code for kind in problems.STATUS]
    assert len(codes) == len(set(codes))
    for kind in problems.STATUS:
        assert kind.code == kind.code.lower().replace(" ", "_")
        title = (kind.__doc__ or "").splitlines()[0]
        assert title.endswith("."), f"{kind.__name__}: {title!r} is no sentence"


def test_every_operation_has_a_decision_and_every_decision_an_operation() -> None:
    app = create_app(Settings(demo=True, database_url="postgresql://nowhere"))
    assert contract.operations(app).keys() == OPERATIONS.keys() | PUBLIC_OPERATIONS
    assert not OPERATIONS.keys() & PUBLIC_OPERATIONS
    for operation, roles in OPERATIONS.items():
        assert roles, f"nobody may call {operation}"
        assert roles <= set(Role)


def test_migrations_import_nothing_of_the_application() -> None:
    versions = HOUSE.parent / "migrations" / "versions"
    for file in versions.glob("*.py"):
        assert not [module for module in imported(file) if module.split(".")[0] == "api"], file.name
