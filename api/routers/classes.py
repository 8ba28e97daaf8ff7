"""Classes as an office maintains them: everybody reads one whole, administrators change it, by hand or by file."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.adapters.spreadsheets import XLSX
from api.deps import BriefCaller, Caller, Now, Reading, Wired, Writing
from api.domain.catalogue_files import CatalogueFile
from api.domain.errors import NotFound, NotJson
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.pages import PageQuery
from api.queries.classes import find_class, find_versions
from api.schemas.classes import (
    CatalogueVersionPage,
    ClassCode,
    ClassImportQuery,
    ClassInput,
    ClassPut,
    ClassWhole,
    class_put,
    class_whole,
    version_shown,
)
from api.schemas.imports import ImportShown, import_shown
from api.services.class_files import read_class_file
from api.services.classes import CatalogueEditor, import_classes, preview_classes, put_class
from api.table_bodies import CSV, TABLE_SENT

router = APIRouter(prefix="/v1/catalog", tags=["catalogue"])

Code = Annotated[ClassCode, Path(description="Code of the class.")]


@router.get(
    "/classes/{code}",
    operation_id="category_get",
    response_model=ClassWhole,
    responses=UNCHANGED,
    summary="One class, whole",
)
async def get_class(
    code: Code, _: Caller, session: Reading, language: Language, fresh: Fresh
) -> ClassWhole | Response:
    """Get a class in both languages, with the conditions that were retired. The ETag names its version.

    Of several with the same code the one in force is meant, else the one that was made last.
    """
    found = await find_class(session, code)
    if found is None:
        raise NotFound("The catalogue has no such class.", category=code)
    shown = class_whole(found.state, found.version, language)
    return fresh.unchanged_tag(versioned_etag(found.version, shown)) or shown


@router.put(
    "/classes/{code}",
    operation_id="category_put",
    responses={201: {"model": ClassPut}, 409: {}, 415: {}, 428: {}},
    summary="Change a class, make one, or retire one",
)
async def store_class(
    code: Code,
    body: ClassInput,
    caller: Caller,
    session: Writing,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the class as you saw it.")
    ] = None,
) -> ClassPut:
    """Store a class, whole. Name the version that you saw (`version` or If-Match); 409 when somebody was faster.

    Nothing is removed: a class or condition that is retired (`is_active: false`, or a condition left out) can't be
    reported any more, and stays with the tickets that have it. Open tickets keep their due time when a limit changes,
    until `gridpatrol recompute` runs; `warnings` tell how many, and which dispatch rules are for nothing now.
    """
    seen = seen_version(body.version, if_match)
    done = await put_class(session, body.state(code), seen, CatalogueEditor(caller.viewer.person_id, now))
    shown = class_whole(done.state, done.version, language)
    response.headers["ETag"] = versioned_etag(done.version, shown)
    if done.is_new:
        response.status_code = 201
    return class_put(shown, done.warnings)


@router.get(
    "/versions",
    operation_id="catalog_versions",
    response_model=CatalogueVersionPage,
    responses=UNCHANGED,
    summary="What was done to the catalogue",
)
async def list_versions(
    query: Annotated[PageQuery, Query()], _: Caller, session: Reading, fresh: Fresh
) -> Response:
    """List the versions of the catalogue, the newest first: each import and each edit that changed something.

    What each class and condition was before is in `/v1/reference/changes`, at the same moment.
    """
    page = await find_versions(session, limit=query.limit, cursor=query.cursor)
    return fresh.answer(
        CatalogueVersionPage(items=[version_shown(facts) for facts in page.items], next=page.next)
    )


@router.post(
    "/import",
    operation_id="catalog_import",
    responses={415: {}},
    openapi_extra=TABLE_SENT,
    summary="Take over classes from a file",
)
async def import_file(
    query: Annotated[ClassImportQuery, Query()], request: Request, caller: BriefCaller, wired: Wired, now: Now
) -> ImportShown:
    """Store the classes of a workbook or CSV file: new ones, changed ones and, with `complete`, an end for the others.

    The workbook is the one that offices keep (立结案标准). What could mean two things is a fault with sheet, line and
    column; a file with a fault changes nothing (`import_refused`), and the same file again changes nothing either.
    """
    content, content_type = await request.body(), request.headers.get("content-type", "")
    file = await to_thread.run_sync(_read, content, content_type, query, limiter=wired.uploads)
    editor = CatalogueEditor(caller.viewer.person_id, now, query.name)
    if query.dry_run:
        async with wired.database.snapshot() as session:
            return import_shown(await preview_classes(session, file, is_complete=query.complete))
    async with wired.database.write() as session:
        return import_shown(await import_classes(session, file, editor, is_complete=query.complete))


def _read(content: bytes, content_type: str, query: ClassImportQuery) -> CatalogueFile:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in {XLSX, CSV}:
        raise NotJson(f"Send the classes as {XLSX} or {CSV}.")
    return read_class_file(
        content, is_workbook=media_type == XLSX, encoding=query.encoding, scheme=query.scheme
    )
