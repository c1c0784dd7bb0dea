"""Concurrency and faults of the database."""
