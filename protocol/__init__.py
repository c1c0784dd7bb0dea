"""The wire contract of CineBook Live as code; it imports nothing from the server."""
