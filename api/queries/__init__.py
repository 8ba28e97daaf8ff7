"""Questions to the database: one function, one question."""
