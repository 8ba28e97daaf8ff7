"""Who is responsible, as a sheet of paper for the wall: one A4 page for each grid, with a map and a QR code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from api.adapters.html_pages import Markup, PageTemplate, Style, joined
from api.adapters.qr_codes import qr_svg
from api.domain.grid_maps import Frame, GridMap, Outline, ScaleBar
from api.domain.limits import Language
from api.language import name_in
from api.schemas.base import Code, Input
from api.schemas.responsible import ResponsiblePerson, ResponsibleShown
from api.schemas.responsible_pages import LANGUAGE_TAGS

SHEETS_MAX = 60
"""Pages in one answer; whoever prints a larger area goes on behind the last one."""

PEOPLE_MAX = 8
"""People on one sheet: more would not be read on a wall. The QR code leads to all of them."""

STYLE = Style("sheets.css")

_SHEETS = PageTemplate("sheets.html")
_MORE = PageTemplate("sheets_more.html")
_SHEET = PageTemplate("sheet.html")
_PERSON = PageTemplate("sheet_person.html")
_UNIT = PageTemplate("sheet_unit.html")
_CODE = PageTemplate("sheet_code.html")
_NOTE = PageTemplate("sheet_note.html")
_MAP = PageTemplate("map.html")
_LABEL = PageTemplate("map_label.html")
_OUTLINE = PageTemplate("map_outline.html")

_WIDTH_MM = 190.0
_TALLEST_MM, _ROW_MM, _PEOPLE_IN_ROW = 166.0, 19.0, 2
_LEGEND_MM = 9.0
_LABEL_MM, _LABEL_GAP_MM = 3.0, 1.0
_WIDE_FROM = "\u2e80"
_NARROW_SHARE = 0.58
_KILOMETRE_M = 1_000


class SheetQuery(Input):
    """Which sheets are wanted."""

    children: bool = Field(
        default=False, description=f"Those of the grids in it instead, {SHEETS_MAX} at most."
    )
    after: Code | None = Field(
        default=None, description="With `children`: go on behind the grid with this code."
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one page shows. `names` has those of the grids on the map by code."""

    shown: ResponsibleShown
    drawn: GridMap
    names: dict[str, str]


def frame_for(people: int) -> Frame:
    """Return the room for the map beside so many people."""
    rows = -(-min(max(people, 1), PEOPLE_MAX) // _PEOPLE_IN_ROW)
    return Frame(_WIDTH_MM, _TALLEST_MM - _ROW_MM * (rows - 1))


def sheets_page(
    sheets: Sequence[Sheet],
    language: Language,
    version: int,
    public_address: str | None,
    next_after: str | None = None,
) -> str:
    """Return the pages of these grids; `next_after` names the grid after which the next pages begin."""
    more = _MORE.fill(
        address=f"?children=true&after={next_after}",
        told=name_in(language, "下一批", "The next pages"),
    )
    return _SHEETS.fill(
        lang=LANGUAGE_TAGS[language],
        style=STYLE.text,
        title=name_in(language, "网格责任公示牌", "Who is responsible here"),
        more=more if next_after is not None else Markup(),
        sheets=joined(_sheet(sheet, language, version, public_address) for sheet in sheets),
    )


def _sheet(sheet: Sheet, language: Language, version: int, public_address: str | None) -> Markup:
    shown, unit = sheet.shown, sheet.shown.unit
    assert shown.grid is not None  # noqa: S101  a sheet is of a grid
    return _SHEET.fill(
        kind=name_in(language, "网格责任公示", "Who is responsible here"),
        name=shown.grid.name,
        code=shown.grid.code,
        path=" › ".join(grid.name for grid in shown.path[:-1]),
        map=_map(sheet, language),
        explanation=shown.explanation,
        people=joined(_people(shown.people, language)),
        unit=_UNIT.fill(
            label=name_in(language, "责任单位", "Responsible unit"), name=unit.name, phone=unit.phone or ""
        )
        if unit
        else Markup(),
        qr=_code(shown.grid.code, language, public_address),
        printed=name_in(
            language,
            f"打印日期 {shown.on} · 网格数据版本 {version}",
            f"Printed {shown.on} · grid data version {version}",
        ),
    )


def _people(people: Sequence[ResponsiblePerson], language: Language) -> Iterable[Markup]:
    for person in people[:PEOPLE_MAX]:
        yield _PERSON.fill(role=person.role_name, name=person.name, phone=person.phone or "")
    if (more := len(people) - PEOPLE_MAX) > 0:
        yield _NOTE.fill(
            told=name_in(language, f"另有{more}人，请扫码查看。", f"And {more} more: scan the code.")
        )


def _code(grid_code: str, language: Language, public_address: str | None) -> Markup:
    if public_address is None:
        return _NOTE.fill(
            told=name_in(
                language,
                "未设置 GRIDPATROL_PUBLIC_URL，故无二维码（请管理员设置后重新打印）。",
                "No QR code: the administrator has to set GRIDPATROL_PUBLIC_URL and print again.",
            )
        )
    return _CODE.fill(
        code=Markup(qr_svg(f"{public_address}/v1/public/grids/{grid_code}")),
        told=name_in(language, "扫码查看今日责任人", "Scan to see who is on duty today"),
    )


def _map(sheet: Sheet, language: Language) -> Markup:
    drawn = sheet.drawn
    subject = drawn.subject.code
    labels = [
        *(_label(outline, "around", sheet.names[outline.code]) for outline in drawn.neighbours),
        *(
            _label(outline, "within", sheet.names[outline.code], outline.code.removeprefix(subject))
            for outline in drawn.children
        ),
    ]
    bar, frame = drawn.bar, drawn.frame
    return _MAP.fill(
        width=f"{frame.width_mm:g}",
        height=f"{frame.height_mm:g}",
        told=name_in(language, "网格地图", "Map of the grid"),
        neighbours=joined(_OUTLINE.fill(kind="around", path=one.path) for one in drawn.neighbours),
        children=joined(_OUTLINE.fill(kind="within", path=one.path) for one in drawn.children),
        subject=drawn.subject.path,
        labels=joined(label for label in labels if label),
        whole_height=f"{frame.height_mm + _LEGEND_MM:g}",
        bar_path=f"M1 {frame.height_mm + 3:g}v2.5h{bar.length_mm:.2f}v-2.5",
        bar_x=f"{3 + bar.length_mm:.2f}",
        legend_y=f"{frame.height_mm + 5.5:g}",
        bar_text=_length(bar),
        north_x=f"{frame.width_mm - 3:g}",
        north_y=f"{frame.height_mm + 1.5:g}",
        north_text_x=f"{frame.width_mm - 7:g}",
        north=name_in(language, "北", "N"),
    )


def _label(outline: Outline, kind: str, *texts: str) -> Markup | None:
    """Return the first of these texts that fits into the outline; None when none does."""
    label = outline.label
    if label is None:
        return None
    for text in texts:
        if text and _text_mm(text) + _LABEL_GAP_MM <= label.room_mm:
            return _LABEL.fill(kind=kind, x=f"{label.x_mm:.2f}", y=f"{label.y_mm:.2f}", text=text)
    return None


def _text_mm(text: str) -> float:
    """Return about how long a label is: Chinese characters are square, others little more than half as wide."""
    return sum(_LABEL_MM if character >= _WIDE_FROM else _LABEL_MM * _NARROW_SHARE for character in text)


def _length(bar: ScaleBar) -> str:
    metres = bar.length_m
    return f"{metres / _KILOMETRE_M:g} km" if metres >= _KILOMETRE_M else f"{metres:g} m"
