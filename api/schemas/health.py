"""What supervisors of processes read."""

from typing import Literal

from api.schemas.base import Output


class Live(Output):
    """The process answers."""

    status: Literal["live"]


class Ready(Output):
    """The process can do its work."""

    status: Literal["ready"]
