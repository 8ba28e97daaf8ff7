"""Units as a table that an office keeps."""

from fastapi import APIRouter, Request

from api.deps import BriefCaller, Now, Wired
from api.domain.unit_files import COLUMNS, read_units
from api.schemas.imports import ImportShown, import_shown
from api.services.unit_imports import import_units
from api.table_bodies import TABLE_SENT, DryRun, Encoding, read_table_body

router = APIRouter(prefix="/v1/units", tags=["units"])


@router.post(
    "/import",
    operation_id="unit_import",
    responses={415: {}},
    openapi_extra=TABLE_SENT,
    summary="Take units from a table",
)
async def import_units_of_a_table(
    request: Request,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    dry_run: DryRun = False,  # noqa: FBT002  a query
    encoding: Encoding = "utf-8",
) -> ImportShown:
    """Store the units of a workbook (its first sheet) or CSV: all of them, or none and 422 `import_refused`.

    Units are known by `code` (编码); they change only in the columns that the table has, and those that it lacks stay.
    A parent may stand further down. A unit that is closed down needs `hand_over_to` (移交单位) while it has open
    tickets, as with PUT. With `dry_run` nothing is stored, and all faults are told.
    """
    entries, findings = await read_table_body(request, encoding, COLUMNS, read_units)
    opened = wired.database.trial() if dry_run else wired.database.write()
    async with opened as session:
        imported = await import_units(
            session, caller.viewer, caller.reference, entries, findings, now, is_preview=dry_run
        )
    return import_shown(imported)
