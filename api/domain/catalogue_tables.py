"""Writes a class catalogue as its readers take it back: CSV with our headings, or the two sheets of an office."""

import json
from collections.abc import Iterable, Sequence

from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.catalogue_cells import CellWrong
from api.domain.catalogue_headings import alias_of
from api.domain.catalogue_limits import parse_steps, written_limit
from api.domain.catalogue_reading import COLUMNS
from api.domain.category_codes import Kind
from api.domain.deadlines import Milestone

_SHEETS = {Kind.PART: "部件立结案标准", Kind.EVENT: "事件立结案标准"}

_SHEET_COLUMNS = (
    "scheme",
    "major_code",
    "major_zh",
    "major_en",
    "minor_code",
    "minor_zh",
    "minor_en",
    "condition_no",
    "condition_zh",
    "condition_en",
    "closing_zh",
    "closing_en",
    "limit",
    "milestones",
    "milestones_en",
    "after_photo",
    "self_fix",
)


def table_of(catalogue: Catalogue) -> list[Sequence[str]]:
    """Return the rows of a CSV file: headings, then one row for each condition, by code."""
    columns = (*COLUMNS, *_optional(catalogue))
    return [
        columns,
        *([_csv_cell(column, *one) for column in columns] for one in _by_code(catalogue)),
    ]


def sheets_of(catalogue: Catalogue) -> list[tuple[str, list[Sequence[str]]]]:
    """Return the sheets of a workbook, parts and events, in words that people at a desk read."""
    columns = (*_SHEET_COLUMNS, *_optional(catalogue))
    headings = [alias_of(column) for column in columns]
    conditions = _by_code(catalogue)
    return [
        (
            name,
            [
                headings,
                *(
                    [_sheet_cell(column, *one) for column in columns]
                    for one in conditions
                    if one[0].kind is kind
                ),
            ],
        )
        for kind, name in _SHEETS.items()
    ]


def _optional(catalogue: Catalogue) -> tuple[str, ...]:
    return ("questions",) if any(one.questions for one in catalogue.categories.values()) else ()


def _by_code(catalogue: Catalogue) -> list[tuple[Category, Condition]]:
    return [
        (catalogue.categories[code], condition)
        for code in sorted(catalogue.categories)
        for condition in catalogue.conditions_by_category[code]
    ]


def _csv_cell(column: str, category: Category, condition: Condition) -> str:
    match column:
        case "limit_value":
            return str(condition.limit.value)
        case "limit_unit":
            return condition.limit.unit.value
        case "milestones":
            return _steps_json(condition.milestones)
        case "after_photo" | "self_fix":
            return "yes" if getattr(condition, column) else "no"
        case _:
            return _shared_cell(column, category, condition)


def _sheet_cell(column: str, category: Category, condition: Condition) -> str:
    match column:
        case "limit":
            return written_limit(condition.limit)
        case "milestones":
            steps = _steps_text(condition.milestones)
            return _steps_json(condition.milestones) if steps is None else steps
        case "milestones_en":
            is_text = _steps_text(condition.milestones) is not None
            return "；".join(one.name_en for one in condition.milestones) if is_text else ""
        case "after_photo" | "self_fix":
            return "是" if getattr(condition, column) else "否"
        case _:
            return _shared_cell(column, category, condition)


def _shared_cell(column: str, category: Category, condition: Condition) -> str:
    if column == "questions":
        return json.dumps(category.questions, ensure_ascii=False) if category.questions else ""
    if column == "condition_no":
        return str(condition.number)
    return str(getattr(category if hasattr(category, column) else condition, column))


def _steps_json(milestones: Iterable[Milestone]) -> str:
    steps = [one.as_json() for one in milestones]
    return json.dumps(steps, ensure_ascii=False) if steps else ""


def _steps_text(milestones: Sequence[Milestone]) -> str | None:
    """Return milestones as people write them; None where that would be read as something else."""
    text = "；".join(f"{one.name_zh}{written_limit(one.limit)}" for one in milestones)
    if any(";" in one.name_en or "；" in one.name_en for one in milestones):
        return None
    try:
        is_same = parse_steps(text) == tuple((one.name_zh, one.limit) for one in milestones)
    except CellWrong:
        return None
    return text if is_same else None
