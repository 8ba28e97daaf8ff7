"""What is measured: five things that people do all day, and what differs each time they do them."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.settings import Settings
from bench.exemplars import FINDER, QUEUE_CLASS, report_body
from bench.pgbench import Varying, text_of
from bench.seeding import POOL_FIRST, RUNNING_CLOCK_FIRST, TICKET_ID, ticket_id
from bench.street import connect

STEPS = 16_000
"""Tickets that wait to be accepted: each can be accepted once, by the API or by pgbench."""

STEPS_BY_API = 6_000
"""The first of them are the API's."""

_REPORT_FIRST = 1 << 44
"""Reports' numbers begin here: far from the seeded tickets."""

_SAMPLE = 116.4004321, 39.9104321
"""A place that no seeded row and no constant has, to be known again among the captured parameters."""

NOTHING_VARIES = Varying()

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the interface."""

    method: str
    path: str
    body: Any = None
    status: int = 200

    def as_bytes(self, token: str) -> bytes:
        """Return the request as it goes over the line."""
        body = b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()
        head = [
            f"{self.method} {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {token}",
            "Accept-Language: zh-Hans",
        ]
        if body:
            head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of request: by whom, a sample to be captured, and the many that make up the load."""

    name: str
    username: str
    sample: Request
    load: Sequence[Request]
    is_repeatable: bool = True
    varying: Varying = NOTHING_VARIES


def jobs(settings: Settings) -> list[Job]:
    """Return the jobs of a seeded street."""
    queue_unit, step_unit, spots = _look_around(settings)
    return [
        _reports(spots),
        _page("queue page of 50", f"member-{queue_unit}", "/v1/queue?limit=50"),
        _page("overdue page of 50", "supervisor", "/v1/overdue?limit=50"),
        _page("ticket page of 200", "supervisor", "/v1/tickets?limit=200"),
        _steps(step_unit),
    ]


def _page(name: str, username: str, path: str) -> Job:
    request = Request("GET", path)
    return Job(name, username, request, [request])


def _reports(spots: Sequence[Point]) -> Job:
    dice = random.Random(20261122)
    most = 20_000

    def report(number: int, place: Point) -> Request:
        body = report_body(QUEUE_CLASS, 1, *place)
        return Request("PUT", f"/v1/reports/{ticket_id(number)}", body, status=201)

    def near(spot: Point) -> Point:
        return spot[0] + dice.uniform(-5e-4, 5e-4), spot[1] + dice.uniform(-5e-4, 5e-4)

    west, east = min(x for x, _ in spots), max(x for x, _ in spots)
    south, north = min(y for _, y in spots), max(y for _, y in spots)
    return Job(
        "file a report",
        FINDER,
        report(_REPORT_FIRST, _SAMPLE),
        [report(_REPORT_FIRST + number, near(dice.choice(spots))) for number in range(1, most)],
        is_repeatable=False,
        varying=Varying(
            meta_commands=(
                f"\\set report random({_REPORT_FIRST + most}, {_REPORT_FIRST * 15})",
                f"\\set longitude {west} + random(0, 1000000) * {(east - west) / 1_000_000:.12f}",
                f"\\set latitude {south} + random(0, 1000000) * {(north - south) / 1_000_000:.12f}",
            ),
            expressions={
                text_of(ticket_id(_REPORT_FIRST)): TICKET_ID.format(":report::bigint"),
                text_of(_SAMPLE[0]): ":longitude",
                text_of(_SAMPLE[1]): ":latitude",
            },
        ),
    )


def _steps(unit: str) -> Job:
    def accept(number: int) -> Request:
        body = {"action": "accept", "version": 3}
        return Request("POST", f"/v1/tickets/{ticket_id(POOL_FIRST + number)}/steps", body)

    return Job(
        "accept a ticket",
        f"member-{unit}",
        accept(0),
        [accept(number) for number in range(1, STEPS_BY_API)],
        is_repeatable=False,
        varying=Varying(
            # Clients take turns, so that no two accept the same ticket; runs go on where the last one ended.
            meta_commands=(
                "\\set turn :turn + 1",
                f"\\set ticket {POOL_FIRST + STEPS_BY_API} + :done + :turn * :clients + :client_id",
                f"\\set clock {RUNNING_CLOCK_FIRST} + :ticket",
            ),
            expressions={
                text_of(ticket_id(POOL_FIRST)): TICKET_ID.format(":ticket::bigint"),
                text_of(RUNNING_CLOCK_FIRST + POOL_FIRST): ":clock",
            },
            start={"turn": "-1"},
        ),
    )


def _look_around(settings: Settings) -> tuple[str, str, list[Point]]:
    """Return the unit whose queue is read, the unit that accepts, and a place in each unit grid."""
    with connect(settings) as connection:
        by_class = "SELECT u.code FROM tickets t JOIN units u ON u.id = t.unit_id WHERE {} LIMIT 1"
        queue_unit = connection.execute(
            by_class.format("t.category_code = %s AND t.state = 'assigned'"), [QUEUE_CLASS]
        ).fetchone()
        step_unit = connection.execute(by_class.format("t.id = %s"), [ticket_id(POOL_FIRST)]).fetchone()
        spots = connection.execute(
            "SELECT ST_X(p), ST_Y(p) FROM grids, ST_PointOnSurface(geometry) AS p"
            " WHERE level = 'unit_grid' ORDER BY code"
        ).fetchall()
    assert queue_unit is not None, "the street is seeded"  # noqa: S101  else there is nothing to measure
    assert step_unit is not None, "the pool is seeded"  # noqa: S101  the same
    return queue_unit[0], step_unit[0], [(longitude, latitude) for longitude, latitude in spots]
