"""Rows as a sheet has them."""

from api.domain.sheets import Row


def sheet_rows(*rows: tuple[str, ...]) -> list[Row]:
    """Return rows with lines from 1."""
    return [Row(line, cells) for line, cells in enumerate(rows, 1)]
