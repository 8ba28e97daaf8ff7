"""Why a ticket waits, and what is to be done about it, in Chinese and in English."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from api.domain.cases import Triage


class TriageWords(NamedTuple):
    """Why a ticket waits, and what whoever has to act does: (zh, en) each."""

    why: tuple[str, str]
    advice: tuple[str, str]


TRIAGE_WORDS: Mapping[Triage, TriageWords] = MappingProxyType(
    {
        Triage.NOT_AN_OFFICER: TriageWords(
            ("非网格员上报，待受理员立案", "Not an officer's report: a dispatcher files it."),
            ("核对类别和位置后立案，或发核实、不予立案。", "File it, have it verified, or reject it."),
        ),
        Triage.OUTSIDE_GRIDS: TriageWords(
            ("位置不在任何网格内", "The place is outside all grids."),
            ("指定网格后立案，或不予立案。", "Name a grid and file it, or reject it."),
        ),
        Triage.CONDITION_OPEN: TriageWords(
            ("立案条件待确定", "The filing condition is still to be chosen."),
            ("选定立案条件后立案。", "Choose the filing condition and file it."),
        ),
        Triage.PHOTOS_AWAITED: TriageWords(
            ("等待照片上传", "It waits for its photos."),
            (
                "照片到齐后自动立案；也可不等照片直接立案。",
                "It is filed when they come; or file it without them.",
            ),
        ),
        Triage.NO_RULE: TriageWords(
            ("没有匹配的派遣规则", "No dispatch rule matches."),
            (
                "派遣给责任单位；再有同类案件，请管理员补充派遣规则。",
                "Dispatch it to a unit; if there are more like it, an administrator adds a rule.",
            ),
        ),
        Triage.NO_DEADLINE: TriageWords(
            ("日历未加载到截止日期", "The calendar ends before the due time."),
            (
                "请管理员加载日历；尚未派遣的案件随后派遣。",
                "An administrator loads the calendar; a ticket that no unit has is dispatched after that.",
            ),
        ),
        Triage.RETURNED: TriageWords(
            ("责任单位已回退，待重新派遣", "The unit returned it: send it to another."),
            ("派遣给别的单位，或指定管辖。", "Dispatch it to another unit, or rule who is responsible."),
        ),
        Triage.ADJUDICATION: TriageWords(
            ("第二个单位回退，待指定管辖", "A second unit returned it: a ruling is needed."),
            ("指定管辖；指定后不得再回退。", "Rule who is responsible; after that nobody returns it."),
        ),
    }
)
