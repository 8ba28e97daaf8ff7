"""What changes data: load, decide, store."""
