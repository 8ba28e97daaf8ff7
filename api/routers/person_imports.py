"""People as a table that an office keeps."""

from fastapi import APIRouter, Request

from api.deps import BriefCaller, Now, Wired
from api.domain.person_files import COLUMNS, read_people
from api.schemas.imports import ImportShown, import_shown
from api.services.person_imports import import_people
from api.table_bodies import TABLE_SENT, DryRun, Encoding, read_table_body

router = APIRouter(prefix="/v1/people", tags=["people"])


@router.post(
    "/import",
    operation_id="person_import",
    responses={415: {}},
    openapi_extra=TABLE_SENT,
    summary="Take people from a table",
)
async def import_people_of_a_table(
    request: Request,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    dry_run: DryRun = False,  # noqa: FBT002  a query
    encoding: Encoding = "utf-8",
) -> ImportShown:
    """Store the people of a workbook (its first sheet) or CSV: all of them, or none and 422 `import_refused`.

    People are known by `username` (用户名); they change only in the columns that the table has, and those that it lacks
    stay. `grids` (网格) replace the duties that are not over: those on a grid that is named go on, others begin or end
    today. New accounts have no password yet. The last active administrator stays one. With `dry_run` nothing is
    stored, and all faults are told.
    """
    entries, findings = await read_table_body(request, encoding, COLUMNS, read_people)
    opened = wired.database.trial() if dry_run else wired.database.write()
    async with opened as session:
        imported = await import_people(
            session,
            caller.viewer,
            caller.reference,
            entries,
            findings,
            now,
            wired.settings.today(now),
            is_preview=dry_run,
        )
    return import_shown(imported)
