"""From a report to a ticket, as the phone sees it."""

from typing import Any
from uuid import uuid4

from tests.conftest import House


def stall(**changes: object) -> dict[str, Any]:
    """Return the body of the example report of the interface: a fruit stall on the pavement."""
    body: dict[str, Any] = {
        "category": "E0406",
        "condition": 1,
        "description": "水果摊占用人行道",
        "observed_at": "2026-11-23T09:28:00+08:00",
        "place": {"longitude": 116.41024, "latitude": 39.91640, "crs": "gcj02", "accuracy_m": 8.5},
    }
    return {**body, **changes}


async def test_an_officers_report_becomes_a_ticket_with_a_unit_and_a_due_time(house: House) -> None:
    officer = await house.caller("officer01")
    answer = await officer.put(f"/v1/reports/{uuid4()}", json=stall())
    assert answer.status_code == 201, answer.text
    ticket = answer.json()["ticket"]
    assert ticket["state"] == "assigned"
    assert ticket["unit"]["code"] == "cityscape"
    assert ticket["due_at"] == "2026-11-23T03:30:00Z"
    assert ticket["light"] == "green"
    assert ticket["grid"]["code"].startswith("990101001")
    assert "2" in ticket["deadline"]["explanation"]
    assert ticket["dispatch"]["explanation"]


async def test_the_same_report_again_is_the_same_ticket(house: House) -> None:
    officer = await house.caller("officer01")
    report_id = uuid4()
    first = await officer.put(f"/v1/reports/{report_id}", json=stall())
    again = await officer.put(f"/v1/reports/{report_id}", json=stall())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


async def test_another_report_with_the_same_id_is_refused(house: House) -> None:
    officer = await house.caller("officer01")
    report_id = uuid4()
    await officer.put(f"/v1/reports/{report_id}", json=stall())
    other = await officer.put(f"/v1/reports/{report_id}", json=stall(description="西瓜摊"))
    assert other.status_code == 409
    assert other.json()["code"] == "id_taken"
