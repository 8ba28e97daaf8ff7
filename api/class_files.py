"""Classes from and into files: wiring for the commands `import classes` and `export classes`."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from api import clock
from api.db import Database
from api.domain.catalogue_files import CatalogueFile
from api.domain.imports import Imported, ImportRefused
from api.queries.classes import load_catalogue
from api.services.class_files import read_class_file, write_class_file
from api.services.classes import CatalogueEditor, import_classes, preview_classes
from api.settings import Settings


@dataclass(frozen=True, slots=True)
class ClassSource:
    """A file of classes and how it is meant: a workbook when its name ends so, else CSV."""

    path: Path
    scheme: str | None = None
    encoding: str = "utf-8"
    is_complete: bool = False

    def read(self) -> CatalogueFile:
        """Read the file; raises OSError."""
        return read_class_file(
            self.path.read_bytes(),
            is_workbook=is_workbook(self.path),
            encoding=self.encoding,
            scheme=self.scheme,
        )


async def import_class_file(settings: Settings, source: ClassSource, *, is_dry_run: bool) -> Imported:
    """Store the classes of a file, or only say what that would change.

    A file with a fault changes nothing: what is returned has the findings. Raises OSError for a file that can't be
    read.
    """
    file = await asyncio.to_thread(source.read)
    database = Database(settings.required_database_url, pool_size=1)
    try:
        if not is_dry_run:
            editor = CatalogueEditor(None, clock.now(), source.path.name)
            try:
                async with database.write() as session:
                    return await import_classes(session, file, editor, is_complete=source.is_complete)
            except ImportRefused:
                pass  # the preview has the warnings beside the faults
        async with database.snapshot() as session:
            return await preview_classes(session, file, is_complete=source.is_complete)
    finally:
        await database.close()


async def export_class_file(settings: Settings, path: Path) -> int:
    """Write the classes in force so that importing them again changes nothing; return how many. Raises OSError."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.snapshot() as session:
            catalogue = await load_catalogue(session)
    finally:
        await database.close()
    written = await asyncio.to_thread(write_class_file, catalogue, is_workbook=is_workbook(path))
    await asyncio.to_thread(path.write_bytes, written)
    return len(catalogue.categories)


def is_workbook(path: Path) -> bool:
    """Tell by its name whether a file is a workbook."""
    return path.suffix.lower() == ".xlsx"
