#!/usr/bin/env python3
"""Write the pages of `docs/` that are printed from the code: `.venv/bin/python bin/write_docs.py`."""

from pathlib import Path

from api.domain.diagram import lifecycle_page

DOCS = Path(__file__).resolve().parent.parent / "docs"

(DOCS / "lifecycle.md").write_text(lifecycle_page(), encoding="utf-8")
