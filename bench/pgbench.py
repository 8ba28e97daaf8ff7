"""The application's own SQL, run by pgbench: what the database could do if nobody stood in front of it."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.adapters.postgres_programs import find_programs
from api.settings import Settings
from bench.capture import Statement, Transaction
from bench.load import Measured
from bench.street import plain_url

_PARAMETER = re.compile(r"%(?:%|\((\w+)\)s)")
_TPS = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.MULTILINE)
_LATENCY_FIELD = 2
"""Field of a line of pgbench's log that holds the latency in microseconds."""

_THREADS = 2
_GRACE_S = 60

_LIBPQ = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}


class PgbenchFailed(Exception):  # noqa: N818  pgbench's own words
    """pgbench refused the script or a statement failed; the text says which."""


@dataclass(frozen=True, slots=True)
class Varying:
    """What differs from request to request.

    Where a captured parameter has the text of a key of `expressions`, the script has that SQL instead; its
    variables are computed by `meta_commands` at the start of each transaction. `start` sets variables that
    live as long as their client.
    """

    meta_commands: tuple[str, ...] = ()
    expressions: Mapping[str, str] = field(default_factory=dict[str, str])
    start: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Script:
    """A pgbench script, the variables that stand for captured parameters, and the session's options."""

    text: str
    statements: int
    """How many the application sent; rows in a pipeline are one, BEGIN and the end are none."""

    variables: Mapping[str, str]
    options: str


async def session_options(engine: AsyncEngine) -> str:
    """Return what the application's own connections set at their start, as libpq's `options`."""
    chosen = text(
        "SELECT name, setting FROM pg_settings WHERE source = 'client' AND name <> 'client_encoding'"
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(chosen)).all()
    return " ".join(f"-c {name}={_escaped(setting)}" for name, setting in rows)


def write_script(transaction: Transaction, varying: Varying, options: str) -> Script:
    """Turn what one request sent into a script that pgbench can send as often as it likes."""
    lines = [*varying.meta_commands, "BEGIN READ ONLY;" if transaction.is_read_only else "BEGIN;"]
    variables = dict(varying.start)
    for number, statement in enumerate(transaction.statements, 1):
        lines.extend(_lines(statement, number, varying, variables))
    lines.append(f"{transaction.end};")
    return Script("\n".join(lines) + "\n", len(transaction.statements), variables, options)


def run(
    script: Script,
    settings: Settings,
    *,
    connections: int,
    seconds: float | None = None,
    transactions_each: int | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Measured:
    """Run a script for some seconds, or `transactions_each` of every connection; raises PgbenchFailed.

    Statements are prepared, as psycopg does it with what it sends often. `variables` join the script's own.
    """
    program = find_programs().path("pgbench")
    if not Path(program).is_file():
        raise PgbenchFailed(
            "pgbench is missing; Debian has it in the package of the server, postgresql-<version>."
        )
    bound = (
        f"--time={max(1, round(seconds))}" if seconds is not None else f"--transactions={transactions_each}"
    )
    with tempfile.TemporaryDirectory(prefix="gridpatrol-pgbench-") as folder:
        path = Path(folder) / "transaction.sql"
        path.write_text(script.text, "utf-8")
        done = subprocess.run(
            [
                program,
                "--no-vacuum",
                "--protocol=prepared",
                f"--client={connections}",
                f"--jobs={min(_THREADS, connections)}",
                bound,
                f"--file={path}",
                "--log",
                f"--log-prefix={folder}/log",
                *(f"--define={name}={value}" for name, value in {**script.variables, **variables}.items()),
            ],
            check=False,
            capture_output=True,
            text=True,
            env=_environment(settings, script.options),
            timeout=(seconds or 0) + _GRACE_S,
        )
        tps = _TPS.search(done.stdout)
        if done.returncode != 0 or tps is None:
            raise PgbenchFailed(f"{done.stderr}\n{done.stdout}\n{script.text}")
        latencies = [
            int(line.split()[_LATENCY_FIELD]) / 1_000
            for log in Path(folder).glob("log*")
            for line in log.read_text().splitlines()
        ]
    return Measured(len(latencies), len(latencies) / float(tps[1]), latencies)


def _lines(statement: Statement, number: int, varying: Varying, variables: dict[str, str]) -> Sequence[str]:
    """Return the statement once for each row; several rows go in one pipeline, as psycopg sends them."""
    sent: list[str] = []
    for row_number, row in enumerate(statement.rows, 1):
        values = _texts(row)

        def replaced(
            found: re.Match[str], values: Mapping[str, str | None] = values, at: int = row_number
        ) -> str:
            if found[1] is None:
                return "%"
            value = values[found[1]]
            if value is None:
                return "NULL"
            if not value:
                return "''"  # pgbench's variables can't be empty
            if value in varying.expressions:
                return f"({varying.expressions[value]})"
            name = f"s{number}_{at}_{found[1]}"
            variables[name] = value
            return f":{name}"

        sent.append(_PARAMETER.sub(replaced, statement.sql).replace("\n", " ") + ";")
    return sent if len(sent) == 1 else ["\\startpipeline", *sent, "\\endpipeline"]


def _texts(row: Mapping[str, object]) -> dict[str, str | None]:
    """Return parameters in PostgreSQL's text format, by the adapters that the application's driver uses."""
    transformer = Transformer()
    texts: dict[str, str | None] = {}
    for name, value in row.items():
        dumped = None if value is None else transformer.get_dumper(value, PyFormat.TEXT).dump(value)
        texts[name] = None if dumped is None else bytes(dumped).decode()
    return texts


def text_of(value: object) -> str:
    """Return a value as `Varying.expressions` names it."""
    found = _texts({"value": value})["value"]
    assert found is not None, "NULL does not vary"  # noqa: S101  a fault of the bench
    return found


def _environment(settings: Settings, options: str) -> dict[str, str]:
    where = conninfo_to_dict(plain_url(settings))
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
        **{variable: str(where[key]) for key, variable in _LIBPQ.items() if where.get(key)},
        "PGOPTIONS": options,
        "PGCLIENTENCODING": "UTF8",
    }


def _escaped(setting: str) -> str:
    return setting.replace("\\", "\\\\").replace(" ", "\\ ")


def server_facts(settings: Settings) -> dict[str, str]:
    """Return what decides how fast the server is."""
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    with psycopg.connect(plain_url(settings)) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) name", [list(names)]
        )
        return dict(rows.fetchall())
