"""Tests of the house itself: its import directions, packaging, lock, settings and make targets."""
