"""Class catalogues from and into files: workbooks as offices keep them, and CSV."""

from api.adapters.spreadsheets import (
    SpreadsheetUnreadable,
    read_csv,
    read_workbook,
    write_csv,
    write_workbook,
)
from api.domain.catalogue import Catalogue
from api.domain.catalogue_files import CatalogueFile, read_catalogue_file
from api.domain.catalogue_tables import sheets_of, table_of


def read_class_file(
    content: bytes, *, is_workbook: bool, encoding: str = "utf-8", scheme: str | None = None
) -> CatalogueFile:
    """Read a workbook or CSV; what can't be read is among the findings. CPU-bound: run it in a thread.

    `scheme` is whose numbering the codes follow where the file does not say.
    """
    try:
        sheets = read_workbook(content) if is_workbook else (read_csv(content, encoding),)
    except SpreadsheetUnreadable as unreadable:
        return CatalogueFile(Catalogue({}, {}), unreadable.findings)
    return read_catalogue_file(sheets, scheme)


def write_class_file(catalogue: Catalogue, *, is_workbook: bool) -> bytes:
    """Write classes so that `read_class_file` gives them back: text alone, nothing that a spreadsheet would reckon."""
    return write_workbook(sheets_of(catalogue)) if is_workbook else write_csv(table_of(catalogue))
