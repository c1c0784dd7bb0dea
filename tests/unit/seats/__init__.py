"""Tests of the parts of the seat store that need no server."""
