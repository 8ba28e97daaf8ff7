"""A change of the catalogue: what a file or an edit makes of what is stored, and what stands against it.

Nothing is removed. A class or condition that an office no longer uses is retired: unknown to new reports, and kept for
the tickets that have it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.domain.catalogue import Category, Condition
from api.domain.catalogue_files import CatalogueFile
from api.domain.catalogue_states import ClassState, StoredClass, class_json, condition_json
from api.domain.dispatch_rules import DispatchRule
from api.domain.imports import Finding, ImportChange
from api.domain.kept_changes import KeptChange, Noun

_OF_CLASS = {"major_en": "major_zh", "minor_en": "minor_zh"}
_OF_CONDITION = {"condition_en": "condition_zh", "closing_en": "closing_zh"}
"""English names, each with the Chinese one that it stands beside."""


@dataclass(frozen=True, slots=True)
class ClassChange:
    """What becomes of one class; `before` is None for a new one."""

    before: StoredClass | None
    after: ClassState

    @property
    def version(self) -> int:
        """The version that the class gets."""
        return self.before.version + 1 if self.before else 1

    @property
    def relimited(self) -> list[int]:
        """Row ids of the conditions whose limit or milestones are others now: what open tickets are due by."""
        if self.before is None:
            return []
        old = self.before.state.conditions
        return [
            self.before.condition_ids[number]
            for number, condition in self.after.conditions.items()
            if number in old and _measure(old[number]) != _measure(condition)
        ]

    def kept(self) -> Iterator[KeptChange]:
        """Yield what is kept of it: the class, then its conditions, as far as they differ."""
        before, after = self.before.state if self.before else None, self.after
        code = after.category.code
        yield KeptChange(Noun.CATEGORY, code, class_json(before) if before else None, class_json(after))
        for number in sorted({*(before.conditions if before else ()), *after.conditions}):
            yield KeptChange(
                Noun.CONDITION,
                f"{code}-{number}",
                condition_json(before, number),
                condition_json(after, number),
            )


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """What changes in all: class by class, as codes, and what stands against it."""

    classes: Sequence[ClassChange]
    codes: ImportChange
    faults: Sequence[Finding] = ()

    @property
    def relimited(self) -> list[int]:
        """Row ids of all conditions whose limit changes."""
        return [row_id for one in self.classes for row_id in one.relimited]


@dataclass(slots=True)
class _Codes:
    added: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])
    removed: list[str] = field(default_factory=list[str])
    unchanged: int = 0

    def count(self, before: ClassState | None, after: ClassState) -> None:
        """Sort the codes of one class by what becomes of them."""
        in_force = set(before.in_force) if before else set[str]()
        code = after.category.code
        if code in in_force and not after.is_active:
            self.removed.append(code)
            return
        self._sort(code, in_force, after, before and class_json(before), class_json(after))
        for number, condition in sorted(after.conditions.items()):
            old = condition_json(before, number) if before else None
            self._sort(condition.code, in_force, after, old, condition_json(after, number))

    def _sort(self, code: str, in_force: set[str], after: ClassState, old: object, new: object) -> None:
        if old is None:
            self.added.append(code)
        elif old == new:
            self.unchanged += code in in_force
        elif code in in_force and code not in after.in_force:
            self.removed.append(code)
        else:
            self.changed.append(code)


def change_by_file(
    stored: Iterable[StoredClass], file: CatalogueFile, *, is_complete: bool
) -> CatalogueChange:
    """Hold a file against what is stored; with `is_complete` what it does not have is retired.

    About fields on which the file is silent what is stored goes on, and an English name as long as its Chinese one
    does.
    """
    known = {one.key: one for one in stored}
    majors = {
        (one.state.category.major, one.state.category.major_zh): one.state.category.major_en
        for one in known.values()
        if one.state.is_active
    }
    afters: dict[tuple[str, str], ClassState] = {key: one.state for key, one in known.items()}
    if is_complete:
        afters = {key: replace(state, is_active=False) for key, state in afters.items()}
    for category in file.catalogue.categories.values():
        key = category.scheme, category.code
        before = known[key].state if key in known else None
        afters[key] = _merged(before, category, file, majors, is_complete=is_complete)
    faults = [
        file.finding(code, detail, key, column=column)
        for key, code, detail, column in _contradictions(afters.values())
        if key in file.catalogue.categories
    ]
    return _change(known, afters, sorted(faults, key=lambda fault: fault.line or 0))


def change_of_one(stored: Iterable[StoredClass], state: ClassState) -> CatalogueChange:
    """Hold one class, whole, against what is stored; conditions that it does not have any more are retired."""
    known = {one.key: one for one in stored}
    key = state.category.scheme, state.category.code
    if key in known:
        before = known[key].state
        gone = before.conditions.keys() - state.conditions.keys()
        state = replace(
            state,
            conditions={**{number: before.conditions[number] for number in gone}, **state.conditions},
            retired=state.retired | gone,
        )
    afters = {name: one.state for name, one in known.items()} | {key: state}
    faults = [
        Finding(code, detail, column=column, key=found)
        for found, code, detail, column in _contradictions(afters.values())
        if found == state.category.code and state.is_active
    ]
    return _change(known, afters, faults)


def rules_left(
    rules: Iterable[DispatchRule], before: Iterable[StoredClass], change: CatalogueChange
) -> list[Finding]:
    """Return a warning for each rule that named something in force, and names nothing in force afterwards."""
    old = {code for one in before for code in one.state.in_force}
    gone_over = {code for one in change.classes if one.before for code in one.before.state.in_force}
    new = (old - gone_over) | {code for one in change.classes for code in one.after.in_force}
    return [
        Finding(
            "rules_left",
            f"Rule {rule.id} is for {rule.subject}, which is retired now: no new case meets it.",
            key=rule.id,
            is_warning=True,
        )
        for rule in rules
        if _is_met(rule, old) and not _is_met(rule, new)
    ]


def _is_met(rule: DispatchRule, in_force: set[str]) -> bool:
    if rule.condition is not None and rule.subject not in in_force:
        return False
    return any(code.startswith(rule.category) for code in in_force)


def _change(
    known: Mapping[tuple[str, str], StoredClass],
    afters: Mapping[tuple[str, str], ClassState],
    faults: Sequence[Finding],
) -> CatalogueChange:
    codes = _Codes()
    changes: list[ClassChange] = []
    for key, after in afters.items():
        before = known.get(key)
        codes.count(before.state if before else None, after)
        if before is None or before.state != after:
            changes.append(ClassChange(before, after))
    found = ImportChange(codes.added, codes.changed, codes.removed, codes.unchanged)
    return CatalogueChange(changes, found, faults)


def _merged(
    before: ClassState | None,
    category: Category,
    file: CatalogueFile,
    majors: Mapping[tuple[str, str], str],
    *,
    is_complete: bool,
) -> ClassState:
    unsaid = file.unsaid.get(category.code, frozenset[str]())
    if "major_en" in unsaid:
        category = replace(
            category, major_en=majors.get((category.major, category.major_zh), category.major_en)
        )
    told = {one.number: one for one in file.catalogue.conditions_by_category[category.code]}
    if before is None:
        return ClassState(category, told)
    category = _kept(category, before.category, unsaid, _OF_CLASS)
    conditions = dict(before.conditions)
    for number, condition in told.items():
        old = conditions.get(number)
        about = file.unsaid.get(condition.code, frozenset[str]())
        conditions[number] = _kept(condition, old, about, _OF_CONDITION) if old else condition
    gone = conditions.keys() - told.keys() if is_complete else before.retired - told.keys()
    return ClassState(category, dict(sorted(conditions.items())), frozenset(gone))


def _kept(new: Any, old: Any, unsaid: frozenset[str], english: Mapping[str, str]) -> Any:  # noqa: ANN401  either noun
    """Return a class or condition with what is stored in the fields on which a file is silent."""
    silent = {
        name: getattr(old, name)
        for name in unsaid
        if name not in english or getattr(old, english[name]) == getattr(new, english[name])
    }
    return replace(new, **silent)


def _contradictions(states: Iterable[ClassState]) -> Iterator[tuple[str, str, str, str]]:
    """Yield what can't be in force together, a code twice or a major with two names: class, kind, sentence, field."""
    in_force = [state.category for state in states if state.is_active]
    schemes: dict[str, set[str]] = {}
    majors: dict[str, set[tuple[str, str]]] = {}
    for one in in_force:
        schemes.setdefault(one.code, set()).add(one.scheme)
        majors.setdefault(one.major, set()).add((one.major_zh, one.major_en))
    for code, names in schemes.items():
        if len(names) > 1:
            said = f"{code} is in force in the schemes {' and '.join(sorted(names))}: retire one of them."
            yield code, "scheme_in_use", said, "scheme"
    for one in in_force:
        if len(majors[one.major]) > 1:
            names = " and ".join(sorted(f"{zh} ({en})" for zh, en in majors[one.major]))
            said = f"Major class {one.major} would be called {names}: rename it in all its classes at once."
            yield one.code, "major_differs", said, "major_zh"


def _measure(condition: Condition) -> tuple[object, ...]:
    return condition.limit, condition.milestones
