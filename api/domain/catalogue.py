"""What can be reported: classes (大类 / 小类) and the conditions under which a case is filed (立案条件).

The filing condition owns the deadline, not the class: a manhole cover that is missing is a matter of hours,
one that rattles a matter of days. A catalogue is data that every city brings itself (立结案标准). Reading one
from CSV is `api.domain.catalogue_csv`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from api.domain.category_codes import CategoryCode, ConditionCode, Kind
from api.domain.deadlines import Milestone
from api.domain.errors import NotFound, Refusal
from api.domain.limits import Limit


class CatalogueRefused(Refusal):
    """The catalogue has rows that cannot be read."""

    code = "catalogue_refused"


@dataclass(frozen=True, slots=True)
class Category:
    """A minor class (小类) together with the major class (大类) that it belongs to.

    `scheme` says whose numbering the code follows (`gbt30428-2013`, `cjt214-2007`, `local` ...): the two
    national schemes swap majors 04 and 05 of events, so that a code alone does not say what is meant.
    `questions` is what it asks of reporters (`api.domain.questions`), None where it asks nothing.
    """

    code: str
    scheme: str
    kind: Kind
    major_code: str
    major_zh: str
    major_en: str
    minor_code: str
    minor_zh: str
    minor_en: str
    questions: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def major(self) -> str:
        """The prefix that all classes of the same major share, such as `E04`."""
        return f"{self.kind.letter}{self.major_code}"


@dataclass(frozen=True, slots=True)
class Condition:
    """When a class is filed (立案条件), when it may be closed (结案条件), and how long that may take.

    `milestones` (先制止、再查处、后拆除) is empty or ends with `limit` itself. `after_photo` is false where a
    photo proves nothing, as with noise. `self_fix` is true where the officer may put it right on the spot
    (即查即改).
    """

    category_code: str
    number: int
    condition_zh: str
    condition_en: str
    closing_zh: str
    closing_en: str
    limit: Limit
    milestones: tuple[Milestone, ...]
    after_photo: bool
    self_fix: bool

    @property
    def code(self) -> str:
        """Class code and number, such as `P0101-2`."""
        return str(ConditionCode(self.category_code, self.number))


@dataclass(frozen=True, slots=True)
class CatalogueProblem:
    """Why a row of a catalogue file was not taken.

    `line` counts lines of the file from 1, so that an editor jumps to it; a row that spans lines is named by
    its first. `column` is the heading, or `None` when the whole row or file is meant. `code` is stable.
    """

    line: int
    column: str | None
    code: str
    detail: str


@dataclass(frozen=True)
class Catalogue:
    """Classes and conditions by code, in the order of the file, and what could not be read.

    A row with a problem is never half taken: it is in `problems` and nowhere else.
    """

    categories: Mapping[str, Category]
    conditions: Mapping[str, Condition]
    problems: tuple[CatalogueProblem, ...] = ()

    @cached_property
    def conditions_by_category(self) -> Mapping[str, tuple[Condition, ...]]:
        """The conditions of each class, lowest number first."""
        grouped: dict[str, list[Condition]] = {code: [] for code in self.categories}
        for condition in self.conditions.values():
            grouped[condition.category_code].append(condition)
        return MappingProxyType(
            {code: tuple(sorted(found, key=lambda c: c.number)) for code, found in grouped.items()}
        )

    def category(self, code: CategoryCode | str) -> Category:
        """Return the class with this code; `NotFound` if the catalogue has none."""
        try:
            return self.categories[str(code)]
        except KeyError:
            raise NotFound("The catalogue has no such class.", category=str(code)[:40]) from None

    def condition(self, code: ConditionCode | str) -> Condition:
        """Return the condition with this code; `NotFound` if the catalogue has none."""
        try:
            return self.conditions[str(code)]
        except KeyError:
            raise NotFound("The catalogue has no such condition.", condition=str(code)[:40]) from None

    def accepted(self) -> "Catalogue":
        """Return the catalogue itself when every row was read; else `CatalogueRefused` with all problems."""
        if self.problems:
            first = self.problems[0]
            raise CatalogueRefused(
                f"{len(self.problems)} problems; the first in line {first.line}: {first.detail}",
                problems=[asdict(problem) for problem in self.problems],
            )
        return self
