"""Try a phone on the command line: `python -m gridphone --help`."""

import argparse
import asyncio
import os
import sys
from getpass import getpass
from pathlib import Path
from uuid import UUID, uuid4

from gridphone.answers import Cut, Problem
from gridphone.exchange import Exchange
from gridphone.items import OutboxItem
from gridphone.mirror import MirrorTicket
from gridphone.patrol import NoSuchShift
from gridphone.phone import OthersWorkHeld, Phone, VersionUnknown

_ZHONGLOU = (116.404, 39.915)
"""Longitude and latitude of a street corner in the demo."""


def main() -> int:
    """Run one command; return 1 where the person has to do something about it."""
    arguments = _parser().parse_args()
    folder: Path = arguments.phone
    phone = Phone(folder, arguments.address, _device_id(folder))
    try:
        return _run(phone, arguments)
    except KeyboardInterrupt:
        return 0
    except (Cut, Problem, OthersWorkHeld, VersionUnknown, NoSuchShift) as error:
        print(error.args[0], file=sys.stderr)
        return 1
    finally:
        phone.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gridphone", description="A phone of GridPatrol.")
    parser.add_argument(
        "--phone", type=Path, default=Path("phone"), metavar="FOLDER", help="where it keeps everything"
    )
    parser.add_argument("--address", default=os.environ.get("GRIDPATROL_URL", "http://127.0.0.1:8000"))
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("sign-in", help="sign in (needs a network)")
    command.add_argument("username")
    command.add_argument("--password", help="asked for where it is not given")
    command = commands.add_parser("report", help="report a problem (needs no network)")
    command.add_argument("description")
    command.add_argument("--category", default="E0406")
    command.add_argument("--condition", type=int, default=1)
    command.add_argument("--longitude", type=float, default=_ZHONGLOU[0])
    command.add_argument("--latitude", type=float, default=_ZHONGLOU[1])
    command.add_argument("--photo", type=Path, action="append", default=[])
    command = commands.add_parser("step", help="take a step on a ticket (needs no network)")
    command.add_argument("ticket", help="its number, or that of the report in the outbox")
    command.add_argument("action")
    command.add_argument("--note", default="")
    command.add_argument("--reason")
    command.add_argument("--photo", type=Path, action="append", default=[])
    command = commands.add_parser("shift", help="start, pause, resume or stop the shift (needs no network)")
    command.add_argument("action", choices=("start", "pause", "resume", "stop"))
    command = commands.add_parser("point", help="keep where the phone is, on duty (needs no network)")
    command.add_argument("longitude", type=float)
    command.add_argument("latitude", type=float)
    command = commands.add_parser("check-in", help="confirm to be at a checkpoint (needs no network)")
    command.add_argument("checkpoint")
    command.add_argument("--longitude", type=float, default=_ZHONGLOU[0])
    command.add_argument("--latitude", type=float, default=_ZHONGLOU[1])
    command.add_argument("--code", help="as the QR code says; without it the place is enough")
    commands.add_parser("tasks", help="list what the person is asked to look at")
    command = commands.add_parser("refuse", help="refuse the task on a ticket (needs no network)")
    command.add_argument("ticket", help="its number")
    command.add_argument("reason")
    commands.add_parser("exchange", help="send what is held, hear what changed")
    commands.add_parser("tickets", help="list the tickets on the phone")
    commands.add_parser("outbox", help="list what was made on the phone, and what became of it")
    commands.add_parser("watch", help="exchange and listen until Ctrl-C")
    return parser


def _run(phone: Phone, arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "sign-in":
            asyncio.run(phone.sign_in(arguments.username, arguments.password or getpass()))
        case "exchange":
            return _show_exchange(asyncio.run(phone.exchange()))
        case "tickets" | "tasks":
            for ticket in phone.tickets() if arguments.command == "tickets" else phone.tasks.open():
                _show_ticket(ticket)
        case "outbox":
            for item in phone.items():
                _show_item(phone, item)
            _show_conflicts(phone)
        case "watch":
            asyncio.run(_watch(phone))
        case "point":
            is_kept = phone.patrol.keep_point(arguments.longitude, arguments.latitude)
            print(f"{'kept' if is_kept else 'not kept'}; {phone.patrol.points_held()} points are held")
        case _:
            _make(phone, arguments)
            _show_item(phone, phone.items()[-1])
    return 0


def _make(phone: Phone, arguments: argparse.Namespace) -> None:
    """Make something that is held until there is a network."""
    match arguments.command:
        case "report":
            phone.report(
                category=arguments.category,
                condition=arguments.condition,
                longitude=arguments.longitude,
                latitude=arguments.latitude,
                description=arguments.description,
                photos=[file.read_bytes() for file in arguments.photo],
            )
        case "step":
            more = {"reason": arguments.reason} if arguments.reason else {}
            photos = [file.read_bytes() for file in arguments.photo]
            ticket = _ticket(phone, arguments.ticket)
            phone.step(ticket, arguments.action, note=arguments.note, photos=photos, **more)
        case "refuse":
            tasks = {one.body["number"]: UUID(one.body["task"]["id"]) for one in phone.tasks.open()}
            if arguments.ticket not in tasks:
                raise VersionUnknown(f"The person has no task on {arguments.ticket}.")
            phone.tasks.refuse(tasks[arguments.ticket], arguments.reason)
        case "check-in":
            place = (arguments.longitude, arguments.latitude)
            way = "qr" if arguments.code else "geofence"
            phone.patrol.check_in(arguments.checkpoint, way, place=place, code=arguments.code)
        case _ if arguments.action == "start":
            phone.patrol.start()
        case _:
            phone.patrol.step(arguments.action)


def _device_id(folder: Path) -> str:
    """Return the id that this phone made when it was new."""
    file = folder / "device-id"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(uuid4().hex)
    return file.read_text()


def _ticket(phone: Phone, named: str) -> UUID:
    """Find a ticket by its number, or by the place in the outbox of the report that will become it."""
    by_name = {ticket.body["number"]: ticket.id for ticket in phone.tickets()}
    by_name |= {str(item.number): item.id for item in phone.items() if item.kind == "report"}
    if named not in by_name:
        raise VersionUnknown(f"No ticket on this phone is called {named}.")
    return by_name[named]


def _show_exchange(done: Exchange) -> int:
    print(f"stored {done.stored}, refused {done.refused}; {done.changes} changes of tickets")
    if done.skew_s is not None and abs(done.skew_s) > 60:  # noqa: PLR2004  a minute
        print(f"this phone's clock is {done.skew_s:+.0f} s wrong")
    if done.cut is not None:
        print(f"cut off ({done.cut}): nothing is lost, exchange again")
    if done.minimum_version is not None:
        print(f"update this app to {done.minimum_version} or newer; nothing is lost until then")
    elif done.problem is not None:
        print(f"refused: {done.problem.get('detail') or done.problem['title']}")
    if done.is_sign_in_needed:
        print("sign in again; what the phone holds is sent after that")
    return 0 if done.is_complete else 1


def _show_ticket(ticket: MirrorTicket) -> None:
    body = ticket.body
    print(f"{body['number']}: {body['state']}, version {ticket.version}, due {body['due_at'] or 'never'}")
    if body["task"] is not None and body["task"]["yours"]:
        print(f"  you are asked for a {body['task']['kind']}: {', '.join(body['actions'])}")


def _show_item(phone: Phone, item: OutboxItem) -> None:
    named = ("action", "category", "purpose", "checkpoint")
    what = next((item.body[name] for name in named if name in item.body), "")
    print(f"{item.number} {item.kind} {what}: {item.state}")
    if item.problem is not None:
        print(f"  {item.problem['code']}: {item.problem.get('detail', '')}")
    for ticket in phone.tickets():
        if ticket.id == item.ticket_id and item.state == "stored":
            print(f"  {ticket.body['number']} is {ticket.body['state']}")


def _show_conflicts(phone: Phone) -> None:
    for conflict in phone.conflicts():
        saw = conflict.believed_version
        print(f"conflict: you wanted to {conflict.action}")
        print(f"  you saw      {f'version {saw}' if saw else 'what this phone did before'}")
        print(f"  it is now    {conflict.state}, version {conflict.version}")
        for change in conflict.changes:
            who = " ".join(filter(None, (change["role"], change["name"])))
            print(f"  because      {who} did {change['action']} at {change['at']}")
        print(f"  you may now  {', '.join(conflict.actions) or 'do nothing'}")


async def _watch(phone: Phone) -> None:
    """Print tickets as they change, until the process is interrupted."""
    shown: dict[UUID, int] = {}

    def show() -> bool:
        is_first = not shown
        for ticket in phone.tickets():
            if not is_first and shown.get(ticket.id) != ticket.version:
                _show_ticket(ticket)
            shown[ticket.id] = ticket.version
        return False

    await phone.watch(show)


if __name__ == "__main__":
    sys.exit(main())
