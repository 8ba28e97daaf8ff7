"""The PostgreSQL of this machine: which programs a private cluster can run, and as whom."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api.adapters.processes import SYSTEM_PATH

OLDEST_MAJOR = 15
DEBIAN_VERSIONS = Path("/usr/lib/postgresql")
SERVER_ACCOUNTS = ("postgres", "gridpatrol")
"""System users that may run the server when we are root, best first; the last is made when none exists."""


class PostgresUnusable(Exception):  # noqa: N818  a sentence for the person who starts the program
    """This machine can't run the private cluster; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one PostgreSQL release."""

    major: int
    folder: Path
    has_postgis: bool

    def path(self, name: str) -> str:
        """Return the path of a program such as `initdb`."""
        return str(self.folder / name)


@dataclass(frozen=True, slots=True)
class Account:
    """The user a server runs as when it can't run as us."""

    name: str
    uid: int
    gid: int


def find_programs(major: int | None = None) -> Programs:
    """Return the newest usable release, or exactly `major` when data of that release exist already.

    Raises `PostgresUnusable` with what to install.
    """
    found = sorted(_installed(), key=lambda programs: programs.major, reverse=True)
    fitting = [programs for programs in found if major in {None, programs.major}]
    if usable := next((programs for programs in fitting if programs.has_postgis), None):
        return usable
    if fitting:
        number = fitting[0].major
        raise PostgresUnusable(
            f"PostgreSQL {number} is installed without PostGIS: install postgresql-{number}-postgis-3."
        )
    if major is not None:
        raise PostgresUnusable(
            f"the database was made by PostgreSQL {major}, which is not installed:"
            f" install postgresql-{major} and postgresql-{major}-postgis-3."
        )
    raise PostgresUnusable(
        f"no PostgreSQL {OLDEST_MAJOR} or newer is installed: install postgresql and postgresql-postgis"
        " (on Debian 12: postgresql-15 and postgresql-15-postgis-3)."
    )


def server_account(data: Path) -> Account | None:
    """Return the user that has to run the server of `data`, or None when we run it ourselves.

    PostgreSQL refuses to run as root. Then the owner of existing data runs it, else a system user. Raises
    `PostgresUnusable` when the data belong to somebody else and we are not root.
    """
    owner = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise PostgresUnusable(
                f"{data} belongs to user {_user_name(owner.st_uid)}: start as root or as that user,"
                " or set GRIDPATROL_HOME to a folder of your own."
            )
        return None
    if owner and owner.st_uid != 0:
        return Account(_user_name(owner.st_uid), owner.st_uid, owner.st_gid)
    known = (account for account in map(_account, SERVER_ACCOUNTS) if account)
    return next(known, None) or _make_account(SERVER_ACCOUNTS[-1])


def _installed() -> Iterator[Programs]:
    folders = [*DEBIAN_VERSIONS.glob("*/bin")]
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if not all((folder / name).is_file() for name in ("postgres", "initdb", "psql")):
            continue
        version = re.search(r"\) (\d+)", _output([str(folder / "postgres"), "--version"]))
        if version and int(version[1]) >= OLDEST_MAJOR:
            yield Programs(int(version[1]), folder, _has_postgis(folder, int(version[1])))


def _has_postgis(folder: Path, major: int) -> bool:
    shares = [Path(f"/usr/share/postgresql/{major}")]
    pg_config = folder / "pg_config"
    if pg_config.is_file():
        shares.append(Path(_output([str(pg_config), "--sharedir"]).strip()))
    return any((share / "extension" / "postgis.control").is_file() for share in shares)


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30).stdout  # noqa: S603  our list


def _account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make_account(name: str) -> Account:
    useradd = shutil.which("useradd", path=SYSTEM_PATH)
    command = [
        useradd or "",
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        name,
    ]
    if useradd is None or subprocess.run(command, check=False).returncode != 0:  # noqa: S603  a constant name
        raise PostgresUnusable(
            "PostgreSQL refuses to run as root and there is no user `postgres`:"
            " create that user, or start as a user who is not root."
        )
    entry = pwd.getpwnam(name)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
