"""Tests of parts against real servers."""
