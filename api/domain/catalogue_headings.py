"""Finds the headings in a sheet of a class catalogue, by the names that offices give them in Chinese and English."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.domain.catalogue_cells import CellWrong, narrowed
from api.domain.catalogue_limits import parse_unit
from api.domain.category_codes import Kind
from api.domain.limits import LimitUnit
from api.domain.sheets import Row, Sheet

HEADING_ROWS_MAX = 10
"""Titles, dates and notes may stand above the headings, in so many rows."""

_KNOWN_MIN = 3
"""Fewer known words in a row are a coincidence."""

_ALIASES: dict[str, tuple[str, ...]] = {
    "scheme": ("标准", "编码标准", "分类标准", "编码体系"),
    "kind": ("类型", "案件类型", "问题类型", "部件事件", "部件/事件"),
    "major_code": ("大类代码", "大类编码", "大类编号", "大类号", "majorcode"),
    "major_zh": ("大类名称", "大类", "majorclass"),
    "major_en": ("大类英文名称", "大类名称英文", "大类英文"),
    "minor_code": ("小类代码", "小类编码", "小类编号", "小类号", "minorcode"),
    "minor_zh": ("小类名称", "小类", "minorclass"),
    "minor_en": ("小类英文名称", "小类名称英文", "小类英文"),
    "condition_no": ("立案条件序号", "立案条件编号", "立案条件代码", "立案序号", "条件序号", "条件编号"),
    "condition_zh": ("立案条件描述", "立案条件内容", "立案条件", "立案标准", "立案规范", "condition"),
    "condition_en": ("立案条件英文", "立案条件描述英文"),
    "closing_zh": ("结案条件描述", "结案条件内容", "结案条件", "结案标准", "结案规范", "closingcondition"),
    "closing_en": ("结案条件英文", "结案条件描述英文"),
    "limit": ("处置时限", "处理时限", "办理时限", "处置期限", "时限", "timelimit"),
    "limit_value": ("时限值", "时限数值", "处置时限数值", "处理时限数值", "limitvalue"),
    "limit_unit": ("时限单位", "处置时限单位", "处理时限单位", "limitunit"),
    "milestones": ("阶段时限", "分阶段时限"),
    "milestones_en": ("阶段英文名称", "阶段名称英文", "阶段英文"),
    "after_photo": ("处置后照片", "需处置后照片", "是否需要处置后照片", "afterphoto"),
    "self_fix": ("即查即改", "可即查即改", "是否即查即改", "自行处置", "可自行处置", "selffix"),
    "questions": ("补充问题", "附加问题"),
}
_COLUMNS = {
    written: column
    for column, aliases in _ALIASES.items()
    for written in (column, column.replace("_", ""), *aliases)
}
_SAYS_NOTHING = frozenset({"备注", "序号", "编号", "说明", "remarks", "note", "no", "no."})
"""Columns that are left out without a word: they say nothing about a class."""

NEEDED = ("minor_code", "major_zh", "minor_zh", "condition_zh", "closing_zh")

_KINDS = {Kind.PART: ("部件", "part"), Kind.EVENT: ("事件", "event")}
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Headings:
    """Where a sheet has what: the columns by their index, their words, and the last line of the headings."""

    columns: Mapping[str, int]
    words: tuple[str, ...]
    first_line: int
    last_line: int
    unit: LimitUnit | None
    """The unit that the heading of the limits names, as in 处置时限（工作日）."""
    ignored: tuple[str, ...]
    repeated: tuple[str, ...]

    def title(self, column: str) -> str:
        """Return what the sheet itself calls a column; its own name where the sheet has none."""
        at = self.columns.get("limit" if column in {"limit_value", "limit_unit"} else column)
        return self.words[at] if at is not None else column

    @property
    def missing(self) -> list[str]:
        """The columns without which nothing can be read."""
        missing = [column for column in NEEDED if column not in self.columns]
        if "limit" not in self.columns and not {"limit_value", "limit_unit"} <= self.columns.keys():
            missing.append("limit")
        return missing


def kind_of_name(name: str) -> Kind | None:
    """Tell what a sheet is about by its name; None where that says neither or both."""
    found = [kind for kind, words in _KINDS.items() if any(word in name.casefold() for word in words)]
    return found[0] if len(found) == 1 else None


def alias_of(column: str) -> str:
    """Return how offices call a column, for whoever has to add it."""
    return _ALIASES[column][0]


def find_headings(sheet: Sheet) -> Headings | None:
    """Return the headings of a sheet, of one row or of two where the upper one spans columns; None without any."""
    rows = sheet.rows[:HEADING_ROWS_MAX]
    for number, row in enumerate(rows):
        below = rows[number + 1] if number + 1 < len(rows) else None
        if below is not None and _is_second(row, below):
            found = _headings(_combined(row, below), row.line, below.line)
            if found is not None:
                return found
        found = _headings(row.cells, row.line, row.line)
        if found is not None:
            return found
    return None


def _headings(words: Sequence[str], first_line: int, last_line: int) -> Headings | None:
    columns: dict[str, int] = {}
    unit: LimitUnit | None = None
    ignored: list[str] = []
    repeated: list[str] = []
    for at, word in enumerate(words):
        column, named_unit = _column(word)
        if column is None:
            if narrowed(word) not in _SAYS_NOTHING | {""}:
                ignored.append(word)
        elif column in columns:
            repeated.append(word)
        else:
            columns[column] = at
            unit = named_unit if column in {"limit", "limit_value"} else unit
    if len(columns) < _KNOWN_MIN or not columns.keys() & {"minor_code", "minor_zh"}:
        return None
    return Headings(columns, tuple(words), first_line, last_line, unit, tuple(ignored), tuple(repeated))


def _column(word: str) -> tuple[str | None, LimitUnit | None]:
    plain = narrowed(word).strip("*:")
    whole = plain.replace("(", "").replace(")", "")
    if whole in _COLUMNS:
        return _COLUMNS[whole], None
    # What stands in brackets explains, and names a unit where it is one.
    column = _COLUMNS.get(_IN_BRACKETS.sub("", plain))
    if column not in {"limit", "limit_value"}:
        return column, None
    for inside in _IN_BRACKETS.findall(plain):
        try:
            return column, parse_unit(inside)
        except CellWrong:
            continue
    return column, None


def _is_second(upper: Row, lower: Row) -> bool:
    """Tell whether a row names the parts of headings above it, which were merged over several columns or rows."""
    if len(upper.cells) < len(lower.cells):
        return False
    own = [
        (above, below)
        for above, below in zip(upper.cells, lower.cells, strict=False)
        if below and below != above
    ]
    spans = {
        word for word, after in zip(upper.cells, upper.cells[1:], strict=False) if word and word == after
    }
    return bool(own) and all(above in spans for above, _ in own)


def _combined(upper: Row, lower: Row) -> list[str]:
    below = lower.cells + ("",) * (len(upper.cells) - len(lower.cells))
    return [
        above if part in {"", above} else above + part for above, part in zip(upper.cells, below, strict=True)
    ]
