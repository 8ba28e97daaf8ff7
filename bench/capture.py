"""What the application really sends to the database: statements, parameters, and how the transaction ends."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in the driver's style (`%(name)s`). Several rows of parameters went in one pipeline."""

    sql: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(slots=True)
class Transaction:
    """The one transaction of a request."""

    statements: list[Statement] = field(default_factory=list[Statement])
    is_read_only: bool = False
    end: str = ""


@contextmanager
def captured(engine: AsyncEngine) -> Generator[Transaction]:
    """Note all that the application sends until the block ends; raises RuntimeError unless it is one transaction."""
    noted = Transaction()
    began: list[Connection] = []

    def begin(connection: Connection) -> None:
        began.append(connection)
        noted.is_read_only = bool(connection.get_execution_options().get("postgresql_readonly"))

    def execute(
        _connection: Connection,
        _cursor: object,
        statement: str,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *_: object,
    ) -> None:
        rows = (parameters,) if isinstance(parameters, Mapping) else tuple(parameters)
        noted.statements.append(Statement(statement, tuple(dict(row) for row in rows)))

    def commit(_connection: Connection) -> None:
        noted.end = "COMMIT"

    def rollback(_connection: Connection) -> None:
        noted.end = "ROLLBACK"

    listeners = {
        "begin": begin,
        "before_cursor_execute": execute,
        "commit": commit,
        "rollback": rollback,
    }
    for name, listener in listeners.items():
        event.listen(engine.sync_engine, name, listener)
    try:
        yield noted
    finally:
        for name, listener in listeners.items():
            event.remove(engine.sync_engine, name, listener)
    if len(began) != 1 or not noted.end:
        raise RuntimeError(
            f"a request is one transaction, but this one began {len(began)} (end: {noted.end!r})"
        )
