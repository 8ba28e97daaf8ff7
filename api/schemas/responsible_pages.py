"""Who is responsible, as a small page on a resident's phone."""

from api.adapters.html_pages import Markup, PageTemplate, Style, joined
from api.domain.limits import Language
from api.language import name_in
from api.schemas.responsible import ResponsiblePerson, ResponsibleShown

STYLE = Style("page.css")

_PAGE = PageTemplate("page.html")
_PERSON = PageTemplate("person.html")
_UNIT = PageTemplate("unit.html")
_PHONE = PageTemplate("phone.html")

LANGUAGE_TAGS: dict[Language, str] = {"zh": "zh-Hans", "en": "en"}


def responsible_page(shown: ResponsibleShown, language: Language) -> str:
    """Return the page; also where a place is in no grid."""
    kind = name_in(language, "网格责任公示", "Who is responsible here")
    unit = shown.unit
    return _PAGE.fill(
        lang=LANGUAGE_TAGS[language],
        style=STYLE.text,
        kind=kind,
        title=shown.grid.name if shown.grid else kind,
        code=shown.grid.code if shown.grid else "",
        path=" › ".join(grid.name for grid in shown.path[:-1]),
        explanation=shown.explanation,
        people=joined(_person(person) for person in shown.people),
        unit=_UNIT.fill(
            label=name_in(language, "责任单位", "Responsible unit"),
            name=unit.name,
            phone=phone_link(unit.phone),
        )
        if unit
        else Markup(),
        on=name_in(language, f"{shown.on:%Y年%m月%d日}", f"{shown.on:%d %B %Y}"),
    )


def phone_link(phone: str | None) -> Markup:
    """Return a link that a phone dials; nothing where there is no number."""
    if phone is None:
        return Markup()
    digits = "".join(character for character in phone if character.isascii() and character in "+0123456789")
    return _PHONE.fill(number=digits, phone=phone)


def _person(person: ResponsiblePerson) -> Markup:
    return _PERSON.fill(role=person.role_name, name=person.name, phone=phone_link(person.phone))
