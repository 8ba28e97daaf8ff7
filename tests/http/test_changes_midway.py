"""The office changes its rules in the middle of a ticket's life; the ticket lives on and is still read."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from api.domain.limits import LimitUnit
from api.models import Category, Condition, DispatchRule, Grid, Person, Policy, Unit
from tests.conftest import House
from tests.http.side_ways import (
    COVER,
    WASTE,
    at,
    checked,
    closed,
    fixed,
    refused,
    returned,
    seen,
    suspended,
)
from tests.http.walking import accepted, photo, report, stall, stepped


async def changed(house: House, *statements: Any) -> None:  # noqa: ANN401  updates and inserts have no common type
    """Change reference data, as an administrator's command would."""
    async with house.database.write() as session:
        for statement in statements:
            await session.execute(statement)


async def retire(house: House, code: str) -> None:
    """Take a class out of the catalogue."""
    await changed(house, update(Category).where(col(Category.code) == code).values(is_active=False))


async def replace_class(house: House, code: str) -> None:
    """Retire a class and use its code for another of another scheme, as a city that changes schemes does."""
    await retire(house, code)
    async with house.database.write() as session:
        kept = (await session.execute(select(Category).where(col(Category.code) == code))).scalar_one()
        values = kept.model_dump(exclude={"id"}) | {
            "scheme": "cjt214-2007",
            "minor_zh": "另一小类",
            "minor_en": "Another class",
            "is_active": True,
        }
        new_id = (
            await session.execute(insert(Category).values(**values).returning(col(Category.id)))
        ).scalar_one()
        rows = await session.execute(select(Condition).where(col(Condition.category_id) == kept.id))
        row = rows.scalars().first()
        assert row is not None
        values = row.model_dump(exclude={"id"}) | {"category_id": new_id, "condition_zh": "另一条件"}
        await session.execute(insert(Condition).values(**values))


async def walk_to_the_end(house: House, ticket: dict[str, Any]) -> None:
    """Fail unless the ticket can be rectified, checked, reopened and read everywhere."""
    ticket = await fixed(house, f"member-{ticket['unit']['code']}", ticket)
    ticket = await checked(house, ticket)
    proof = await photo(house, "supervisor", "evidence")
    ticket = await stepped(house, "supervisor", ticket, "reopen", reason="反弹", photos=[proof])
    assert ticket["state"] == "assigned"
    await read_everywhere(house, ticket)


async def read_everywhere(house: House, ticket: dict[str, Any]) -> None:
    """Fail unless every read that may show the ticket answers."""
    for username in ("dispatcher", "supervisor", "admin", "officer01", f"member-{ticket['unit']['code']}"):
        caller = await house.caller(username)
        for path in (
            f"/v1/tickets/{ticket['id']}",
            f"/v1/tickets/by-number/{ticket['number']}",
            f"/v1/tickets/{ticket['id']}/history?verify=true",
            "/v1/tickets",
            "/v1/queue",
            "/v1/overdue",
            "/v1/overdue/summary?by=category",
            "/v1/tickets/counts?by=category",
            "/v1/tickets/counts?by=unit",
            "/v1/tickets/counts?by=grid",
            "/v1/catalog",
            "/v1/me",
        ):
            answer = await caller.get(path)
            assert answer.status_code == 200, f"{username} {path}: {answer.text}"


async def test_a_ticket_of_a_retired_class_lives_on(house: House) -> None:
    ticket = await accepted(house)
    name = ticket["category_name"]
    await retire(house, "E0406")
    ticket = await seen(house, "dispatcher", ticket)
    assert (ticket["category"], ticket["category_name"], ticket["condition"]) == ("E0406", name, 1)
    await walk_to_the_end(house, ticket)


async def test_counts_call_a_retired_class_by_its_name(house: House) -> None:
    ticket = await report(house)
    await retire(house, "E0406")
    counts = (await (await house.caller("supervisor")).get("/v1/tickets/counts?by=category")).json()["items"]
    assert (counts[0]["key"], counts[0]["name"]) == ("E0406", ticket["category_name"])


async def test_a_retired_class_is_refused_for_new_reports_and_shown_to_no_phone(house: House) -> None:
    await retire(house, "E0406")
    officer, desk = await house.caller("officer01"), await house.caller("dispatcher")
    new = await officer.put(f"/v1/reports/{uuid4()}", json=stall(house))
    assert (new.status_code, new.json()["code"]) == (422, "category_unknown")
    catalog = (await officer.get("/v1/catalog")).json()
    assert "E0406" not in [one["code"] for one in catalog["classes"]]
    asked = await desk.get("/v1/dispatch/explain?category=E0406&grid=990101001001001")
    assert (asked.status_code, asked.json()["code"]) == (422, "category_unknown")
    asked = await desk.get("/v1/deadlines/explain?condition=E0406-1&start=2026-11-23T09:30:00%2B08:00")
    assert (asked.status_code, asked.json()["code"]) == (422, "category_unknown")


async def test_the_same_report_sent_again_after_its_class_was_retired_is_the_same_ticket(
    house: House,
) -> None:
    officer, path, body = await house.caller("officer01"), f"/v1/reports/{uuid4()}", stall(house)
    first = await officer.put(path, json=body)
    await retire(house, "E0406")
    again = await officer.put(path, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["ticket"]["id"] == first.json()["ticket"]["id"]


async def test_a_tip_of_a_retired_class_is_filed_as_it_is_or_corrected(house: House) -> None:
    tips = [await report(house, "dispatcher", source="hotline") for _ in range(3)]
    await retire(house, "E0406")
    filed = await stepped(house, "dispatcher", tips[0], "file", condition=1)
    assert (filed["state"], filed["category"]) == ("assigned", "E0406")
    named = await stepped(house, "dispatcher", tips[1], "file", category="E0406")
    assert named["state"] == "assigned"
    corrected = await stepped(house, "dispatcher", tips[2], "file", category="E0110")
    assert (corrected["category"], corrected["unit"]["code"]) == ("E0110", "sanitation")
    other = await report(house, "dispatcher", source="hotline", **WASTE)
    await refused(house, "dispatcher", other, "file", "category_unknown", category="E0406")


async def test_a_photo_that_arrives_late_files_a_ticket_of_a_retired_class(house: House) -> None:
    late = str(uuid4())
    officer = await house.caller("officer01")
    ticket = (await officer.put(f"/v1/reports/{uuid4()}", json=stall(house, photos=[late]))).json()["ticket"]
    await retire(house, "E0406")
    await photo(house, "officer01", "before", photo_id=late)
    assert (await seen(house, "officer01", ticket))["state"] == "assigned"


async def test_a_code_that_another_scheme_uses_again_does_not_rename_old_tickets(house: House) -> None:
    old = await accepted(house)
    await replace_class(house, "E0406")
    new = await report(house)
    assert new["category_name"] == "另一小类"
    old = await fixed(house, "member-cityscape", old)
    assert (old["category"], old["category_name"] != "另一小类") == ("E0406", True)
    assert old["condition_name"] != "另一条件"
    tip = await report(house, "dispatcher", source="hotline", **WASTE)
    tip = await stepped(house, "dispatcher", tip, "file", category="E0406")
    assert tip["condition_name"] == "另一条件"


async def test_a_changed_limit_leaves_running_clocks_alone_and_holds_for_the_next_unit(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    due = ticket["due_at"]
    chosen = select(col(Category.id)).where(col(Category.code) == "E0110").scalar_subquery()
    await changed(
        house,
        update(Condition)
        .where(col(Condition.category_id) == chosen)
        .values(limit_value=1, limit_unit=LimitUnit.URGENT_HOUR),
    )
    assert (await seen(house, "dispatcher", ticket))["due_at"] == due
    ticket = await stepped(house, "member-sanitation", ticket, "request_extension", reason="缺人")
    ticket = await stepped(house, "dispatcher", ticket, "grant_extension")
    assert at(ticket["due_at"]) == at("2026-11-24T09:30:00+08:00")
    ticket = await returned(house, "member-sanitation", ticket)
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="cityscape")
    assert at(ticket["due_at"]) == house.clock.now + timedelta(hours=1)


async def test_a_unit_that_is_closed_down_can_still_end_what_it_began(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    await changed(house, update(Unit).where(col(Unit.code) == "sanitation").values(is_active=False))
    await read_everywhere(house, ticket)
    ticket = await fixed(house, "member-sanitation", ticket)
    assert (await checked(house, ticket))["state"] == "closed"


async def test_nothing_new_goes_to_a_unit_that_was_closed_down(house: House) -> None:
    ticket = await returned(house, "member-cityscape", await report(house))
    await changed(house, update(Unit).where(col(Unit.code) == "sanitation").values(is_active=False))
    for action in ("dispatch", "rule"):
        await refused(house, "dispatcher", ticket, action, "unit_unknown", unit="sanitation", reason="职责")
    # The rule for the class is out of force with its unit, so the one for its major class takes over.
    waste = await report(house, **WASTE)
    assert (waste["state"], waste["unit"]["code"]) == ("assigned", "cityscape")


async def test_a_helper_that_is_closed_down_does_not_hold_up_the_ticket(house: House) -> None:
    ticket = await stepped(house, "member-municipal", await report(house, **COVER), "accept")
    await changed(house, update(Unit).where(col(Unit.code).in_(["water", "power"])).values(is_active=False))
    for code in ("water", "power", "telecom"):
        ticket = await stepped(house, "lead-municipal", ticket, "excuse_help", unit=code, reason="单位已撤销")
    assert (await fixed(house, "member-municipal", ticket))["state"] == "rectified"
    again = await report(house, **COVER)
    asked = (await seen(house, "dispatcher", again))["requests"]
    assert [one["unit"]["code"] for one in asked] == ["telecom"]


@pytest.mark.parametrize("end", ["switched_off", "expired"])
async def test_a_rule_that_is_gone_does_not_break_the_tickets_it_sent(house: House, end: str) -> None:
    ticket = await accepted(house, **WASTE)
    rule_id = ticket["dispatch"]["rule_id"]
    which = col(DispatchRule.id) == rule_id
    ended: dict[str, Any] = (
        {"is_active": False} if end == "switched_off" else {"valid_until": house.clock.now}
    )
    await changed(house, update(DispatchRule).where(which).values(**ended))
    now = await seen(house, "dispatcher", ticket)
    assert (now["dispatch"], now["due_at"]) == (ticket["dispatch"], ticket["due_at"])
    house.clock.turn(minutes=1)
    assert (await report(house, **WASTE))["dispatch"]["rule_id"] != rule_id
    await walk_to_the_end(house, now)


async def test_a_rule_that_sent_a_ticket_can_not_be_deleted(house: House) -> None:
    ticket = await report(house, **WASTE)
    with pytest.raises(IntegrityError, match="fk_tickets_dispatch_rule_id"):
        await changed(
            house, delete(DispatchRule).where(col(DispatchRule.id) == ticket["dispatch"]["rule_id"])
        )


async def test_a_grid_that_is_no_longer_in_force_stays_the_tickets(house: House) -> None:
    ticket = await accepted(house)
    code = ticket["grid"]["code"]
    await changed(house, update(Grid).where(col(Grid.code) == code).values(valid_to=house.clock.now.date()))
    now = await seen(house, "dispatcher", ticket)
    assert now["grid"]["code"] == code
    await walk_to_the_end(house, now)


async def test_policies_change_and_old_tickets_take_the_new_ones(house: House) -> None:
    ticket = await suspended(house, "2026-11-27", **WASTE)
    ended = await closed(house)
    await changed(
        house,
        delete(Policy).where(
            col(Policy.key).in_(["extensions_max", "escalation_ladder", "close_after_check"])
        ),
        insert(Policy).values(key="extensions_max", value=0),
        insert(Policy).values(key="escalation_ladder", value=[]),
        insert(Policy).values(key="close_after_check", value=False),
    )
    ticket = await stepped(house, "dispatcher", ticket, "resume")
    member = "member-sanitation"
    await refused(house, member, ticket, "request_extension", "limit_reached", reason="缺人")
    await refused(house, member, ticket, "escalate", "limit_reached", reason="上报")
    ticket = await checked(house, await fixed(house, member, ticket))
    assert ticket["state"] == "rectified"
    assert (await stepped(house, "dispatcher", ticket, "close"))["state"] == "closed"
    assert (await seen(house, "supervisor", ended))["state"] == "closed"


async def test_people_who_left_stay_in_the_tickets_they_touched(house: House) -> None:
    ticket = await accepted(house)
    gone = col(Person.username).in_(["officer01", "member-cityscape"])
    await changed(house, update(Person).where(gone).values(is_active=False))
    now = await seen(house, "supervisor", ticket)
    assert (now["reporter"], now["handler"]["name"]) == (
        ticket["reporter"] | now["reporter"],
        now["handler"]["name"],
    )
    ticket = await fixed(house, "lead-cityscape", now)
    assert (await checked(house, ticket))["state"] == "closed"
