"""Many tickets in seconds: copies of tickets that the application itself has made, by generate_series.

A copy keeps what belongs together: its row, its clocks, requests, events and report, all moved back in time by
the same span. It gets an id, a number, a grid and a place of its own. Only the hash chain stays the original's.
"""

import time
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Column, DateTime

from api.models import Report, Ticket, TicketClock, TicketEvent, TicketRequest
from api.models.base import Table, metadata
from bench.exemplars import STEP_CLASS

POOL_FIRST = 1 << 32
"""Number of the first ticket that waits to be accepted; ordinary ones count from 1."""

RUNNING_CLOCK_FIRST = 1 << 40
"""The clock that an accept stops has this id plus the ticket's number, so that a script can name it."""

STREETS, STREET_WIDTH = 16, 0.02
"""Places are spread over as many streets side by side, each so many degrees wide.

In one street alone, thousands of open tickets would lie within a few steps of each other, as they never do.
"""

TICKET_ID = "('00000000-0000-4000-8000-' || lpad(to_hex({}), 12, '0'))::uuid"
"""SQL for the id of the ticket with a number."""


def ticket_id(number: int) -> UUID:
    """Return the id of the ticket with this number (below 2**48)."""
    return UUID(f"00000000-0000-4000-8000-{number:012x}")


_PLAN = """
CREATE TEMP TABLE plan AS
WITH exemplars AS (
    SELECT id, state, category_code,
           row_number() OVER (PARTITION BY state ORDER BY id) - 1 AS place,
           count(*) OVER (PARTITION BY state) AS places
    FROM tickets WHERE number NOT LIKE 'bench-%'
), wanted AS (
    SELECT n, CASE WHEN {is_pool} THEN 'assigned'
                   WHEN n % {cycle} < 10 THEN 'assigned'
                   WHEN n % {cycle} < 17 THEN 'in_progress'
                   WHEN n % {cycle} < 19 THEN 'rectified'
                   WHEN n % {cycle} < 20 THEN 'reported'
                   ELSE 'closed' END AS state
    FROM generate_series({first}::bigint, {last}::bigint) AS n
), spots AS (
    SELECT id AS grid_id, code AS grid_code, ST_PointOnSurface(geometry) AS middle,
           row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS places
    FROM grids WHERE level = 'unit_grid'
)
SELECT n, {id} AS id, e.id AS exemplar_id, s.grid_id, s.grid_code,
       ST_Translate(
           s.middle,
           (random() - 0.5) / 1000 + n / s.places % {streets} * {street_width},
           (random() - 0.5) / 1000
       ) AS place,
       random() * CASE WHEN w.state = 'closed' THEN interval '365 days' ELSE interval '10 days' END AS age
FROM wanted w
JOIN exemplars e ON e.state = w.state AND CASE WHEN {is_pool} THEN e.category_code = {pool_class}
                                               ELSE e.place = n / {cycle} % e.places END
JOIN spots s ON s.place = n % s.places
"""


_TICKET = {
    "id": sql.SQL("p.id"),
    "number": sql.SQL("'bench-' || p.n"),
    "grid_id": sql.SQL("p.grid_id"),
    "grid_code": sql.SQL("p.grid_code"),
    "place": sql.SQL("p.place"),
}
_REPORT = {"id": sql.SQL("p.id"), "ticket_id": sql.SQL("p.id")}
_EVENT = {"ticket_id": sql.SQL("p.id")}
_REQUEST = {"id": sql.SQL("gen_random_uuid()"), "ticket_id": sql.SQL("p.id")}
_CLOCK = {
    "ticket_id": sql.SQL("p.id"),
    "id": sql.SQL(
        "CASE WHEN e.clock = 'sign_for' THEN {} + p.n"
        " ELSE nextval(pg_get_serial_sequence('ticket_clocks', 'id')) END"
    ).format(sql.Literal(RUNNING_CLOCK_FIRST)),
}
"""What is a copy's own, by column."""


def seed(
    connection: psycopg.Connection, first: int, last: int, *, is_pool: bool = False, are_open: bool = False
) -> float:
    """Copy exemplars into the tickets `first` to `last`; return the seconds it took.

    One in five is open, as many overdue as not; all of them if `are_open`. A pool holds tickets of one unit that
    all wait to be accepted.
    """
    began = time.perf_counter()
    with connection.transaction():
        # What is copied was checked when it was made; foreign keys of a million rows need no second look.
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            sql.SQL(_PLAN).format(
                is_pool=sql.Literal(is_pool),
                first=sql.Literal(first),
                last=sql.Literal(last),
                pool_class=sql.Literal(STEP_CLASS),
                cycle=sql.Literal(20 if are_open else 100),
                streets=sql.Literal(STREETS),
                street_width=sql.Literal(STREET_WIDTH),
                id=sql.SQL(TICKET_ID.format("n")),
            )
        )
        _copy(connection, Ticket, "id", _TICKET)
        _copy(connection, Report, "ticket_id", _REPORT)
        _copy(connection, TicketEvent, "ticket_id", _EVENT, left_out=("id", "xid"))
        _copy(connection, TicketClock, "ticket_id", _CLOCK)
        _copy(connection, TicketRequest, "ticket_id", _REQUEST)
        connection.execute("DROP TABLE plan")
    for table in (Ticket, Report, TicketEvent, TicketClock, TicketRequest):
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table.table_name)))
    return time.perf_counter() - began


def _copy(
    connection: psycopg.Connection,
    table: type[Table],
    key: str,
    own: Mapping[str, sql.Composable],
    *,
    left_out: Collection[str] = (),
) -> None:
    """Copy the exemplars' rows of one table; `own` has expressions for what is each copy's own."""
    values = {
        column.name: own.get(column.name, _copied(column))
        for column in metadata.tables[table.table_name].columns
        if column.name not in left_out
    }
    connection.execute(
        sql.SQL(
            "INSERT INTO {table} ({names}) SELECT {values} FROM plan p JOIN {table} e ON e.{key} = p.exemplar_id"
        ).format(
            table=sql.Identifier(table.table_name),
            names=sql.SQL(", ").join(map(sql.Identifier, values)),
            values=sql.SQL(", ").join(values.values()),
            key=sql.Identifier(key),
        )
    )


def _copied(column: Column[Any]) -> sql.Composable:
    """Return the exemplar's value; instants move back by the copy's age."""
    copied = "e.{} - p.age" if isinstance(column.type, DateTime) else "e.{}"
    return sql.SQL(copied).format(sql.Identifier(column.name))
