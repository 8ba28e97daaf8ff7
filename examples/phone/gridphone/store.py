"""The phone's one file: everything that it must not forget, in SQLite.

A phone is switched off, runs empty, and its app is killed at any instant. So whatever has to be remembered is written
before anything is done with it, and what belongs together is written in one transaction.
"""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS items (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they were made, and are sent
  id TEXT NOT NULL UNIQUE,                   -- made here once; the server knows the item again by it
  kind TEXT NOT NULL,
  ticket TEXT,                               -- the ticket that it is about; a report's has the report's id
  after TEXT,                                -- the item that a step was made on top of
  body TEXT NOT NULL,                        -- JSON, the same however often it is sent
  made_at TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'held',
  problem TEXT,                              -- why it was refused, or has to be tried again
  told_at TEXT,                              -- when the server confirmed it
  version INTEGER,                           -- the ticket's, as the confirmation told it
  tries INTEGER NOT NULL DEFAULT 0,
  try_after REAL NOT NULL DEFAULT 0,         -- seconds since 1970; not to be sent before
  is_announced INTEGER NOT NULL DEFAULT 0,   -- photos: the server knows that it will come
  upload TEXT                                -- photos: where its bytes go, once that is known
);
CREATE INDEX IF NOT EXISTS items_of_ticket ON items (ticket);
CREATE INDEX IF NOT EXISTS items_under_way ON items (number) WHERE state IN ('held', 'sent', 'waiting');
CREATE TABLE IF NOT EXISTS shifts (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,                       -- running, paused, ended
  runs_as TEXT                               -- the office's shift for it, once that is known
);
CREATE TABLE IF NOT EXISTS points (
  shift TEXT NOT NULL REFERENCES shifts (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,                    -- since 1970
  body TEXT NOT NULL,
  PRIMARY KEY (shift, at_ms)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mirrors (
  number INTEGER PRIMARY KEY,
  cursor TEXT,
  is_whole INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS mirror_tickets (
  mirror INTEGER NOT NULL REFERENCES mirrors ON DELETE CASCADE,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (mirror, id)
) WITHOUT ROWID;
"""


class Store:
    """The open file. For one thread; a transaction is never held over an `await`."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # With these two a commit is on the disk when it returns, and a killed app leaves no half transaction.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Do all writing of the block or none of it; a block inside another one belongs to the outer one."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def rows(self, statement: str, *values: object) -> Iterator[sqlite3.Row]:
        """Yield what a query finds."""
        return self._db.execute(statement, values)

    def row(self, statement: str, *values: object) -> sqlite3.Row | None:
        """Return the first row that a query finds."""
        return self._db.execute(statement, values).fetchone()

    def write(self, statement: str, *values: object) -> int:
        """Change something; return how many rows that met."""
        return self._db.execute(statement, values).rowcount

    def fact(self, name: str) -> str | None:
        """Return something that was noted under a name."""
        row = self.row("SELECT value FROM facts WHERE name = ?", name)
        return row["value"] if row else None

    def note(self, **facts: str | None) -> None:
        """Note things under their names, all at once; None forgets."""
        with self.transaction():
            for name, value in facts.items():
                if value is None:
                    self.write("DELETE FROM facts WHERE name = ?", name)
                else:
                    self.write("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", name, value)
