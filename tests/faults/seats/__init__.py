"""Concurrency and faults of the seat store."""
