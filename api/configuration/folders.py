"""A folder of files as a whole: written from what is stored, compared with it, and applied."""

from collections.abc import Generator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

from anyio import to_thread

from api import clock
from api.adapters.private_files import write_private
from api.configuration import documents, maps, tables
from api.configuration.parts import Moment, Part, PartTold
from api.db import Database, WriteSession
from api.domain.imports import ImportChange, Imported, ImportRefused
from api.settings import Settings

_UNITS: Final = "units.csv"

PARTS: Final = (
    Part("calendars", "calendars.yaml", documents.export_calendars, documents.apply_calendars),
    Part("policies", "policies.yaml", documents.export_policies, documents.apply_policies),
    Part("units", _UNITS, tables.export_units, tables.apply_units),
    Part("classes", "classes.csv", tables.export_classes, tables.apply_classes),
    Part("grids", "grids.geojson", maps.export_grids, maps.apply_grids),
    Part("people", "people.csv", tables.export_people, tables.apply_people, is_asked_for=True),
    Part("areas", "areas.geojson", maps.export_areas, maps.apply_areas),
    Part("place types", "place_types.csv", tables.export_place_types, tables.apply_place_types),
    Part("places", "places.geojson", maps.export_places, maps.apply_places),
    Part("rules", "rules.yaml", documents.export_rules, documents.apply_rules),
)
"""All parts in the order in which they are applied: what is named comes before what names it."""


class FolderRefused(Exception):  # noqa: N818  a refusal, like those of the domain
    """A file of the folder has faults, and nothing of the folder was taken."""

    def __init__(self, path: Path, refused: ImportRefused) -> None:
        super().__init__(f"{path}: {refused.detail}")
        self.path = path
        self.findings = refused.findings


async def export_folder(settings: Settings, folder: Path, *, has_people: bool) -> list[Path]:
    """Write every part into a folder, which is made where it is not there; return the files.

    `has_people` asks for the part with personal data, too. Raises OSError.
    """
    moment = Moment(clock.now(), settings.zone)
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.snapshot() as session:
            contents = {
                part.file: await part.export(session, moment)
                for part in PARTS
                if has_people or not part.is_asked_for
            }
    finally:
        await database.close()
    return await to_thread.run_sync(_write, folder, contents)


async def apply_folder(settings: Settings, folder: Path, *, is_trial: bool) -> list[PartTold]:
    """Store what the files of a folder say; a trial tells what that would change and stores nothing.

    Parts without a file stay as they are. Applied again, a folder changes nothing. Raises OSError for a file that
    can't be read, FileNotFoundError for a folder with none, and FolderRefused for the first file with faults.
    """
    contents = {part.file: content for part in PARTS if (content := _content(folder / part.file)) is not None}
    if not contents:
        raise FileNotFoundError(f"{folder} has none of {', '.join(part.file for part in PARTS)}.")
    moment = Moment(clock.now(), settings.zone)
    database = Database(settings.required_database_url, pool_size=1)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        session = await stack.enter_async_context(database.trial() if is_trial else database.write())
        return await _applied(session, folder, contents, moment)


async def _applied(
    session: WriteSession, folder: Path, contents: Mapping[str, bytes], moment: Moment
) -> list[PartTold]:
    told: dict[str, PartTold] = {}
    for part in PARTS:
        if part.file in contents:
            with _named(folder / part.file):
                told[part.file] = PartTold(part, await part.store(session, contents[part.file], moment))
    if _UNITS in contents:
        # Last, when no rule and no grid names them any more.
        with _named(folder / _UNITS):
            closed = await tables.close_units(session, contents[_UNITS], moment)
        told[_UNITS] = _together(told[_UNITS], closed)
    return list(told.values())


@contextmanager
def _named(path: Path) -> Generator[None]:
    """Say which file is refused."""
    try:
        yield
    except ImportRefused as refused:
        raise FolderRefused(path, refused) from refused


def _together(opened: PartTold, closed: Imported) -> PartTold:
    """Return what both rounds over the units did; in the second only closing down is left to do."""
    changed = sorted({*opened.change.changed, *closed.change.changed} - {*opened.change.added})
    unchanged = closed.change.unchanged + len(closed.change.changed) - len(changed) - len(opened.change.added)
    change = ImportChange(opened.change.added, changed, (), unchanged)
    return PartTold(opened.part, Imported(change, closed.findings))


def _write(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    personal = {part.file for part in PARTS if part.is_asked_for}
    for name, content in contents.items():
        if name in personal:
            write_private(folder / name, content)
        else:
            (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
