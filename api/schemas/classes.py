"""Whole classes on the wire, as administrators maintain them, and the versions of the catalogue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.domain.catalogue import Category, Condition
from api.domain.catalogue_states import ClassState
from api.domain.category_codes import CONDITION_NUMBER_MAX, Kind, parse_category_code
from api.domain.deadlines import Milestone
from api.domain.errors import FieldWrong
from api.domain.imports import Finding
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit
from api.domain.questions import QUESTIONS_BYTES_MAX, QUESTIONS_MAX, check_questions
from api.language import LanguageCode, name_in
from api.queries.classes import VersionFacts
from api.schemas.base import Input, OneLine, Output, PrintableText
from api.schemas.catalogue import LimitShown, limit_shown
from api.schemas.imports import FindingShown, finding_shown

Name = Annotated[str, Field(min_length=1, max_length=100), OneLine]
Sentence = Annotated[str, Field(min_length=1, max_length=200), OneLine]
Scheme = Annotated[str, Field(min_length=1, max_length=40), OneLine]
ClassCode = Annotated[str, Field(pattern=r"^[PE][0-9]{4}$", examples=["E0406"])]
FileName = Annotated[str, Field(min_length=1, max_length=200), PrintableText]

CatalogueUnit = Literal[
    LimitUnit.URGENT_HOUR,
    LimitUnit.URGENT_DAY,
    LimitUnit.WORKING_HOUR,
    LimitUnit.WORKING_DAY,
    LimitUnit.CALENDAR_DAY,
]


class ClassImportQuery(Input):
    """How a file of classes is meant."""

    dry_run: bool = Field(default=False, description="Store nothing; say what would change.")
    complete: bool = Field(default=False, description="The file has all classes: what it lacks is retired.")
    scheme: Scheme | None = Field(
        default=None,
        description="Whose numbering the codes follow (`gbt30428-2013`, `local` ...), where the file does not say.",
    )
    encoding: Literal["utf-8", "gb18030", "gbk", "gb2312"] = Field(default="utf-8", description="Of CSV.")
    name: FileName = Field(default="import", description="Name of the file, for the list of versions.")


class LimitInput(Input):
    """A limit."""

    value: Annotated[int, Field(ge=1, le=LARGEST_LIMIT)]
    unit: CatalogueUnit

    def limit(self) -> Limit:
        """Return the limit that is meant."""
        return Limit(self.value, self.unit)


class MilestoneInput(Input):
    """A step on the way, counted from the same start."""

    name_zh: Name
    name_en: Name
    limit: LimitInput


class ConditionInput(Input):
    """A filing condition (立案条件), what ends it (结案条件), and how long that may take."""

    number: Annotated[int, Field(ge=1, le=CONDITION_NUMBER_MAX)]
    condition_zh: Sentence
    condition_en: Sentence
    closing_zh: Sentence
    closing_en: Sentence
    limit: LimitInput
    milestones: Annotated[list[MilestoneInput], Field(max_length=20)] = Field(
        default=[], description="The last is the limit itself (先制止、再查处、后拆除)."
    )
    after_photo: bool
    self_fix: bool
    is_active: bool = True

    def condition(self, category_code: str, pointer: str) -> Condition:
        """Return the condition that is meant; FieldWrong when its milestones end elsewhere."""
        limit = self.limit.limit()
        steps = tuple(Milestone(one.name_zh, one.name_en, one.limit.limit()) for one in self.milestones)
        if steps and steps[-1].limit != limit:
            said = "The last milestone and the limit differ."
            raise FieldWrong(f"{pointer}/milestones", "milestones_end_elsewhere", said)
        return Condition(
            category_code=category_code,
            number=self.number,
            condition_zh=self.condition_zh,
            condition_en=self.condition_en,
            closing_zh=self.closing_zh,
            closing_en=self.closing_en,
            limit=limit,
            milestones=steps,
            after_photo=self.after_photo,
            self_fix=self.self_fix,
        )


class ClassInput(Input):
    """A whole class."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new class has none, or 0."
    )
    scheme: Scheme = Field(description="Whose numbering the code follows. A class never changes it.")
    major_zh: Name
    major_en: Name
    minor_zh: Name
    minor_en: Name
    conditions: Annotated[list[ConditionInput], Field(min_length=1, max_length=CONDITION_NUMBER_MAX)] = Field(
        description="All of them; those left out are retired."
    )
    questions: dict[str, Any] | None = Field(
        default=None,
        description=f"What a report has to answer, as JSON Schema of one flat object: at most {QUESTIONS_MAX}"
        f" questions and {QUESTIONS_BYTES_MAX} bytes.",
    )
    is_active: bool

    def state(self, code: str) -> ClassState:
        """Return what is meant; raises FieldWrong and QuestionsRefused for what can't be."""
        parsed = parse_category_code(code, "/path/code")
        category = Category(
            code=code,
            scheme=self.scheme,
            kind=parsed.kind,
            major_code=parsed.major,
            major_zh=self.major_zh,
            major_en=self.major_en,
            minor_code=parsed.minor,
            minor_zh=self.minor_zh,
            minor_en=self.minor_en,
            questions=check_questions(self.questions),
        )
        conditions: dict[int, Condition] = {}
        for at, one in enumerate(self.conditions):
            pointer = f"/conditions/{at}"
            if one.number in conditions:
                said = f"Condition {one.number} is there twice."
                raise FieldWrong(f"{pointer}/number", "condition_repeated", said)
            conditions[one.number] = one.condition(code, pointer)
        retired = frozenset(one.number for one in self.conditions if not one.is_active)
        if self.is_active and not conditions.keys() - retired:
            said = "A class needs a condition in force; or retire the class itself."
            raise FieldWrong("/conditions", "conditions_all_retired", said)
        return ClassState(category, dict(sorted(conditions.items())), retired, self.is_active)


class MilestoneWhole(Output):
    """A step on the way, in both languages."""

    name_zh: str
    name_en: str
    limit: LimitShown


class ConditionWhole(Output):
    """A filing condition in both languages, in force or retired."""

    code: str
    number: int
    condition_zh: str
    condition_en: str
    closing_zh: str
    closing_en: str
    limit: LimitShown
    milestones: list[MilestoneWhole]
    after_photo: bool
    self_fix: bool
    is_active: bool


class ClassWhole(Output):
    """A class in both languages. To change it, send it back without what only follows from the rest."""

    code: str
    name: str
    kind: Kind
    scheme: str
    major_zh: str
    major_en: str
    minor_zh: str
    minor_en: str
    conditions: list[ConditionWhole]
    questions: dict[str, Any] | None
    is_active: bool
    version: int


class ClassPut(ClassWhole):
    """A class that was sent, and what its sender should look at now."""

    warnings: list[FindingShown] = Field(
        description="`recompute_needed`, and `rules_left` for each rule that meets no case any more."
    )


class CatalogueVersionShown(Output):
    """What one import or edit did: how many classes and conditions, taken together."""

    number: int
    at: datetime
    by: str | None = Field(description="Who did it; null: the command line.")
    source: str = Field(description="Name of the file, or `edit`.")
    added: int
    changed: int
    retired: int


class CatalogueVersionPage(Output):
    """A page of versions, the newest first."""

    items: list[CatalogueVersionShown]
    next: str | None


def class_whole(state: ClassState, version: int, language: LanguageCode) -> ClassWhole:
    """Show a class."""
    category = state.category
    return ClassWhole(
        code=category.code,
        name=name_in(language, category.minor_zh, category.minor_en),
        kind=category.kind,
        scheme=category.scheme,
        major_zh=category.major_zh,
        major_en=category.major_en,
        minor_zh=category.minor_zh,
        minor_en=category.minor_en,
        conditions=[
            _condition(one, language, is_active=number not in state.retired)
            for number, one in sorted(state.conditions.items())
        ],
        questions=dict(category.questions) if category.questions else None,
        is_active=state.is_active,
        version=version,
    )


def class_put(shown: ClassWhole, warnings: Sequence[Finding]) -> ClassPut:
    """Show a class that was sent."""
    return ClassPut(**dict(shown), warnings=[finding_shown(one) for one in warnings])


def version_shown(facts: VersionFacts) -> CatalogueVersionShown:
    """Show one version of the catalogue."""
    return CatalogueVersionShown(
        number=facts.number,
        at=facts.at,
        by=facts.by,
        source=facts.source,
        added=facts.added,
        changed=facts.changed,
        retired=facts.retired,
    )


def _condition(condition: Condition, language: LanguageCode, *, is_active: bool) -> ConditionWhole:
    return ConditionWhole(
        code=condition.code,
        number=condition.number,
        condition_zh=condition.condition_zh,
        condition_en=condition.condition_en,
        closing_zh=condition.closing_zh,
        closing_en=condition.closing_en,
        limit=limit_shown(condition.limit, language),
        milestones=[
            MilestoneWhole(name_zh=one.name_zh, name_en=one.name_en, limit=limit_shown(one.limit, language))
            for one in condition.milestones
        ],
        after_photo=condition.after_photo,
        self_fix=condition.self_fix,
        is_active=is_active,
    )
