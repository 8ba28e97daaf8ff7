"""The world outside: files, pictures, tokens, a private PostgreSQL."""
