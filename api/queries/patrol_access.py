"""Who may see where officers are: themselves, and supervisors those in their charge."""

from datetime import date

from sqlalchemy import ColumnElement, Date, and_, false, literal, or_, select, true
from sqlmodel import col

from api.domain.access import Role, Viewer
from api.models import Grid, GridPerson, Person


def in_charge_of(viewer: Viewer, today: date) -> ColumnElement[bool]:
    """Return the condition for the people (`Person`) whose tracks a viewer may see.

    A supervisor without grids of her own has charge of everybody; one who is on duty on grids, of those on duty in
    them. Everybody else sees herself alone; units nobody, whatever else they see.
    """
    herself = col(Person.id) == viewer.person_id
    if viewer.role is Role.OFFICER:
        return herself
    if viewer.role is not Role.SUPERVISOR:
        return false()
    if not viewer.grid_codes:
        return true()
    day = literal(today, Date)
    duties = (
        select(col(GridPerson.id))
        .join(Grid, col(Grid.id) == col(GridPerson.grid_id))
        .where(
            col(GridPerson.person_id) == col(Person.id),
            and_(
                col(GridPerson.from_on) <= day,
                or_(col(GridPerson.to_on).is_(None), col(GridPerson.to_on) >= day),
            ),
            or_(*(col(Grid.code).startswith(code, autoescape=True) for code in viewer.grid_codes)),
        )
        .exists()
    )
    return or_(herself, and_(col(Person.role) == Role.OFFICER, duties))
