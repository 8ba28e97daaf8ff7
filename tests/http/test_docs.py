"""The interactive documentation works without the internet."""

import re
from html.parser import HTMLParser

import pytest
from pydantic import SecretStr

from api.app import create_app
from api.settings import Settings
from tests.conftest import House, TurnedClock


class Addresses(HTMLParser):
    """Collects what a page loads, and whether anything runs that is written in the page itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's address."""
        found = dict(attrs)
        if tag in {"script", "link", "img"}:
            self.loaded.append(found.get("src") or found.get("href") or "")
        if (
            (tag == "script" and "src" not in found)
            or tag == "style"
            or any(name[:2] == "on" for name in found)
        ):
            self.inline.append(tag)


async def test_everything_the_page_loads_is_ours_and_there(shared_house: House) -> None:
    async with shared_house.client() as anyone:
        page = await anyone.get("/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        addresses = Addresses(page.text)
        assert len(addresses.loaded) == 5
        for address in addresses.loaded:
            assert re.fullmatch(r"docs/assets/[\w.-]+\?v=[0-9a-f]+", address)
            answer = await anyone.get(f"/{address}")
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "public, max-age=31536000"


async def test_the_page_may_run_our_files_only_and_talk_to_us_only(shared_house: House) -> None:
    async with shared_house.client() as anyone:
        page = await anyone.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy
    assert Addresses(page.text).inline == []


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("oauth2-redirect.html", "text/html; charset=utf-8"),
        ("oauth2-redirect.js", "text/javascript; charset=utf-8"),
        ("favicon-32x32.png", "image/png"),
        ("page.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_files_have_their_media_types(shared_house: House, name: str, media_type: str) -> None:
    async with shared_house.client() as anyone:
        answer = await anyone.get(f"/docs/assets/{name}")
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize("name", ["nothing.js", "../docs/page.html", "..%2f..%2fsettings.py", "%00"])
async def test_nothing_else_is_served(shared_house: House, name: str) -> None:
    async with shared_house.client() as anyone:
        answer = await anyone.get(f"/docs/assets/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_demo_shows_accounts_that_can_sign_in(house: House) -> None:
    async with house.client() as anyone:
        page = (await anyone.get("/docs")).text
        names = re.findall(r'<button type="button" value="([\w-]+)"', page)
        assert len(names) == 6
        for name in names:
            form = {"grant_type": "password", "username": name, "password": "gridpatrol-demo"}
            assert (await anyone.post("/v1/auth/token", data=form)).status_code == 200


async def test_outside_the_demo_no_account_is_shown(settings: Settings) -> None:
    chosen = {"demo": False, "token_key": SecretStr("k7Qv-2Zr9-Lm4x-Tn8w-Bc5y-Hd1p-Gs6j-Fa3u")}
    house = House(create_app(settings.model_copy(update=chosen)), TurnedClock())
    async with house.client() as anyone:
        page = (await anyone.get("/docs")).text
    assert "gridpatrol-demo" not in page
    assert "officer01" not in page
    assert "swagger-ui" in page
    await house.database.close()


async def test_the_authorize_box_asks_our_own_token_address(shared_house: House) -> None:
    async with shared_house.client() as anyone:
        description = (await anyone.get("/openapi.json")).json()
    scheme = description["components"]["securitySchemes"]["OAuth2PasswordBearer"]
    assert scheme["flows"]["password"]["tokenUrl"] == "/v1/auth/token"
    assert not [path for path in description["paths"] if path.startswith("/docs")]
