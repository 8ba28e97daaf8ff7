"""Interactive documentation that needs no internet: Swagger UI from our own files, with the demo's accounts."""

import hashlib
from collections.abc import Iterable
from html import escape
from os import PathLike, stat_result
from pathlib import Path
from string import Template
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from api.deps import Wiring
from api.settings import DEMO_PASSWORD

_DATA = Path(__file__).resolve().parent.parent / "data"

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # Swagger UI writes style attributes into its markup
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_POLICY = "; ".join(f"{what} {whence}" for what, whence in _SOURCES.items())
"""The page runs our own scripts only, and talks to nobody but us."""

_ACCOUNTS = (
    ("officer01", "网格员", "officer"),
    ("dispatcher", "派遣员", "dispatcher"),
    ("member-cityscape", "市容经办人", "unit member"),
    ("lead-cityscape", "市容负责人", "unit lead"),
    ("supervisor", "督查员", "supervisor"),
    ("admin", "管理员", "administrator"),
)
"""One account of each role: the demo has more of the same kinds."""


class _Assets(StaticFiles):
    """Files whose addresses carry their version, so that they may be kept for good."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Any,  # noqa: ANN401  Starlette's own type for it
        status_code: int = 200,
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        kept_s = 365 * 86_400 if b"v=" in scope["query_string"] else 3_600
        answer.headers["Cache-Control"] = f"public, max-age={kept_s}"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def install(app: FastAPI) -> None:
    """Serve the page at /docs and its files below it; neither is part of the described interface."""
    assets = _Assets(packages=[("api", "data/swagger"), ("api", "data/docs")])
    version = _version_of(Path(directory) for directory in assets.all_directories)
    app.router.routes.append(Mount("/docs/assets", assets, name="docs_assets"))

    async def show(request: Request) -> Response:
        wiring: Wiring = request.app.state.wiring
        page = _page(version, is_demo=wiring.settings.demo)
        headers = {
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
        }
        return HTMLResponse(page, headers=headers)

    app.router.routes.append(Route("/docs", show, name="docs"))


def _page(version: str, *, is_demo: bool) -> str:
    page = Template((_DATA / "docs" / "page.html").read_text(encoding="utf-8"))
    return page.substitute(
        version=version, is_demo="true" if is_demo else "false", panel=_panel() if is_demo else ""
    )


def _panel() -> str:
    panel = Template((_DATA / "docs" / "panel.html").read_text(encoding="utf-8"))
    accounts = "\n".join(
        f'<li><button type="button" value="{escape(name)}" aria-pressed="false">{escape(name)} '
        f'<span class="role">{escape(zh)} {escape(en)}</span></button></li>'
        for name, zh, en in _ACCOUNTS
    )
    return panel.substitute(password=escape(DEMO_PASSWORD), accounts=accounts)


def _version_of(folders: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.iterdir()):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
