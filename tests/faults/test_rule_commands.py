"""`gridpatrol import rules` and `gridpatrol export rules` as processes: out, into git, and in again."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from api.settings import Settings
from tests.conftest import House
from tests.http.rule_editing import RULES, read, sent_to


async def ran(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    environment = {
        **os.environ,
        "GRIDPATROL_DEMO": "true",
        "GRIDPATROL_DATABASE_URL": settings.required_database_url,
        "GRIDPATROL_HOME": str(settings.home),
    }
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "api.cli", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_rules_go_out_are_edited_and_come_in_again_while_the_api_runs(
    house: House, tmp_path: Path
) -> None:
    settings, file = house.wiring.settings, tmp_path / "rules.yaml"
    assert await sent_to(house) == "cityscape"
    out = await ran(settings, "export", "rules", str(file))
    assert (out.returncode, out.stderr) == (0, "")
    printed = await ran(settings, "export", "rules")
    assert printed.stdout == file.read_text("utf-8")
    same = await ran(settings, "import", "rules", str(file))
    total = len((await read(house, f"{RULES}?limit=200"))["items"])
    assert (same.returncode, same.stdout) == (0, f"{total} rules unchanged.\n"), same.stderr
    edited = file.read_text("utf-8").replace(
        "- id: e0406\n  category: E0406\n  lead_unit: cityscape\n",
        "- id: e0406\n  category: E0406\n  lead_unit: market\n",
    )
    file.write_text(edited, "utf-8")
    dry = await ran(settings, "import", "rules", str(file), "--dry-run")
    assert dry.stdout == f"changed: e0406\n{total - 1} rules unchanged. Nothing was stored.\n", dry.stderr
    assert await sent_to(house) == "cityscape"
    stored = await ran(settings, "import", "rules", str(file), "--json")
    assert json.loads(stored.stdout) == {
        "is_dry_run": False,
        "added": [],
        "changed": ["e0406"],
        "removed": [],
        "unchanged": total - 1,
    }
    assert await sent_to(house) == "market"


async def test_a_file_that_is_wrong_is_told_line_by_line_and_changes_nothing(
    house: House, tmp_path: Path
) -> None:
    settings, file = house.wiring.settings, tmp_path / "rules.yaml"
    before = await read(house, f"{RULES}?limit=200")
    file.write_text(
        "rules:\n- {id: a, lead_unit: navy, name_zh: 名, name_en: A}\n"
        "- id: b\n  category: E0499\n  lead_unit: street\n  name_zh: 名\n  name_en: B\n",
        "utf-8",
    )
    refused = await ran(settings, "import", "rules", str(file))
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f'{file}:2: /rules/0/lead_unit: Rule "A" names unit navy, and none is in use.',
        f'{file}:4: /rules/1/category: Rule "B" names class E0499, and none is in use.',
    ]
    file.write_text("rules: [", "utf-8")
    unreadable = await ran(settings, "import", "rules", str(file))
    assert unreadable.returncode == 1
    assert unreadable.stderr.startswith("gridpatrol: Line ")
    absent = await ran(settings, "import", "rules", str(tmp_path / "absent.yaml"))
    assert (absent.returncode, "No such file" in absent.stderr) == (1, True)
    assert await read(house, f"{RULES}?limit=200") == before
