"""The whole job in Python, against a running demo: `make run`, then `.venv/bin/python examples/tour.py`."""

import argparse
import os
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import uuid4

from client import Client, Problem
from make_photo import photo

PASSWORD = "gridpatrol-demo"  # noqa: S105  the demo's, printed at each start


def main() -> None:
    """Walk a ticket from the report to its closure, then look at what is overdue."""
    parser = argparse.ArgumentParser(description="Walk a ticket through a running demo.")
    parser.add_argument("--url", default=os.environ.get("GRIDPATROL_URL", "http://127.0.0.1:8000"))
    url: str = parser.parse_args().url
    ticket_id = walk(url)
    look(url, ticket_id)


def walk(url: str) -> str:
    """Report, accept, rectify, check; return the ticket's id."""
    with (
        Client(url, "officer01", PASSWORD) as finder,
        Client(url, "member-cityscape", PASSWORD) as unit,
        Client(url, "officer02", PASSWORD) as checker,
    ):
        before = finder.photo(photo(), "before")
        fruit_stall = {
            "category": "E0406",
            "condition": 1,
            "description": "水果摊占用人行道",
            "observed_at": (datetime.now(UTC) - timedelta(minutes=2)).isoformat(),
            "place": {"longitude": 116.41024, "latitude": 39.91640, "crs": "gcj02", "accuracy_m": 8.5},
            "photos": [before],
        }
        report_id = uuid4()
        filed = finder.report(fruit_stall, report_id=report_id)
        ticket = filed["ticket"]
        print(
            f"reported    {ticket['number']}: {ticket['state']} to {ticket['unit'] and ticket['unit']['code']}"
        )
        print(f"            why: {ticket['dispatch']['explanation']}")
        print(f"            due: {ticket['deadline']['explanation']}")

        # The answer was lost on the way? The phone sends the same again and gets the same ticket.
        again = finder.report(fruit_stall, report_id=report_id)
        print(f"sent twice  still {again['ticket']['number']}, version {again['ticket']['version']}")

        seen = unit.ticket(ticket["id"])
        ticket = unit.step(seen, "accept")
        print(f"accepted    {ticket['state']}, version {ticket['version']}")
        try:
            unit.step(seen, "accept")  # a colleague who still looks at the old version
        except Problem as problem:
            print(f"too late    {problem.status} {problem.code}: {problem}")

        after = unit.photo(photo(tidy=True), "after")
        ticket = unit.step(ticket, "rectify", note="已劝离，地面已清扫", photos=[after])
        print(f"rectified   {ticket['state']}, to be checked until {ticket['due_at']}")

        try:
            finder.step(ticket, "pass_check")  # whoever found it does not check it
        except Problem as problem:
            print(f"not hers    {problem.status} {problem.code}: {problem}")
        check = checker.photo(photo(tidy=True), "check")
        ticket = checker.step(ticket, "pass_check", photos=[check])
        print(f"checked     {ticket['state']}")
    return ticket["id"]


def look(url: str, ticket_id: str) -> None:
    """Show the ticket's history and what is overdue, as a supervisor sees it."""
    with Client(url, "supervisor", PASSWORD) as supervisor:
        history = supervisor.history(ticket_id)
        steps = " > ".join(event["action"] for event in history["items"])
        print(f"history     {steps}; unchanged: {history['verified']}")
        print("overdue     by unit:")
        for late in supervisor.overdue_summary("unit")[:5]:
            hours = late["median_overdue_s"] / 3600
            print(
                f"            {late['name'] or 'no unit yet'}: {late['count']}, half of them over {hours:.1f} h"
            )
        for one in islice(supervisor.overdue(), 1):
            print(f"            the worst: {one['number']}, {one['state']}, {one['overdue_s'] / 3600:.1f} h")


if __name__ == "__main__":
    main()
