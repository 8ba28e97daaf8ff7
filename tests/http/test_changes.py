"""The change feed: what is told to whom, page by page, and what a cursor is good for."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from api.feed_cursors import FeedCursors
from tests.conftest import House
from tests.following import Follower, fresh, lasting, settled
from tests.http.rule_places import MARKET, build_market
from tests.http.side_ways import COVER, WASTE, returned, seen, sees
from tests.http.test_people import editable
from tests.http.walking import FINDER, accepted, photo, report, stall, stepped
from tests.policy.test_statements import counted, told
from tests.sweeping import escalated, rules_of

ELSEWHERE: dict[str, Any] = {
    "place": {"longitude": 116.40391, "latitude": 39.91202, "crs": "wgs84", "accuracy_m": 5}
}


async def changed(house: House, username: str, **changes: Any) -> None:  # noqa: ANN401  any member of a person
    """Change a person as an administrator does."""
    path = f"/v1/people/{username}"
    body = await editable(house, path, **changes)
    answer = await (await house.caller("admin")).put(path, json=body)
    assert answer.status_code == 200, answer.text


def duties(*codes: str) -> list[dict[str, Any]]:
    return [{"code": code, "from_on": "2026-11-01", "to_on": None, "is_phone_public": True} for code in codes]


async def asked(house: House, username: str, since: str | None = None, **query: Any) -> Any:  # noqa: ANN401  any answer
    caller = await house.caller(username)
    answer = await caller.get("/v1/changes", params={"since": since, **query} if since else query)
    return answer.json()


async def execute(house: House, statement: str, **values: object) -> None:
    """Do something to the database that no request does."""
    async with house.database.write() as session:
        await session.execute(text(statement), values)


async def test_whoever_begins_is_told_of_all_she_may_see(house: House) -> None:
    mine, theirs = await report(house), await report(house, **WASTE)
    for username, held in (
        (FINDER, {mine["id"], theirs["id"]}),
        ("member-cityscape", {mine["id"]}),
        ("member-sanitation", {theirs["id"]}),
        ("member-water", set[str]()),
        ("supervisor", {mine["id"], theirs["id"]}),
    ):
        assert (await fresh(house, username)).keys() == held, username


async def test_a_body_is_what_the_ticket_itself_shows(house: House) -> None:
    ticket = await accepted(house, photos=[await photo(house, FINDER, "before")])
    await report(house, **COVER)
    for username in (FINDER, "member-cityscape", "member-water", "supervisor"):
        held = await fresh(house, username)
        assert held
        for ticket_id, body in held.items():
            assert body == await seen(house, username, {"id": ticket_id})
    assert (await fresh(house, "member-cityscape"))[ticket["id"]]["reporter"]["name"] is None


async def test_a_beginning_in_small_pages_is_whole_whatever_happens_meanwhile(house: House) -> None:
    tickets = [await report(house) for _ in range(7)]
    reader = Follower(house, "supervisor", limit=2)
    for number in range(3):
        assert not await reader.read()
        tickets.append(await report(house, **WASTE))
        tickets[number] = await stepped(house, "member-cityscape", tickets[number], "accept")
    await reader.follow_all()
    there = await fresh(house, "supervisor")
    assert len(there) == 10
    assert reader.held == there


async def test_several_steps_are_one_item_and_nothing_new_is_nothing(house: House) -> None:
    ticket = await report(house)
    reader = await Follower(house, "supervisor").follow_all()
    reader.news()
    for _ in range(3):
        ticket = await stepped(house, "supervisor", ticket, "urge", reason="请加快")
    await reader.follow_all()
    assert reader.news() == [(ticket["id"], ticket["version"])]
    before = reader.since
    await reader.follow_all()
    assert reader.news() == []
    assert reader.since == before, "who stands still has the same cursor"


async def test_who_asks_again_when_nothing_happened_has_the_present_answer(house: House) -> None:
    await report(house)
    reader = await Follower(house, FINDER).follow_all()
    first = await reader.ask(since=reader.since)
    caller = await house.caller(FINDER)
    again = await caller.get(
        "/v1/changes",
        params={"since": reader.since, "limit": reader.limit},
        headers={"If-None-Match": first.headers["ETag"]},
    )
    assert again.status_code == 304


async def test_a_ticket_that_another_unit_gets_leaves_the_first_ones_sight(house: House) -> None:
    ticket = await report(house)
    units = ("cityscape", "market", "water")
    first, second, other = [await Follower(house, f"member-{code}").follow_all() for code in units]
    assert ticket["id"] in first.held
    ticket = await returned(house, "member-cityscape", ticket)
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="market")
    for reader in (first, second, other):
        reader.news()
        await reader.follow_all()
    assert first.news() == [(ticket["id"], None)]
    assert second.news() == [(ticket["id"], ticket["version"])]
    assert other.news() == [], "whom it never concerned is told nothing"


async def test_a_unit_that_was_called_to_help_keeps_the_ticket(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    helper = await Follower(house, "member-greening").follow_all()
    assert helper.held == {}
    await stepped(house, "lead-sanitation", ticket, "ask_help", unit="greening", reason="树枝压住垃圾")
    await helper.follow_all()
    assert helper.held.keys() == {ticket["id"]}


async def test_a_lead_holds_what_escalated_from_below_until_it_goes_elsewhere(house: House) -> None:
    ticket = await report(house, **WASTE)
    lead = await Follower(house, "lead-cityscape").follow_all()
    assert lead.held == {}
    house.clock.turn(days=3)
    await escalated(house)
    await lead.follow_all()
    assert lead.held.keys() == {ticket["id"]}
    await execute(house, "UPDATE tickets SET escalation_level = 0 WHERE id = :id", id=ticket["id"])
    lead.news()
    await lead.follow_all()
    assert lead.news() == [(ticket["id"], None)]
    # Another that never escalated and left the unit below is none of her business.
    quiet = await report(house, **WASTE)
    await execute(
        house,
        "UPDATE tickets SET unit_id = (SELECT id FROM units WHERE code = 'water') WHERE id = :id",
        id=quiet["id"],
    )
    await lead.follow_all()
    assert lead.news() == []


async def test_a_ticket_that_another_grid_gets_leaves_the_officers_sight(house: House) -> None:
    ticket = await report(house)
    officer = await Follower(house, "officer02").follow_all()
    stranger = await Follower(house, "officer32").follow_all()
    finder = await Follower(house, FINDER).follow_all()
    await execute(house, "UPDATE tickets SET grid_code = '990101001002001' WHERE id = :id", id=ticket["id"])
    for reader in (officer, stranger, finder):
        reader.news()
        await reader.follow_all()
    assert officer.news() == [(ticket["id"], None)]
    assert stranger.news() == []
    assert finder.news() == [(ticket["id"], ticket["version"])], "who reported it still sees it"


PAIR = (
    "INSERT INTO place_pairings (place_code, unit_id, leader, contact, from_on)"
    " SELECT :place, id, '', '', '2026-11-01' FROM units WHERE code = 'water'"
)


async def test_a_paired_unit_holds_the_tickets_at_its_place_while_it_is_paired(house: House) -> None:
    await build_market(house)
    here, elsewhere = await report(house), await report(house, **ELSEWHERE)
    pair = await Follower(house, "member-water").follow_all()
    assert pair.held == {}
    await execute(house, PAIR, place=MARKET)
    assert (await pair.follow_all()).held.keys() == {here["id"]}
    moved = await stepped(house, "dispatcher", here, "correct", reason="不在市场", at_place="shop-liuji")
    assert moved["at_place"]["code"] == "shop-liuji"
    assert (await pair.follow_all()).held == {}
    await stepped(house, "dispatcher", moved, "correct", reason="在市场", at_place=MARKET)
    assert (await pair.follow_all()).held.keys() == {here["id"]}
    await execute(
        house, "UPDATE place_pairings SET to_on = '2026-11-22' WHERE place_code = :place", place=MARKET
    )
    assert (await pair.follow_all()).held == {}
    assert elsewhere["id"] not in {ticket_id for ticket_id, _ in pair.news()}


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_grids_that_are_handed_over_take_their_tickets_along(house: House, limit: int) -> None:
    here = [await report(house) for _ in range(3)]
    there = [await report(house, "officer05", **ELSEWHERE) for _ in range(3)]
    grids = {one["grid"]["code"][:12] for one in here}, {one["grid"]["code"][:12] for one in there}
    assert grids[0].isdisjoint(grids[1])
    reader = await Follower(house, "officer02", limit=limit).follow_all()
    assert reader.held.keys() == {one["id"] for one in here}
    reader.news()
    await changed(house, "officer02", grids=duties(*grids[1]))
    await reader.follow_all()
    assert reader.held.keys() == {one["id"] for one in there}
    assert {ticket_id for ticket_id, version in reader.news() if version is None} == {
        one["id"] for one in here
    }
    assert reader.restarts == 0


async def test_what_left_a_grid_before_it_became_hers_is_not_told_to_the_new_officer(house: House) -> None:
    ticket = await report(house, "officer05", **ELSEWHERE)
    reader = await Follower(house, "officer02").follow_all()
    await execute(
        house, "UPDATE tickets SET grid_code = NULL, grid_id = NULL WHERE id = :id", id=ticket["id"]
    )
    await changed(house, "officer02", grids=duties(ticket["grid"]["code"][:12]))
    await reader.follow_all()
    assert reader.news() == []


async def test_a_duty_that_begins_tomorrow_is_told_tomorrow(house: House) -> None:
    ticket = await report(house, "officer05", **ELSEWHERE)
    reader = await Follower(house, "officer02").follow_all()
    tomorrow = duties(ticket["grid"]["code"][:12])
    tomorrow[0]["from_on"] = "2026-11-24"
    await changed(house, "officer02", grids=tomorrow)
    await reader.follow_all()
    assert reader.held == {}
    house.clock.turn(days=1)
    await reader.follow_all()
    assert reader.held.keys() == {ticket["id"]}


async def test_a_photo_that_comes_late_is_told_although_no_step_was_taken(house: House) -> None:
    late = str(uuid4()), str(uuid4())
    ticket = await report(house, photos=late)
    reader = await Follower(house, FINDER).follow_all()
    reader.news()
    await photo(house, FINDER, "before", photo_id=late[0])
    await reader.follow_all()
    assert reader.news() == [(ticket["id"], ticket["version"])]
    assert [one["id"] for one in reader.held[ticket["id"]]["photos"]] == [late[0]]


async def test_a_person_who_is_renamed_has_the_new_name_in_everybodys_tickets(house: House) -> None:
    ticket = await report(house)
    reader = await Follower(house, "supervisor").follow_all()
    await changed(house, FINDER, name="新名字")
    await reader.follow_all()
    assert reader.held[ticket["id"]]["reporter"]["name"] == "新名字"


async def test_a_change_of_the_catalogue_is_told_once_with_its_version(house: House) -> None:
    reader = await Follower(house, FINDER, limit=1).follow_all()
    assert reader.catalogs == []
    await execute(house, "UPDATE units SET phone = '010-1' WHERE code = 'water'")
    await reader.follow_all()
    await reader.follow_all()
    assert reader.catalogs == [(await rules_of(house.database)).version]


async def test_who_moves_to_another_unit_begins_anew(house: House) -> None:
    ticket = await report(house)
    reader = await Follower(house, "member-cityscape").follow_all()
    assert reader.held.keys() == {ticket["id"]}
    await changed(house, "member-cityscape", unit="water")
    answer = await asked(house, "member-cityscape", reader.since)
    assert (answer["status"], answer["code"], answer["why"]) == (410, "resync_needed", "scope")
    assert (await reader.follow_all()).held == {}
    assert reader.restarts == 1


async def test_what_ended_long_ago_is_not_told_to_who_begins(house: House) -> None:
    old = await report(house)
    await execute(house, "UPDATE tickets SET state = 'voided' WHERE id = :id", id=old["id"])
    assert (await fresh(house, "supervisor")).keys() == {old["id"]}
    house.clock.turn(days=31)
    assert await fresh(house, "supervisor") == {}


async def test_a_cursor_that_is_too_old_is_refused_and_one_that_was_used_lately_is_not(house: House) -> None:
    ticket = await report(house)
    away = await Follower(house, FINDER).follow_all()
    here = await Follower(house, FINDER).follow_all()
    house.clock.turn(days=20)
    await here.follow_all()
    house.clock.turn(days=20)
    assert (await asked(house, FINDER, away.since))["why"] == "too_old"
    await here.follow_all()
    assert here.restarts == 0
    await away.follow_all()
    assert away.restarts == 1
    assert away.held.keys() == here.held.keys() == {ticket["id"]}


async def test_a_policy_says_how_long_one_may_stay_away(house: House) -> None:
    reader = await Follower(house, FINDER).follow_all()
    await execute(house, "INSERT INTO policies (key, value) VALUES ('feed_days', '2')")
    house.clock.turn(days=3)
    assert (await asked(house, FINDER, reader.since))["feed_days"] == 2


RESTORED = {
    "its last step is gone": "DELETE FROM ticket_events WHERE id = (SELECT max(id) FROM ticket_events)",
    "its last step is another": "UPDATE ticket_events SET at = at + interval '1 second'",
    "its transactions are others": "UPDATE ticket_events SET xid = (xid::text::bigint - 1)::text::xid8",
    "somebody said so": "UPDATE installation SET epoch = gen_random_uuid()",
}


@pytest.mark.parametrize("how", RESTORED)
async def test_a_database_that_was_restored_is_noticed(house: House, how: str) -> None:
    await report(house)
    reader = await Follower(house, FINDER).follow_all()
    await execute(house, "ALTER TABLE ticket_events DISABLE TRIGGER ticket_events_are_final")
    await execute(house, RESTORED[how])
    answer = await asked(house, FINDER, reader.since)
    assert (answer["status"], answer["code"], answer["why"]) == (410, "resync_needed", "restored")
    await reader.follow_all()
    assert {one: lasting(body) for one, body in reader.held.items()} == {
        one: lasting(body) for one, body in (await fresh(house, FINDER)).items()
    }


async def test_a_cursor_outlives_the_process_that_made_it(house: House) -> None:
    await report(house)
    reader = await Follower(house, FINDER).follow_all()
    key = house.wiring.settings.token_key.get_secret_value()
    found = house.wiring.cursors.read(reader.since, (await _person_of(house, FINDER)), "/query/since")
    assert found is not None
    assert FeedCursors(key).write(found) == reader.since


async def _person_of(house: House, username: str) -> Any:  # noqa: ANN401  an id
    async with house.database.read() as session:
        row = await session.execute(text("SELECT id FROM people WHERE username = :name"), {"name": username})
        return row.scalar_one()


async def test_cursors_of_others_and_garbage_are_refused_at_their_place(house: House) -> None:
    reader = await Follower(house, FINDER).follow_all()
    assert reader.since is not None
    key = "another city's key, which is long enough"
    ours = house.wiring.cursors.read(reader.since, await _person_of(house, FINDER), "/query/since")
    assert ours is not None
    wrong = [
        (await Follower(house, "officer02").follow_all()).since or "",
        FeedCursors(key).write(ours),
        reader.since[:-8],
        reader.since.swapcase(),
        "x",
        "",
        "A" * 4000,
        "é",
    ]
    caller = await house.caller(FINDER)
    for since in wrong:
        for answer, pointer in (
            (await caller.get("/v1/changes", params={"since": since}), "/query/since"),
            (await caller.get("/v1/events", params={"since": since}), "/query/since"),
        ):
            assert answer.status_code == 422, since
            problem = answer.json()
            assert (problem["code"], problem["errors"][0]["pointer"]) == ("cursor_wrong", pointer)
    answer = await caller.get("/v1/events", headers={"Last-Event-ID": "x"})
    assert answer.json()["errors"][0]["pointer"] == "/header/last-event-id"
    answer = await caller.get("/v1/changes", params={"since": "A" * 9000})
    assert answer.status_code == 422


@pytest.mark.parametrize("limit", [0, 201, -1])
async def test_a_page_has_one_item_to_two_hundred(house: House, limit: int) -> None:
    answer = await (await house.caller(FINDER)).get("/v1/changes", params={"limit": limit})
    assert answer.status_code == 422


async def test_a_page_of_two_hundred_asks_as_often_as_a_page_of_one(house: House) -> None:
    officer = await house.caller(FINDER)
    for _ in range(200):
        await officer.put(f"/v1/reports/{uuid4()}", json=stall(house))
    await settled(house.database)
    supervisor = await house.caller("supervisor")
    before = await asked(house, "supervisor", limit=1)
    with counted(house) as for_one:
        one = await supervisor.get("/v1/changes", params={"limit": 1, "since": before["next"]})
    with counted(house) as for_all:
        all_of_them = await supervisor.get("/v1/changes", params={"limit": 200, "since": before["next"]})
    assert (len(one.json()["items"]), len(all_of_them.json()["items"])) == (1, 199)
    # Who asks, what the page stands on, the walk and what came after; tickets, clocks, photos, requests and photos
    # to come.
    assert len(for_one) == 8, told(for_one)
    assert len(for_all) == 9, told(for_all)
    done = all_of_them.json()
    assert done["complete"]
    with counted(house) as for_nothing:
        await supervisor.get("/v1/changes", params={"since": done["next"]})
    assert len(for_nothing) == 3, told(for_nothing)


async def test_a_window_full_of_others_business_is_passed_page_by_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.queries.feed.SCANNED", 4)
    reader = await Follower(house, "member-water").follow_all()
    for _ in range(5):
        await report(house)
    ticket = await report(house, **COVER)
    await reader.follow_all()
    assert reader.held.keys() == {ticket["id"]}
    assert reader.pages > 3
    assert not await sees(house, "member-market", ticket)
