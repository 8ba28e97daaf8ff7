"""Responsible units: everybody reads them, administrators make, change and close them down."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from api.deps import Caller, Now, Writing
from api.domain.errors import NotFound
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.schemas.units import UnitCode, UnitInput, UnitList, UnitPut, UnitShown, known_unit_shown, unit_shown
from api.services.units import put_unit

router = APIRouter(prefix="/v1/units", tags=["units"])

Code = Annotated[UnitCode, Path(description="Code of the unit.")]


@router.get(
    "", operation_id="unit_list", response_model=UnitList, responses=UNCHANGED, summary="Units by code"
)
async def list_units(caller: Caller, language: Language, fresh: Fresh) -> Response:
    """List all units, those that were closed down as well: old tickets name them."""
    units = caller.reference.units_by_code
    shown = [known_unit_shown(units[code], caller.reference, language) for code in sorted(units)]
    return fresh.answer(UnitList(items=shown))


@router.get(
    "/{code}", operation_id="unit_get", response_model=UnitShown, responses=UNCHANGED, summary="One unit"
)
async def get_unit(code: Code, caller: Caller, language: Language, fresh: Fresh) -> UnitShown | Response:
    """Get a unit. The ETag names its version."""
    unit = caller.reference.units_by_code.get(code)
    if unit is None:
        raise NotFound("There is no such unit.", unit=code)
    shown = known_unit_shown(unit, caller.reference, language)
    return fresh.unchanged_tag(versioned_etag(shown.version, shown)) or shown


@router.put(
    "/{code}",
    operation_id="unit_put",
    responses={201: {"model": UnitPut}, 409: {}, 415: {}, 428: {}},
    summary="Change a unit, make one, or close one down",
)
async def store_unit(
    code: Code,
    body: UnitInput,
    caller: Caller,
    session: Writing,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the unit as you saw it.")
    ] = None,
) -> UnitPut:
    """Store a unit, whole. Name the version that you saw (`version` or If-Match); 409 when somebody was faster.

    A unit is closed down with `is_active: false`, and never removed. One that leads dispatch rules, owns grids or
    has repairs waiting for their check can't be (409 `unit_in_use`, which lists them); one that has open tickets
    only with `hand_over_to`: that unit takes them all at once, each with a full limit, and the calls for help.
    """
    seen = seen_version(body.version, if_match)
    done = await put_unit(
        session, caller.viewer, caller.reference, body.draft(code), seen, now, successor=body.hand_over_to
    )
    shown = unit_shown(done.unit, done.version, language)
    response.headers["ETag"] = versioned_etag(done.version, shown)
    if done.is_new:
        response.status_code = 201
    return UnitPut(
        **shown.model_dump(),
        handed_over_tickets=done.handed_over.tickets,
        handed_over_calls=done.handed_over.calls,
    )
