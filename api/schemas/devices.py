"""Devices on the wire."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from api.queries.devices import DeviceFacts
from api.schemas.base import Output


class DeviceShown(Output):
    """A device on which somebody is signed in."""

    id: str = Field(description="Its `device_id`; of a device that told none, a name for this sign-in alone.")
    name: str | None = Field(description="As it called itself when it signed in.")
    since: datetime
    used_at: datetime = Field(description="When its tokens were exchanged last.")
    is_current: bool = Field(description="The one that asks.")
    pending_uploads: int = Field(description="Uploads that are not finished and end with its sign-in.")


class DeviceList(Output):
    """All devices, the one that was used last first."""

    items: list[DeviceShown]


class CollectShown(Output):
    """What ODK Collect on a device is set up with; the token is told this once."""

    server_url: str = Field(description="Where Collect finds forms and sends them.")
    username: str
    token: str = Field(description="Collect's password: good for `/openrosa` alone.")
    expires_at: datetime = Field(description="When it ends unless it is used before.")
    settings: str = Field(description="All this as the text of Collect's QR code.")
    qr_svg: str = Field(description="The QR code itself, as an SVG element.")


def device_list(devices: Iterable[DeviceFacts]) -> DeviceList:
    """Show devices."""
    return DeviceList(
        items=[
            DeviceShown(
                id=one.id,
                name=one.name,
                since=one.since,
                used_at=one.used_at,
                is_current=one.is_current,
                pending_uploads=one.uploads,
            )
            for one in devices
        ]
    )
