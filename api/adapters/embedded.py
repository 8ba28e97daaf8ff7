"""A private PostgreSQL with PostGIS: made at the first use, started and stopped with us.

It is reached through a unix socket in a private folder only, shares nothing with the system's clusters, and
ignores the `PG...` variables of whoever starts it. `docs/decisions/0002-private-cluster.md` has the reasons.
"""

import contextlib
import re
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from api.adapters.claims import AlreadyClaimed, claim, claim_holder
from api.adapters.kept_secrets import kept_secret
from api.adapters.postgres_programs import PostgresUnusable, Programs
from api.adapters.postgres_server import ENVIRONMENT, PORT, SUPERUSER, ClusterFailed, Server

APPLICATION = "gridpatrol"

DATABASE_SCRIPT = r"""
SELECT format('CREATE ROLE %I LOGIN', :'application')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'application') \gexec
ALTER ROLE :"application" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'application')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
\connect :"database"
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS postgis;
"""
"""Only a superuser can make PostGIS, so it is made here and not in a migration of the application's."""


class ClusterBusy(Exception):  # noqa: N818  a fact about another process, not an error of ours
    """Another living process runs the cluster of this home; the text says which."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running private cluster."""

    programs: Programs
    sockets: Path
    superuser_password: str
    application_password: str
    process: subprocess.Popen[bytes]
    """The server itself, whose end is the end of the cluster."""

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the maintenance database, as superuser."""
        return self._url(SUPERUSER, self.superuser_password, "postgres")

    def create_database(self, name: str) -> str:
        """Make the database `name` with PostGIS unless it exists; return its URL for the application.

        The application owns the database and is no superuser. Raises `ClusterFailed` with psql's words.
        """
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
            raise ValueError(f"{name!r} is not a plain database name")
        values = {"application": APPLICATION, "password": self.application_password, "database": name}
        self._run_sql("".join(f"\\set {key} {value}\n" for key, value in values.items()) + DATABASE_SCRIPT)
        return self._url(APPLICATION, self.application_password, name)

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql+psycopg://{user}:{password}@/{database}?host={self.sockets}&port={PORT}"

    def _run_sql(self, script: str) -> None:
        """Run a script as superuser: by psql, because libpq in our own process reads `PG...` variables."""
        command = [
            self.programs.path("psql"),
            "--no-psqlrc",
            "--quiet",
            "--no-password",
            "--set=ON_ERROR_STOP=1",
        ]
        command += [f"--host={self.sockets}", f"--port={PORT}", f"--username={SUPERUSER}", "postgres"]
        done = subprocess.run(  # noqa: S603  programs that find_programs found, arguments of ours
            command,
            check=False,
            input=script,
            capture_output=True,
            text=True,
            cwd="/",
            env={**ENVIRONMENT, "PGPASSWORD": self.superuser_password},
        )
        if done.returncode != 0:
            raise ClusterFailed(f"the private database refused to be set up: {done.stderr.strip()}")


@contextlib.contextmanager
def private_cluster(home: Path, ourselves: str = "", *, durable: bool = True) -> Generator[Cluster]:
    """Run the private cluster of `home` (under `home/postgres`) until the block ends.

    `ourselves` is what another process is told that wants the same home meanwhile. `durable=False` trades
    safety against power cuts for speed: for databases that are thrown away. What a killed predecessor left
    is stopped and recovered. Enter it in the main thread: the kernel stops the server when the thread ends.

    Raises `PostgresUnusable`, `ClusterBusy` or `ClusterFailed`, each with a sentence for a person.
    """
    place = home.absolute() / "postgres"
    server = Server(place, durable=durable)
    with contextlib.ExitStack() as undo:
        try:
            # Others may pass through, else the server's user could not reach its data; the rest is private.
            home.mkdir(mode=0o711, parents=True, exist_ok=True)
            place.mkdir(mode=0o711, exist_ok=True)
            undo.enter_context(claim(place / "lock", ourselves))
            superuser_password = kept_secret(place / "secrets" / "superuser")
            application_password = kept_secret(place / "secrets" / "application")
        except AlreadyClaimed as held:
            raise ClusterBusy(f"{home.absolute()} is already in use by {held.holder}.") from None
        except OSError as error:
            raise PostgresUnusable(f"{error.filename} can't be used: {error.strerror}.") from error
        server.make_data(superuser_password)
        sockets, process = undo.enter_context(server.running())
        yield Cluster(server.programs, sockets, superuser_password, application_password, process)


def cluster_user(home: Path) -> str | None:
    """Say who runs the private cluster of `home` at this moment, or None."""
    return claim_holder(home.absolute() / "postgres" / "lock")
