"""Frontage agreements (门前三包): what one covers goes to its signer first, where that is a unit."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from api.domain.agreements import AgreementKind
from api.models import FrontageAgreement, Place, Policy, Unit
from tests.conftest import House
from tests.http.rule_editing import RULES, put
from tests.http.rule_places import MARKET, POINT, build_market
from tests.http.walking import report

TODAY = date(2026, 11, 23)


async def sign(house: House, unit: str | None = "property", **changes: Any) -> None:  # noqa: ANN401  any column
    """Let a unit sign for the frontage of the market."""
    async with house.database.write() as session:
        unit_id = (
            await session.execute(select(col(Unit.id)).where(col(Unit.code) == unit))
        ).scalar_one_or_none()
        row: dict[str, Any] = {
            "place_code": MARKET,
            "kind": AgreementKind.THREE,
            "signer_name": "物业",
            "signer_unit_id": unit_id,
            "categories": ["E04"],
            "duties": ["包卫生"],
            "signed_on": TODAY - timedelta(days=30),
            "until_on": None,
        }
        await session.execute(insert(FrontageAgreement).values(row | changes))
        await session.execute(update(Place).where(col(Place.code) == MARKET).values(version=2))


async def told(house: House) -> dict[str, Any]:
    dispatcher = await house.caller("dispatcher")
    answer = await dispatcher.get(
        "/v1/dispatch/explain", params={"category": "E0406", **POINT}, headers={"Accept-Language": "en"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_finding_that_an_agreement_covers_goes_to_its_signer_and_says_why(house: House) -> None:
    await build_market(house)
    await sign(house)
    ticket = await report(house)
    assert ticket["unit"]["code"] == "property"
    assert ticket["dispatch"]["rule_id"] is None
    assert "门前责任书" in ticket["dispatch"]["explanation"]
    explained = await told(house)
    assert (explained["reason"], explained["unit"]["code"]) == ("signer", "property")
    said = 'signed the frontage agreement of "Test market" and gets it first (门前三包).'
    assert explained["explanation"].endswith(said)
    assert {one["outcome"] for one in explained["considered"]} == {"after_signer"}


async def test_a_rule_for_this_very_place_goes_before_the_signer(house: House) -> None:
    await build_market(house)
    await sign(house)
    rule = {
        "category": "E0406",
        "place": MARKET,
        "lead_unit": "market",
        "name_zh": "市场",
        "name_en": "Market",
    }
    assert (await put(house, rule, f"{RULES}/t-own")).status_code == 201
    assert (await report(house))["unit"]["code"] == "market"


@pytest.mark.parametrize(
    "changes",
    [
        {"until_on": TODAY - timedelta(days=1)},
        {"signed_on": TODAY + timedelta(days=1)},
        {"categories": ["E0407", "P"]},
        {"unit": None},
    ],
    ids=["over", "not yet", "other classes", "signer is no unit"],
)
async def test_an_agreement_that_does_not_bind_sends_nothing(house: House, changes: dict[str, Any]) -> None:
    await build_market(house)
    await sign(house, **changes)
    assert (await report(house))["unit"]["code"] == "cityscape"


async def test_an_agreement_for_all_classes_binds_on_its_first_and_last_day(house: House) -> None:
    await build_market(house)
    await sign(house, categories=[], signed_on=TODAY, until_on=TODAY)
    assert (await report(house))["unit"]["code"] == "property"


async def test_without_the_policy_or_with_a_signer_closed_down_the_rules_decide(house: House) -> None:
    await build_market(house)
    await sign(house)
    async with house.database.write() as session:
        await session.execute(insert(Policy).values(key="signers_first", value=False))
    assert (await report(house))["unit"]["code"] == "cityscape"
    async with house.database.write() as session:
        await session.execute(delete(Policy).where(col(Policy.key) == "signers_first"))
        await session.execute(update(Unit).where(col(Unit.code) == "property").values(is_active=False))
    assert (await report(house))["unit"]["code"] == "cityscape"
