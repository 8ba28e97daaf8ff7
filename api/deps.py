"""What a request is handed: its transaction, the person behind it, the reference data, the time."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from anyio import CapacityLimiter
from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials, OAuth2PasswordBearer

from api import clock, openrosa
from api.adapters.files import FileStore
from api.adapters.tokens import TokenSigner, fingerprint
from api.db import Database, ReadSession, WriteSession
from api.domain.access import OPERATIONS, Viewer
from api.domain.clients import check_client
from api.domain.errors import NotSignedIn, RoleNotAllowed, TokenRefused
from api.domain.reference import Reference
from api.feed_cursors import FeedCursors
from api.listening import Hub
from api.queries import people
from api.queries.openrosa import find_device_token
from api.queries.reference import ReferenceCache, reference_version
from api.schemas.catalogue_shelf import CatalogueShelf
from api.services.device_tokens import note_use
from api.services.forms import FormShelf
from api.settings import Settings

_READS = frozenset({"GET", "HEAD", "OPTIONS"})

UPLOADS_AT_ONCE = max(2, min(4, os.cpu_count() or 1))
"""Pictures that one process holds in memory: 25 MB each as a file, usually 30 MB more while it is decoded and
in the worst case 0.9 GB. Cores bound how many are of use."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the process holds for all requests (`app.state.wiring`)."""

    settings: Settings
    database: Database
    files: FileStore
    tokens: TokenSigner
    references: ReferenceCache
    cursors: FeedCursors
    hub: Hub
    catalogues: CatalogueShelf = field(default_factory=CatalogueShelf)
    uploads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(UPLOADS_AT_ONCE))
    forms: FormShelf = field(default_factory=FormShelf)


# Dependencies are async throughout: FastAPI sends plain functions to a thread, which costs more than they do.
async def wiring(request: Request) -> Wiring:
    """Return the process's wiring."""
    return request.app.state.wiring


Wired = Annotated[Wiring, Depends(wiring)]


async def request_time() -> datetime:
    """Return the one instant that the whole request works with."""
    return clock.now()


Now = Annotated[datetime, Depends(request_time)]


async def unit_of_work(request: Request, wired: Wired) -> AsyncIterator[ReadSession]:
    """Open the request's one transaction: read-only for reads; else committed when the handler ends well.

    With FastAPI's default scope the commit would come after the answer was sent; hence scope="function".
    """
    opened = wired.database.read() if request.method in _READS else wired.database.write()
    async with opened as session:
        yield session


async def _write_session(request: Request, session: "Reading") -> WriteSession:
    assert request.method not in _READS, "a read was given a handler that writes"  # noqa: S101  wiring fault
    return WriteSession(session)


Reading = Annotated[ReadSession, Depends(unit_of_work, scope="function")]
Writing = Annotated[WriteSession, Depends(_write_session, scope="function")]

_bearer = OAuth2PasswordBearer(tokenUrl="/v1/auth/token", refreshUrl="/v1/auth/token", auto_error=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person behind the request and the reference data that were in force when it began."""

    viewer: Viewer
    reference: Reference


Token = Annotated[str | None, Depends(_bearer)]


async def signed_in(request: Request, session: Reading, wired: Wired, now: Now, token: Token) -> SignedIn:
    """Find the person behind the access token and check that the role may call this operation.

    One statement reads the person, the grids on duty, and the version of the reference data: a revoked
    sign-in ends at once, and no request ever works with old rules.
    """
    found = await _find_caller(request, session, wired, now, token)
    return SignedIn(found.viewer, await wired.references.at(found.reference_version))


async def _find_caller(
    request: Request, session: ReadSession, wired: Wiring, now: datetime, token: str | None
) -> people.FoundViewer:
    found = await found_caller(session, wired, token, request.scope["route"].operation_id, now)
    # Here, where signing in and asking for the minimum do not come by. It is no parameter of every operation.
    check_client(request.headers.get("client-version"), wired.settings.min_client_version)
    return found


async def found_caller(
    session: ReadSession, wired: Wiring, token: str | None, operation: str, now: datetime
) -> people.FoundViewer:
    """Return the person behind the token, if she may call the operation; NotSignedIn, TokenRefused, RoleNotAllowed."""
    if token is None:
        raise NotSignedIn("Send an access token: Authorization: Bearer <token>.")
    return await found_by_sign_in(session, wired, wired.tokens.read(token, now), operation, now)


async def found_by_sign_in(
    session: ReadSession, wired: Wiring, sign_in_id: UUID, operation: str, now: datetime
) -> people.FoundViewer:
    """Return the person behind a sign-in, if she may call the operation; TokenRefused, RoleNotAllowed."""
    found = await people.find_viewer(session, sign_in_id, wired.settings.today(now))
    if found is None:
        raise TokenRefused("The sign-in behind this token has ended.")
    if found.viewer.role not in OPERATIONS[operation]:
        raise RoleNotAllowed(
            f"{operation} is not for the role {found.viewer.role}.",
            role=found.viewer.role,
            roles=sorted(OPERATIONS[operation]),
        )
    return found


Caller = Annotated[SignedIn, Depends(signed_in, scope="function")]


async def signed_in_apart(request: Request, wired: Wired, now: Now, token: Token) -> SignedIn:
    """Do what `signed_in` does in a transaction of its own, which is over when the handler begins.

    For handlers that wait long for something else, such as a picture on its way in or out: with the request's
    one transaction open all that time, a few slow phones would keep every connection of the pool.
    """
    async with wired.database.read() as session:
        found = await _find_caller(request, session, wired, now, token)
    return SignedIn(found.viewer, await wired.references.at(found.reference_version))


BriefCaller = Annotated[SignedIn, Depends(signed_in_apart, scope="function")]
"""The person behind the request; such a handler opens short transactions of its own."""

_basic = HTTPBasic(auto_error=False, realm=openrosa.REALM, description="User name and the token of a device.")


async def _field_caller(
    request: Request,
    wired: Wired,
    now: Now,
    credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
    token: Token,
) -> SignedIn:
    """Find who sends: by the token of a device, or like anywhere else by an access token."""
    if credentials is None:
        return await signed_in_apart(request, wired, now, token)
    async with wired.database.read() as session:
        sha256 = fingerprint(credentials.password)
        known = await find_device_token(session, credentials.username, sha256, now)
        if known is None:
            raise TokenRefused(
                "This is not the token of a device, or no longer: set Collect up anew. Passwords don't work here."
            )
        operation: str = request.scope["route"].operation_id
        found = await found_by_sign_in(session, wired, known.sign_in_id, operation, now)
    await note_use(wired.database, known, now, timedelta(seconds=wired.settings.refresh_token_ttl_s))
    return SignedIn(found.viewer, await wired.references.at(found.reference_version))


FieldCaller = Annotated[SignedIn, Depends(_field_caller, scope="function")]
"""The person behind a request of OpenRosa; such a handler opens short transactions of its own, too."""


async def public_reference(session: Reading, wired: Wired) -> Reference:
    """Return the reference data in force, for whoever asks; one statement reads its version."""
    return await wired.references.at(await reference_version(session))


PublicReference = Annotated[Reference, Depends(public_reference, scope="function")]
"""For operations that anybody may call; those of the signed-in get theirs with the person."""
