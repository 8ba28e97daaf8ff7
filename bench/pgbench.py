"""The application's own SQL, run by pgbench: what the database could do if nobody stood in front of it."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.conninfo import conninfo_to_dict

from api.adapters.postgres_programs import find_programs
from api.settings import Settings
from bench.capture import Transaction
from bench.load import Measured
from bench.street import plain_url

_PARAMETER = re.compile(r"%(?:%|\((\w+)\)s)")
_TPS = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.MULTILINE)
_MICROSECONDS = 2
"""Field of a line of pgbench's log that holds the latency."""

_PG_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


@dataclass(frozen=True, slots=True)
class Varying:
    """What differs from request to request: where the captured value stood, the script has an expression.

    `settings` are pgbench meta-commands that compute the variables of the expressions.
    """

    settings: tuple[str, ...] = ()
    expressions: Mapping[object, str] = dataclass_field = None  # type: ignore[assignment]
