"""Why this officer: the stored reasons of a choice, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.domain.checkers import Avoided
from api.domain.limits import Language

_RELAXED: Mapping[str, tuple[str, str]] = {
    Avoided.REGULAR_OFFICER: (
        "人手不足，由本网格的网格员承担",
        "short of staff: a regular officer of the grid goes",
    ),
    Avoided.EARLIER_CHECKER: (
        "人手不足，由原核查人承担",
        "short of staff: who checked it before goes again",
    ),
    Avoided.REPORTER: ("人手不足，由上报人承担", "short of staff: the reporter goes"),
}

_NOBODY = {
    "no_staff": ("没有可派的网格员，等待督查员安排", "there is nobody to ask: a supervisor names somebody"),
    "attempts": ("多人未办，等待督查员安排", "several were asked in vain: a supervisor names somebody"),
}


def reasons(choice: Mapping[str, Any], language: Language) -> list[str]:
    """Return the reasons of a choice (`Choice.as_json`, and what was kept beside it), one sentence each."""
    return [en if language == "en" else zh for zh, en in _reasons(choice)]


def _reasons(choice: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "lot" in choice:
        lot, share = choice["lot"], choice["share"]
        yield f"随机抽中：{lot} < {share}", f"drawn by lot: {lot} < {share}"
    if "named_by" in choice:
        yield f"由{choice['named_by']}指定", f"named by {choice['named_by']}"
    if "nobody" in choice:
        yield _NOBODY[choice["nobody"]]
    if "cost_m" not in choice:
        return
    if choice["distance_m"] is None:
        yield "位置不明", "nobody knows where she is"
    else:
        away_m = round(choice["distance_m"])
        zh, en = (
            ("最近位置", "where she was last seen")
            if choice["is_from_position"]
            else ("网格中心", "her grid")
        )
        yield f"距{zh}{away_m}米", f"{away_m} m from {en}"
    yield f"手上还有{choice['load']}项任务", f"{choice['load']} other open tasks"
    if choice["recent"]:
        yield (
            f"近期核查过该单位{choice['recent']}次",
            f"{choice['recent']} recent tasks on the same unit's work",
        )
    yield f"{choice['candidates']}人中选出", f"chosen among {choice['candidates']}"
    for one in choice["relaxed"]:
        yield _RELAXED[one]
