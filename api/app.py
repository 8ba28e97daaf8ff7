"""The API process: wiring only."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from api import contract, problem_answers, tus
from api.adapters.files import open_store
from api.adapters.tokens import TokenSigner
from api.compression import PackedAnswers
from api.contract import BoundedBodies, refuse_other_media, refuse_unknown_query
from api.db import Database
from api.deps import Wiring
from api.feed_cursors import FeedCursors
from api.listening import Hub, told_of_signals
from api.openrosa import OpenRosaAnswers
from api.queries.reference import ReferenceCache
from api.routers import (
    accounts,
    areas,
    calendars,
    catalogue,
    checkpoints,
    classes,
    clients,
    deadlines,
    devices,
    dispatch,
    dispatch_rules,
    docs,
    feature_imports,
    feed,
    forms,
    grid_imports,
    grids,
    health,
    kept_changes,
    lifecycle,
    nearby,
    notices,
    overdue,
    patrol_figures,
    patrol_plans,
    patrols,
    people,
    person_imports,
    photos,
    place_types,
    places,
    policies,
    queue,
    reports,
    responsible,
    rosters,
    rule_files,
    rule_replay,
    shifts,
    signals,
    submissions,
    sync,
    tasks,
    tickets,
    tracks,
    triage,
    unit_imports,
    units,
    uploads,
)
from api.settings import Settings, load_settings

DESCRIPTION = """网格巡查与问题整改闭环：上报、立案、派遣、处置、核查、结案；谁超期，一目了然。

Grid patrol and issue tracking: report, file, dispatch, rectify, check, close - and see what is overdue.
"""


def create_app(settings: Settings) -> FastAPI:
    """Build the application for these settings."""
    database = Database(settings.required_database_url, pool_size=settings.pool_size)
    hub = Hub(database, settings.required_database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        with told_of_signals(hub.stop):
            async with hub.listening():
                yield
        await database.close()

    app = FastAPI(
        title="GridPatrol",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        dependencies=[Depends(refuse_unknown_query), Depends(refuse_other_media)],
        redirect_slashes=False,  # a redirect would be built from whatever Host the caller names
        separate_input_output_schemas=True,
    )
    app.state.wiring = Wiring(
        settings=settings,
        database=database,
        files=open_store(settings.files_location),
        tokens=TokenSigner(settings.token_key.get_secret_value(), settings.access_token_ttl_s),
        references=ReferenceCache(database, settings.zone),
        cursors=FeedCursors(settings.token_key.get_secret_value()),
        hub=hub,
    )
    answering = (health, accounts, reports, tickets, queue, overdue, photos, catalogue, lifecycle, grids)
    for module in (
        *answering,
        dispatch,
        dispatch_rules,
        rule_files,
        rule_replay,
        triage,
        deadlines,
        calendars,
        unit_imports,
        units,
        person_imports,
        people,
        notices,
        signals,
        feed,
        kept_changes,
        feature_imports,
        areas,
        place_types,
        places,
        policies,
        responsible,
        classes,
        grid_imports,
        uploads,
        devices,
        clients,
        sync,
        forms,
        submissions,
        tasks,
        nearby,
        shifts,
        tracks,
        patrols,
        checkpoints,
        rosters,
        patrol_plans,
        patrol_figures,
    ):
        app.include_router(module.router)
    app.include_router(uploads.public)
    docs.install(app)
    problem_answers.install(app)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"],
            allow_headers=[
                *(
                    "Authorization",
                    "If-Match",
                    "If-None-Match",
                    "Idempotency-Key",
                    "Client-Version",
                    "Last-Event-ID",
                ),
                *tus.SENT_HEADERS,
            ],
            expose_headers=["ETag", "Retry-After", "Content-Language", *tus.ANSWERED_HEADERS],
        )
    app.add_middleware(
        BoundedBodies, max_upload_bytes=settings.max_upload_bytes, max_import_bytes=settings.max_import_bytes
    )
    app.add_middleware(tus.TusHeaders)
    app.add_middleware(OpenRosaAnswers)  # inside of what packs: it reads the problems that it translates
    app.add_middleware(PackedAnswers)
    app.openapi = lambda: contract.describe(app)
    contract.check_operations(app)
    return app


def app() -> FastAPI:
    """Build the application from the environment (for `uvicorn --factory api.app:app`)."""
    return create_app(load_settings())
