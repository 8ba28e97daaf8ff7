"""The wire: what is read, what is sent."""
