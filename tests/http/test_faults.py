"""What nobody foresaw is still a problem with a code, and the log knows which."""

import httpx
import pytest
from fastapi import FastAPI

from tests.conftest import House


def broken(app: FastAPI) -> None:
    """Give the app an operation that fails as no operation should."""

    async def fail() -> None:
        raise RuntimeError("the inside of the machine")

    app.add_api_route("/broken", fail, include_in_schema=False)


@pytest.mark.parametrize("is_debug", [False, True])
async def test_a_fault_of_ours_is_a_problem_that_names_the_incident(
    house: House, caplog: pytest.LogCaptureFixture, *, is_debug: bool
) -> None:
    broken(house.app)
    object.__setattr__(house.wiring, "settings", house.wiring.settings.model_copy(update={"debug": is_debug}))
    transport = httpx.ASGITransport(house.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gridpatrol.test") as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    problem = answer.json()
    assert problem["code"] == "internal"
    assert problem["incident"] in caplog.text
    assert ("the inside of the machine" in answer.text) is is_debug


async def test_a_browser_application_is_let_in_only_where_the_office_names_it(house: House) -> None:
    async with house.client() as client:
        answer = await client.get("/livez", headers={"Origin": "https://desk.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_trailing_slash_is_no_address_and_no_redirect_to_whatever_host_was_named(
    house: House,
) -> None:
    officer = await house.caller("officer01")
    answer = await officer.get("/v1/me/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
