"""`gridpatrol admin create` as a process: the first account of an empty installation, and of no other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.settings import Settings
from tests.conftest import opened_house
from tests.http.test_passwords import signs_in
from tests.http.test_people import PASSWORD


@pytest.fixture
def nobody_there(empty_url: str, tmp_path: Path) -> Settings:
    """Return the settings of an installation with tables and nobody in them."""
    return Settings(demo=True, database_url=empty_url, home=tmp_path)


def created(settings: Settings, username: str, password: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a password on its standard input."""
    return subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "api.cli", "admin", "create", username, *more],
        env={
            **os.environ,
            "GRIDPATROL_DEMO": "true",
            "GRIDPATROL_DATABASE_URL": settings.required_database_url,
            "GRIDPATROL_HOME": str(settings.home),
        },
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_the_first_administrator_may_sign_in_and_is_the_only_one_made_so(
    nobody_there: Settings,
) -> None:
    made = created(nobody_there, "chief", PASSWORD, "--name", "任管理")
    assert (made.returncode, made.stderr) == (0, ""), made.stderr
    assert made.stdout == "chief may sign in now, as an administrator.\n"
    async with opened_house(nobody_there) as house:
        assert (await signs_in(house, "chief", PASSWORD)).status_code == 200
        people = (await (await house.caller("chief")).get("/v1/people")).json()["items"]
    assert [(one["username"], one["name"], one["role"]) for one in people] == [
        ("chief", "任管理", "administrator")
    ]
    again = created(nobody_there, "rival", PASSWORD)
    assert again.returncode == 1
    assert again.stderr.startswith("gridpatrol: There is an administrator already")


def test_what_can_be_no_account_is_refused_in_a_sentence(nobody_there: Settings) -> None:
    for username, password, exit_code, told in (
        ("chief", "short", 1, "gridpatrol: A password has at least 10 characters"),
        ("chief", "", 1, "gridpatrol: A password has at least 10 characters"),
        ("chief", "chief-chief-chief", 1, "gridpatrol: A password has at least 10 characters"),
        ("The Chief", PASSWORD, 2, "String should match pattern"),
    ):
        refused = created(nobody_there, username, password)
        assert refused.returncode == exit_code, refused.stderr
        assert told in refused.stderr
        assert "Traceback" not in refused.stderr
        assert not password or password not in refused.stdout + refused.stderr
