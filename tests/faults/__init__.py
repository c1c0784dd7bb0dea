"""Tests that try to break what must not break: by concurrency, and by servers that fail."""
