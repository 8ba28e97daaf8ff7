"""Devices on which people are signed in: the own ones, and for administrators anybody's."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api import openrosa
from api.adapters.qr_codes import qr_svg
from api.deps import Caller, Now, Reading, Wired, Writing
from api.domain.collect_settings import collect_settings
from api.domain.errors import NotFound
from api.etags import UNCHANGED, Fresh
from api.queries.devices import find_devices, find_person_id
from api.schemas.base import PrintableText
from api.schemas.devices import CollectShown, DeviceList, device_list
from api.schemas.people import Username
from api.services.device_tokens import issue_device_token
from api.services.devices import revoke_device

router = APIRouter(prefix="/v1", tags=["accounts"])

DeviceId = Annotated[str, Path(max_length=100, description="As the list names it."), PrintableText]
User = Annotated[Username, Path(description="User name.")]


@router.get(
    "/devices",
    operation_id="device_list",
    response_model=DeviceList,
    responses=UNCHANGED,
    summary="Where I am signed in",
)
async def list_devices(caller: Caller, session: Reading, now: Now, fresh: Fresh) -> Response:
    """List the devices on which you are signed in."""
    found = await find_devices(session, caller.viewer.person_id, caller.viewer, now)
    return fresh.answer(device_list(found))


# A device id is any text; one with a slash is still one.
@router.delete(
    "/devices/{device_id:path}",
    operation_id="device_revoke",
    status_code=204,
    summary="Sign one of my devices out",
)
async def revoke_own_device(device_id: DeviceId, caller: Caller, session: Writing, now: Now) -> None:
    """Sign a device out, such as a phone that was lost: its tokens and unfinished uploads end at once."""
    await revoke_device(session, caller.viewer, device_id, now)


@router.put(
    "/devices/{device_id:path}/collect",
    operation_id="collect_put",
    responses={409: {}},
    summary="Set ODK Collect up on a device",
)
async def put_collect(
    device_id: DeviceId, caller: Caller, session: Writing, wired: Wired, now: Now, response: Response
) -> CollectShown:
    """Make a token for ODK Collect on one of your devices, with the QR code that sets Collect up.

    The token that it had there before ends. It is listed and signed out like any sign-in on that device, and lives as
    long as it is used.
    """
    viewer, settings = caller.viewer, wired.settings
    server_url = openrosa.address(settings.public_address)
    lifetime = timedelta(seconds=settings.refresh_token_ttl_s)
    issued = await issue_device_token(session, viewer, device_id, "ODK Collect", now, lifetime)
    told = collect_settings(server_url, viewer.username, issued.token)
    response.headers["Cache-Control"] = "no-store"
    return CollectShown(
        server_url=server_url,
        username=viewer.username,
        token=issued.token,
        expires_at=issued.expires_at,
        settings=told,
        qr_svg=qr_svg(told),
    )


@router.get(
    "/people/{username}/devices", operation_id="device_list_of_person", summary="Where somebody is signed in"
)
async def list_devices_of_person(username: User, caller: Caller, session: Reading, now: Now) -> DeviceList:
    """List the devices on which a person is signed in."""
    person_id = await find_person_id(session, username)
    if person_id is None:
        raise NotFound("There is no such person.", username=username)
    return device_list(await find_devices(session, person_id, caller.viewer, now))


@router.delete(
    "/people/{username}/devices/{device_id:path}",
    operation_id="device_revoke_of_person",
    status_code=204,
    summary="Sign somebody's device out",
)
async def revoke_device_of_person(
    username: User, device_id: DeviceId, caller: Caller, session: Writing, now: Now
) -> None:
    """Sign a person's device out, at once. That you did it is kept."""
    await revoke_device(session, caller.viewer, device_id, now, username=username)
