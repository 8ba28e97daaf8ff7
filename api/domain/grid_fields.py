"""What a feature of a map says of a grid besides its shape: code, names, level, parent, unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final

from api.domain.grids import CodePattern, GridCodeWrong, GridLevel
from api.domain.imports import Finding

NAME_MAX: Final = 100
UNIT_CODE_MAX: Final = 50
_SHOWN_MAX: Final = 40
_SPACES: Final = {0x3000: " ", 0x00A0: " "}
"""The wide space of Chinese keyboards and the one that web pages don't break at, to an ordinary one."""

_LEVEL_WORDS: Final[Mapping[str, GridLevel]] = {
    word: level
    for level, words in (
        (GridLevel.CITY, ("city", "市", "市级")),
        (GridLevel.DISTRICT, ("district", "county", "区县", "区", "县", "区级", "县级", "区县级")),
        (
            GridLevel.STREET,
            ("street", "township", "街道", "乡镇", "镇", "乡", "街道级", "镇街", "镇街级", "街镇"),
        ),
        (GridLevel.COMMUNITY, ("community", "village", "社区", "村", "社区级", "村居", "村社")),
        (GridLevel.UNIT_GRID, ("unit_grid", "unit grid", "grid", "单元网格", "基础网格", "网格", "网格级")),
    )
    for word in words
}


@dataclass(frozen=True, slots=True)
class GridFields:
    """Which properties of a feature are meant, by the names they may have; the first that says something counts.

    Names are compared without regard to case and blanks. `BGCode` is the name in CJ/T 213.
    """

    code: tuple[str, ...] = (
        *("code", "grid_code", "gridcode", "bgcode", "bgid"),
        *("网格编码", "网格编号", "网格代码", "单元网格编码", "编码", "编号", "代码"),
    )
    name_zh: tuple[str, ...] = ("name_zh", "name", "grid_name", "gridname", "bgname", "网格名称", "名称")
    name_en: tuple[str, ...] = ("name_en", "english_name", "英文名称", "英文名")
    level: tuple[str, ...] = ("level", "grid_level", "网格级别", "网格层级", "级别", "层级")
    parent: tuple[str, ...] = ("parent", "parent_code", "pcode", "上级编码", "上级网格", "父级编码")
    unit: tuple[str, ...] = ("unit", "unit_code", "dept_code", "责任单位编码", "单位编码", "责任单位")


@dataclass(frozen=True, slots=True)
class GridFacts:
    """What is said of one grid; a code that is none is not here."""

    code: str
    name_zh: str
    name_en: str
    level: GridLevel
    parent: str | None
    unit: str | None


def has_field(properties: Iterable[Mapping[str, object]], names: Iterable[str]) -> bool:
    """Tell whether any feature has a property with one of these names, be it empty."""
    wanted = frozenset(map(_bare, names))
    return any(_bare(name) in wanted for named in properties for name in named)


class GridFactsReader:
    """Reads the properties of features one after the other and keeps what is wrong with them in `findings`."""

    def __init__(self, wanted: GridFields, pattern: CodePattern) -> None:
        self.findings: list[Finding] = []
        self._pattern = pattern
        self._wanted: dict[str, tuple[str, ...]] = {
            field.name: tuple(map(_bare, getattr(wanted, field.name))) for field in fields(wanted)
        }
        self._lines: dict[str, int] = {}
        self.codes: dict[int, str] = {}
        """By number, also of features that can't be taken for another reason."""

    def finding_without_codes(self, properties: Iterable[Mapping[str, object]]) -> Finding | None:
        """Return what is wrong with a file none of whose features has a property for the code."""
        found = {name for named in properties for name in named}
        if any(_bare(name) in self._wanted["code"] for name in found):
            return None
        listed = ", ".join(sorted(found)[:20]) or "none at all"
        names = ", ".join(self._wanted["code"])
        detail = f"No property holds the codes: one must be named {names}; the file has {listed}."
        return Finding("code_column_missing", detail)

    def read(self, number: int, properties: Mapping[str, object]) -> GridFacts | None:
        """Return what this feature says, None if it can't be taken; what is wrong is added to the findings."""
        before = len(self.findings)
        named = {_bare(name): (name, value) for name, value in properties.items()}
        code = self._code(number, named)
        texts = _Texts(number, code, named, self._wanted, self.findings)
        name_zh = texts.read("name_zh", NAME_MAX)
        name_en = texts.read("name_en", NAME_MAX)
        unit = texts.read("unit", UNIT_CODE_MAX)
        if code is None:
            return None
        level, parent = self._pattern.level_of(code), self._pattern.parent_of(code)
        self._check_level(texts, level)
        self._check_parent(texts, parent)
        if not name_zh:
            texts.tell("name_missing", "name_zh", "It has no name; its code stands for it.", is_warning=True)
        if any(not finding.is_warning for finding in self.findings[before:]):
            return None
        return GridFacts(code, name_zh or code, name_en or "", level, parent, unit)

    def _code(self, number: int, named: Mapping[str, tuple[str, object]]) -> str | None:
        column, value = _first(named, self._wanted["code"])
        if value is None:
            self.findings.append(Finding("code_missing", "It has no code.", line=number, column=column))
            return None
        if not isinstance(value, str):
            detail = f"The code {_shown(value)} is no text: a number loses zeros at its front and digits at its end."
            self.findings.append(Finding("code_not_text", detail, line=number, column=column))
            return None
        code = value.strip()
        try:
            self._pattern.level_of(code)
        except GridCodeWrong as error:
            self.findings.append(
                Finding("code_wrong", f"{error}.", line=number, column=column, key=code[:_SHOWN_MAX])
            )
            return None
        first = self._lines.setdefault(code, number)
        if first != number:
            detail = f"Feature {first} has this code, too."
            self.findings.append(Finding("code_twice", detail, line=number, column=column, key=code))
            return None
        self.codes[number] = code
        return code

    def _check_level(self, texts: "_Texts", level: GridLevel) -> None:
        said = texts.read("level", NAME_MAX)
        if said is None:
            return
        meant = _LEVEL_WORDS.get(said.lower())
        if meant is None:
            known = ", ".join(GridLevel)
            texts.tell("level_unknown", "level", f"{said!r} is no level: {known}, or their names in Chinese.")
        elif meant is not level:
            texts.tell(
                "level_wrong", "level", f"It says {meant}, but its code is as long as that of a {level}."
            )

    def _check_parent(self, texts: "_Texts", parent: str | None) -> None:
        said = texts.read("parent", NAME_MAX)
        if said is not None and said != parent:
            must = f"its code lies in {parent}" if parent is not None else "it is a city and has none"
            texts.tell("parent_wrong", "parent", f"It says that {said!r} is around it, but {must}.")


class _Texts:
    """The properties of one feature that are text."""

    def __init__(
        self,
        number: int,
        key: str | None,
        named: Mapping[str, tuple[str, object]],
        wanted: Mapping[str, tuple[str, ...]],
        findings: list[Finding],
    ) -> None:
        self._number = number
        self._key = key
        self._named = named
        self._wanted = wanted
        self._findings = findings

    def read(self, field: str, longest: int) -> str | None:
        """Return the text of a field without blanks around it; None if there is none or it can't be taken."""
        _, value = _first(self._named, self._wanted[field])
        if value is None:
            return None
        if not isinstance(value, str):
            self.tell("not_text", field, f"{_shown(value)} is no text.")
            return None
        text = value.translate(_SPACES).strip()
        if len(text) > longest:
            self.tell("too_long", field, f"It has {len(text)} characters; {longest} are the most.")
        elif not text.isprintable():
            self.tell("not_text", field, "It has characters that can't be shown, such as line breaks.")
        else:
            return text or None
        return None

    def tell(self, code: str, field: str, detail: str, *, is_warning: bool = False) -> None:
        """Add a finding about a field."""
        column, _ = _first(self._named, self._wanted[field])
        self._findings.append(
            Finding(code, detail, line=self._number, column=column, key=self._key, is_warning=is_warning)
        )


def _first(named: Mapping[str, tuple[str, object]], names: Iterable[str]) -> tuple[str | None, object]:
    """Return name and value of the first property that says something; of those that say nothing, the first's."""
    empty: str | None = None
    for name in names:
        if name in named:
            column, value = named[name]
            if value is not None and not (isinstance(value, str) and not value.strip()):
                return column, value
            empty = empty or column
    return empty, None


def _bare(name: str) -> str:
    return "".join(name.casefold().split())


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."
