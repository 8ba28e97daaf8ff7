"""What apps read of the versions that are served."""

from pydantic import Field

from api.schemas.base import Output


class ClientShown(Output):
    """Versions."""

    minimum: str | None = Field(description="Oldest version of the app that is served; null: all are.")
    server: str = Field(description="Version of this interface.")
