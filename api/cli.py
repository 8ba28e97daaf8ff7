"""The command `gridpatrol`: wiring only."""

# ruff: noqa: PLC0415  imports are inside the commands, so that each loads only what it runs

import asyncio
import dataclasses
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.adapters.embedded import ClusterBusy, ClusterFailed, PostgresUnusable, private_cluster
from api.config_commands import config
from api.feature_commands import exporting, importing
from api.file_commands import say
from api.settings import PREFIX, Settings, SettingsRefused, load_settings
from api.supervisor import DemoFailed, run_demo

TEST_DATABASE = "GRIDPATROL_TEST_DATABASE_URL"
GRACEFUL_STOP_S = 10
"""How long open requests may go on after SIGTERM; streams of events never end by themselves."""

app = typer.Typer(
    name="gridpatrol",
    help="Grid patrol and issue tracking: report, dispatch, rectify, check, close.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
admin = typer.Typer(help="The first account of an installation.", no_args_is_help=True)
app.add_typer(importing, name="import")
app.add_typer(exporting, name="export")
app.add_typer(config, name="config")
app.add_typer(admin, name="admin")


@app.command()
def serve() -> None:
    """Serve the API (GRIDPATROL_HOST, GRIDPATROL_PORT, GRIDPATROL_PROCESSES)."""
    import uvicorn

    from api.logs import configure_logs

    settings = load_settings()
    configure_logs(settings)
    uvicorn.run(
        "api.app:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.processes,
        log_level=settings.log_level,
        access_log=settings.log_level in {"debug", "info"},
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_graceful_shutdown=GRACEFUL_STOP_S,
    )


@app.command()
def worker() -> None:
    """Run jobs and periodic tasks."""
    from api.worker import run_worker

    run_worker(load_settings())


@app.command()
def migrate(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo street too, once (demo only).")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead of running it.")] = False,
    restored: Annotated[
        bool, typer.Option("--restored", help="The database comes from a backup: phones begin anew.")
    ] = False,
) -> None:
    """Bring the database to this release's tables; safe to repeat."""
    from api import migrate as migrations

    if sql:
        migrations.print_upgrade()
        return
    settings = load_settings()
    if demo and not settings.demo:
        raise SettingsRefused(
            "invented people with known passwords are loaded only with GRIDPATROL_DEMO=true."
        )
    try:
        migrations.upgrade(settings)
    except migrations.DatabaseUnusable as unusable:
        raise typer.Exit(say(unusable, 1)) from unusable
    if restored:
        migrations.begin_epoch(settings)
    if demo:
        from api.demo import ensure_demo

        asyncio.run(ensure_demo(settings, progress=typer.echo))


@app.command()
def demo() -> None:
    """Try everything: a private database, a street with people, the API and the worker."""
    os.environ[f"{PREFIX}DEMO"] = "true"
    run_demo(load_settings(), Console(highlight=False, soft_wrap=True))


@app.command()
def openapi(
    *,
    path: Annotated[Path, typer.Option(help="The file to write.")] = Path("openapi/openapi.json"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when the file is out of date.")
    ] = False,
) -> None:
    """Write the description of the HTTP interface."""
    from api.app import create_app

    description = create_app(Settings(demo=True, database_url="postgresql://nowhere")).openapi()
    text = json.dumps(description, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    elif not path.is_file() or path.read_text("utf-8") != text:
        typer.echo(f"{path} is out of date: run `make openapi` and commit the result.", err=True)
        raise typer.Exit(1)


@app.command()
def doctor(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print a list for a script.")] = False
) -> None:
    """Check Python, settings, files, database, migrations and calendars; exit with 1 when something is wrong."""
    from api.doctor import examine

    console = Console(highlight=False, soft_wrap=True)
    findings = list(examine())
    if as_json:
        typer.echo(
            json.dumps([dataclasses.asdict(finding) for finding in findings], ensure_ascii=False, indent=2)
        )
    else:
        for finding in findings:
            well = "[yellow]soon [/]" if finding.is_warning else "[green]well [/]"
            console.print(well if finding.is_well else "[red]wrong[/]", finding.check, end=": ")
            console.print(finding.words, markup=False)
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


@app.command()
def verify_history(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print a summary for a script.")] = False
) -> None:
    """Recompute the hash chain of every ticket; exit with 1 when a history was tampered with."""
    from api.verify import verify_histories

    verified = asyncio.run(verify_histories(load_settings(), None if as_json else Console(stderr=True)))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(verified), ensure_ascii=False, indent=2))
    else:
        for broken in verified.broken:
            typer.echo(f"{broken.number}: broken at event {broken.broken_at}")
        typer.echo(f"{verified.tickets} histories looked at, {len(verified.broken)} broken.")
    if verified.broken:
        raise typer.Exit(1)


@app.command()
def recompute(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; say what would change.")] = False,
    calendar: Annotated[
        str | None, typer.Option(help="Only tickets whose time is counted in the calendar with this code.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary for a script.")] = False,
) -> None:
    """Compute anew when the open tickets are due, after a calendar, limit, rule or policy was changed."""
    from api.domain.errors import NotConfigured
    from api.recompute import print_summary, recompute_tickets, summary_json

    settings, bar = load_settings(), None if as_json else Console(stderr=True)
    # Batches of tickets are many objects without cycles: to look for some after every 700 takes a sixth of the time.
    gc.set_threshold(100_000)
    try:
        summary = asyncio.run(recompute_tickets(settings, bar, is_dry_run=dry_run, calendar_code=calendar))
    except NotConfigured as unknown:
        raise typer.Exit(say(unknown, 1)) from unknown
    if as_json:
        typer.echo(json.dumps(summary_json(summary, is_dry_run=dry_run), ensure_ascii=False, indent=2))
    else:
        print_summary(summary, Console(highlight=False), settings.zone, is_dry_run=dry_run)


@admin.callback()
def administration() -> None:
    """Keep `create` a command of its own: a group of one would be taken for it."""


@admin.command("create")
def create_admin(
    username: Annotated[str, typer.Argument(help="User name: lower case, digits, dot, dash, underscore.")],
    *,
    name: Annotated[str, typer.Option(help="The person's name; by default the user name.")] = "",
) -> None:
    """Make the first administrator of an installation; the password is read from standard input or asked for."""
    from pydantic import TypeAdapter, ValidationError

    from api.admin import make_administrator
    from api.domain.errors import Refusal
    from api.schemas.people import Name, Username
    from api.services.first_account import FirstAccount

    settings = load_settings()
    try:
        TypeAdapter(Username).validate_python(username)
        TypeAdapter(Name).validate_python(name or username)
    except ValidationError as wrong:
        raise typer.BadParameter(wrong.errors()[0]["msg"]) from wrong
    # Never an argument: everybody on the machine can read those.
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        asyncio.run(make_administrator(settings, FirstAccount(username, name or username, password)))
    except Refusal as refused:
        raise typer.Exit(say(refused, 1)) from refused
    typer.echo(f"{username} may sign in now, as an administrator.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def testdb(context: typer.Context) -> None:
    """Run a command with a throw-away PostGIS: `gridpatrol testdb -- pytest`.

    The command finds the URL of a superuser in GRIDPATROL_TEST_DATABASE_URL and may make databases there.
    With that variable set already, that server is used. The exit code is the command's.
    """
    command = context.args
    if not command:
        raise typer.BadParameter("say which command to run: gridpatrol testdb -- pytest")
    if os.environ.get(TEST_DATABASE):
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603  what the caller asked for
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # clean up as after Ctrl-C
    with (
        tempfile.TemporaryDirectory(prefix="gridpatrol-test-") as folder,
        private_cluster(Path(folder), "tests", durable=False) as cluster,
    ):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        done = subprocess.run(command, check=False, env=environment | {TEST_DATABASE: cluster.url})  # noqa: S603  the same
    raise typer.Exit(done.returncode)


def main() -> None:
    """Run a command; refusals are sentences on standard error, not tracebacks."""
    try:
        app()
    except DemoFailed as failed:
        sys.exit(say(failed, failed.exit_code))
    except (SettingsRefused, PostgresUnusable, ClusterBusy, ClusterFailed) as refused:
        sys.exit(say(refused, 1))


if __name__ == "__main__":
    main()
